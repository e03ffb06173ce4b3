"""The verdict on one program of a class: the judge's own, without pytest."""

from lab import checks, judge, progress, see
from lab.attempt import Here
from lab.grade import xrays
from lab.grade.told import HANDED_IN
from lab.host import Host, LabError
from lab.sheet import Sheet

JOBS = 2  # on each processor: a trial often waits
BUDGET = 90.0  # seconds for the verdict on one program


def probe(step: int) -> None:
    """Find out whether a program for a step can be judged here; LabError says why not."""
    with Host() as host:
        if host.no_groups and step >= 4:
            raise LabError(f"no control groups: {host.no_groups}")


def jobs(programs) -> list:
    """Return what is to be judged at once of a person: each program for itself."""
    return [programs._replace(programs={step: text}) for step, text in programs.programs.items()]


def budget(_) -> float:
    """Return how many seconds a job may take."""
    return BUDGET


def judged(job, folder: str) -> dict:
    """Judge the programs of a job; return the results by step, as a text for JSON."""
    return {str(step): of(program, step, folder) for step, program in job.programs.items()}


def accepted(told: dict, step: int) -> list:
    """Return what was told of a step's program."""
    return told[str(step)]


def of(program: bytes, step: int, folder: str) -> list:
    """Judge a program by the checks of 1 to `step`; return a result for each, in order.

    The program is put into `folder`.  The results are not signed.
    """
    path = f"{folder}/container.py"
    with open(path, "wb") as file:
        file.write(program)
    with Here(path, step) as attempt:
        sheet = Sheet(attempt.facts)
        for number in range(1, step + 1):
            for check in checks.of_step(number):
                sheet.add(check, number, lambda check=check: _raised(check, attempt))
    seen = see.add_lines(sheet.results, path, step)
    xrays.add(sheet.results, path, step, seen)
    return sheet.results


def missing(step: int, learner: str) -> list:
    """Return what is told of a program that was not handed in: one result, as of one `lost`."""
    absent = b"nothing was handed in"  # it has a hash too, by which it is known
    return lost(absent, step, learner, absent.decode(), name=HANDED_IN)


def lost(program, step, learner, why, verdict="fail", name="is_judged") -> list:
    """Return what is told of a program that was not judged: one result, and why.

    It stands for all checks of the step, and has their points to lose.
    """
    result = {
        "step": step,
        "check": f"{step:02}.0",
        "name": name,
        "title": f"the program {name.replace('_', ' ')}",
        "verdict": verdict,
        "expected": "a program that can be judged, in its time",
        "observed": why,
        "cause": None,
        "evidence": [],
        "see": None,
        "hints_available": 0,
        "depends_on": [],
        "points": 0,
        "max_points": len(checks.of_step(step)),
        "ms": 0.0,
    }
    return signed([result], program, step, learner)


def signed(results: list, program: bytes, step: int, learner: str) -> list:
    """Return results with whose they are, and of the program of which step."""
    lines = judge.signed(results, progress.digest(program), learner)
    return [{**line, "of_step": step} for line in lines]


def _raised(check, attempt):
    """Run one check; return what it raised, or None."""
    try:
        check(attempt.result())
    except Exception as error:
        return error
    return None

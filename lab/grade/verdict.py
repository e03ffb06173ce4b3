"""The verdict on one program of a class: the judge's own, without pytest."""

import tempfile

from lab import checks, judge, progress, see
from lab.attempt import Attempt
from lab.sheet import Sheet


def of(program: bytes, step: int, learner: str) -> list:
    """Judge a program by the checks of 1 to `step`; return a result for each, in order."""
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        path = f"{folder}/container.py"
        with open(path, "wb") as file:
            file.write(program)
        sheet = _checked(path, step)
        see.add_lines(sheet.results, path, step)
    return _signed(sheet.results, program, step, learner)


def lost(program: bytes, step: int, learner: str, why: str) -> list:
    """Return what is told of a program on which there is no verdict: one result, and why.

    It stands for all checks of the step, and has their points to lose.
    """
    result = {
        "step": step,
        "check": f"{step:02}.0",
        "name": "is_judged",
        "title": "the program can be judged",
        "verdict": "fail",
        "expected": "a program that is judged in its time",
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
    return _signed([result], program, step, learner)


def _signed(results, program, step, learner):
    """Return results with whose they are, and of the program of which step."""
    signed = judge.signed(results, progress.digest(program), learner)
    return [{**result, "of_step": step} for result in signed]


def _checked(path, step):
    """Run the checks of 1 to `step` on a program; return their sheet."""
    with Attempt(path, step) as attempt:
        sheet = Sheet(attempt.facts)
        for number in range(1, step + 1):
            for check in checks.of_step(number):
                sheet.add(check, number, lambda check=check: _raised(check, attempt))
    return sheet


def _raised(check, attempt):
    """Run one check; return what it raised, or None."""
    try:
        check(attempt.result())
    except Exception as error:
        return error
    return None

"""The verdicts on one person's programs from a virtual machine of their own: ISOLATE=vm.

What comes back may have been written by a program that has taken the machine.  So each line is
made anew from what a check can say; a program can lie about itself, and about nothing else.
"""

import contextlib
import json
import os
import sys

from lab import checks, jail, judge, mistakes, vm
from lab.grade import verdict, work, xrays
from lab.host import LabError
from lab.sheet import Sheet
from lab.verdict import MARKS

JOBS = 1  # on each processor
MEMORY = 1600 << 20  # bytes for the machine, with all that it writes
PATIENCE = 60.0  # seconds to boot
BUDGET = 300.0  # seconds for the verdict on one program
ANSWER = "answer"
LARGEST = 4 << 20  # bytes of an answer
LONGEST = 10_000  # characters of a text in it


def probe(_) -> None:
    """Find out whether there can be machines here; Missing or LabError says why not."""
    vm.find_kernel()
    if os.geteuid():
        raise LabError("a machine for each submission is made by root")


def jobs(programs) -> list:
    """Return what is to be judged at once of a person: all of it."""
    return [programs] if programs.programs else []


def budget(count: int) -> float:
    """Return how many seconds a machine that judges some programs may take."""
    return PATIENCE + count * BUDGET


def judged(job, folder: str) -> dict:
    """Judge submissions.Programs in a machine of their own, made in an empty folder.

    Returns what it has said by step, to be `accepted`.  This process is nobody afterwards.
    """
    jail.enter(folder, MEMORY)
    shared = "/tmp/shared"
    os.mkdir(shared)
    return boot(job, shared, BUDGET)


def boot(job, shared: str, each: float) -> dict:
    """Judge submissions.Programs in a machine that sees a folder, each within some seconds.

    Returns what it has said by step, to be `accepted`.  This process has no terminal afterwards.
    """
    for step, program in job.programs.items():
        with open(f"{shared}/{step}", "wb") as file:
            file.write(program)
    for fd in range(3):  # no terminal of ours is its console
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    try:
        command = [sys.executable, "-IBm", "lab.grade.machine", str(each)]
        vm.run(command, folder=shared, patience=PATIENCE + each * len(job.programs))
        why = "the virtual machine said nothing"
    except RuntimeError as error:
        why = str(error)
    return {**{str(step): {"lost": why} for step in job.programs}, **_answers(shared)}


def _answers(shared):
    """Return what the machine has written by step; a line that was cut short is none."""
    answers = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        with open(f"{shared}/{ANSWER}") as file:
            for line in file.read(LARGEST).splitlines():
                told = json.loads(line)
                answers[str(told["step"])] = told
    return answers


def main(each):
    """In the machine: judge each program, and write a line of what came of it."""
    steps = sorted(name for name in os.listdir(vm.SHARED) if name.isdigit())

    def do(step, folder):
        with open(f"{vm.SHARED}/{step}", "rb") as file:
            return {"results": verdict.of(file.read(), int(step), folder)}

    def take(step, told):
        if isinstance(told, work.Lost):
            told = {"late" if isinstance(told, work.Late) else "lost": str(told)}
        with open(f"{vm.SHARED}/{ANSWER}", "a") as file:
            line = {"step": step, "env": judge.environment(), **told}
            print(json.dumps(line), file=file)

    work.run(steps, 1, do, take, each)


def accepted(told: dict, step: int) -> list:
    """Return the results on a step's program that a machine told, each made anew.

    Lost if it told none.
    """
    said = told[str(step)]
    try:
        for kind, error in (("late", work.Late), ("lost", work.Lost)):
            if kind in said:
                raise error(_text(said[kind]))
        env = {key: type(own)(said["env"][key]) for key, own in judge.environment().items()}
        pairs = zip(_all_pass(step), said["results"], strict=True)
        return [{**result, **_said(line), "env": env} for result, line in pairs]
    except (KeyError, TypeError, ValueError):
        raise work.Lost("the virtual machine said what is no verdict") from None


def _all_pass(step):
    """Return the results of a program of a step that passes each check."""
    sheet = Sheet(lambda: None)
    for number in range(1, step + 1):
        for check in checks.of_step(number):
            sheet.add(check, number, lambda: None)
    return sheet.results


def _said(line):
    """Return what a line says of its check, if it can be said."""
    if line["verdict"] not in MARKS or line["cause"] not in (None, *mistakes.read()):
        raise ValueError("no verdict, or no cause")
    texts = {key: line[key] and _text(line[key]) for key in ("expected", "observed", "see")}
    return {
        **texts,
        "verdict": line["verdict"],
        "cause": line["cause"],
        "evidence": [_text(piece) for piece in line["evidence"]],
        "points": int(line["verdict"] == "pass"),
        "ms": float(line["ms"]),
        **xrays.accepted(line),
    }


def _text(value):
    """Return a text that is one, and not too long."""
    return str(value)[:LONGEST]


if __name__ == "__main__":
    main(float(sys.argv[1]))

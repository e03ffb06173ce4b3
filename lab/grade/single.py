"""One submission judged where an autograder runs: by `lab grade`, in the first way that works.

Whatever happens, there is a result for each check, or one that stands for all of a step.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from lab import ROOT, checks
from lab.commands import CANNOT, NO_LAB_HOST
from lab.grade import store, told, verdict
from lab.sheet import Sheet
from lab.verdict import CannotCheck

WAYS = ("lab", "alone")  # what ISOLATE says
BUDGET = 490  # seconds for each way; more than its programs may take together
NAME = "submission"
WAY_OUT = "make check-step on a machine of one's own; the teacher may judge with make grade"


def judged(path: str, steps: range, budget: int = BUDGET) -> list:
    """Return the results on a submission, a folder, for some steps."""
    reasons = []
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            status, why = _grade(os.path.abspath(path), steps, way, folder, budget)
            if status != CANNOT:
                return _with_rest(_found(f"{folder}/results"), steps, why)
            reasons.append(why)
    return nowhere(steps, "; ".join(reasons))


def _grade(path, steps, way, folder, budget):
    """Run the command; return its status, and why it ended with that."""
    with open(f"{folder}/people", "w") as people:
        people.write(f"{NAME} {path}\n")
    words = [f"{folder}/people", f"{folder}/results", "1", f"{steps[0]}-{steps[-1]}", way]
    # As root's child: what root has started only root can end.
    limit = ["timeout", "--signal=INT", "--kill-after=5", str(budget)]
    command = [*_as_root(), *limit, sys.executable, "-IBm", "lab", "grade", *words]
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace")
    print(done.stderr, file=sys.stderr)  # the teacher can read it
    if done.returncode == CANNOT:
        return CANNOT, (done.stderr.splitlines() or ["no word"])[0].removeprefix(NO_LAB_HOST)
    return done.returncode, f"the judge ended with status {done.returncode}"


def _as_root():
    """Return the words by which root does something, if nobody has to be asked."""
    may = os.geteuid() and shutil.which("sudo")
    if may and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return []


def _found(folder):
    """Return the results that were kept."""
    people = dict(store.Store(folder).people()) if os.path.exists(f"{folder}/{store.NAME}") else {}
    return people.get(NAME, [])


def _with_rest(results, steps, why):
    """Return results, and what there is to say of the steps of which there are none."""
    there = {told.of_step(result) for result in results}
    return results + without_verdict([step for step in steps if step not in there], why)


def without_verdict(steps, why: str) -> list:
    """Return what is told of steps whose judge has failed."""
    untold = [verdict.lost(b"", step, NAME, why, "checker_error") for step in steps]
    return [result for results in untold for result in results]


def nowhere(steps, why: str) -> list:
    """Return what is told where no check can be made: each of them, and why."""
    results = []
    for step in steps:
        sheet = Sheet(lambda: None)
        for check in checks.of_step(step):
            sheet.add(check, step, lambda: CannotCheck(why, WAY_OUT))
        results += verdict.signed(sheet.results, b"", step, NAME)
    return results

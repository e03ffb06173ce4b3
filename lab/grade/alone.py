"""The verdicts on one submission from a virtual machine without a jail: ISOLATE=alone.

For an autograder, whose container is made for one submission and thrown away with it.  There is
nobody's work to be read, and root of such a container may not make the view that lab.jail makes.
The machine runs as nobody, so it cannot write where the results go.
"""

import os

from lab import jail, vm
from lab.grade import machine, work

JOBS = 1  # in all: the machine's memory is a container's
TOGETHER = 400.0  # seconds for all programs; Gradescope ends everything after 600
accepted, jobs = machine.accepted, machine.jobs


def probe(_) -> None:
    """Find out whether a machine boots here; Missing says why not."""
    vm.find_kernel()
    told = []
    work.run(["boot"], 1, _boots, lambda job, answer: told.append(answer), machine.PATIENCE)
    if told != [0]:
        raise vm.Missing(f"the virtual machine does not boot: {told[0]}")


def budget(_) -> float:
    """Return how many seconds a machine that judges some programs may take."""
    return machine.PATIENCE + TOGETHER + 10


def judged(job, folder: str) -> dict:
    """Judge submissions.Programs in a machine of their own that sees an empty folder.

    Returns what it has said by step, to be `accepted`.  This process is nobody afterwards.
    """
    _give_up_root(folder)
    return machine.boot(job, folder, TOGETHER / len(job.programs))


def _boots(_, folder):
    """Boot a machine that does nothing; return its status, or why there is none."""
    _give_up_root(folder)
    try:
        return vm.run(["/bin/true"], folder=folder)
    except RuntimeError as error:
        return str(error)


def _give_up_root(folder):
    """Be nobody, who owns the folder; no process of ours lives longer than our parent."""
    if os.geteuid() == 0:
        os.chown(folder, jail.NOBODY, jail.NOBODY)
        jail.become_nobody()

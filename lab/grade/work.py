"""Many jobs at once, each in a process of its own, each within a budget.

What a program does to its process is its own affair: it hangs, and is killed; it kills the
judge, and only its own verdict is missing.
"""

import json
import os
import select
import signal
import tempfile
import time

from lab import confine


class Lost(Exception):
    """There is no answer; str() says why."""


class Late(Lost):
    """There is no answer because the time was up."""


def run(jobs, at_once: int, do, take, budget: float) -> None:
    """Do jobs, some at once, each within `budget` seconds.

    `do` is called with a job and an empty folder, in a process of its own, and returns what
    JSON can tell; `take` is called here with the job and that, or Lost.  `jobs` is read one by
    one, so that any number needs the same memory.  KeyboardInterrupt ends what is under way.
    """
    jobs, running = iter(jobs), {}
    confine.adopt()
    try:
        while True:
            while len(running) < at_once and (job := next(jobs, None)) is not None:
                worker = _Worker(job, do, budget)
                running[worker.answer] = worker
            if not running:
                return
            for worker in _ready(running):
                del running[worker.answer]
                take(worker.job, worker.finish())
    finally:
        for worker in running.values():
            worker.finish()


def _ready(running):
    """Return the workers that have answered, or whose time is up; waits for the first."""
    soonest = min(worker.deadline for worker in running.values())
    ready = select.select(list(running), [], [], max(0, soonest - time.monotonic()))[0]
    now = time.monotonic()
    return [w for fd, w in running.items() if fd in ready or w.deadline <= now]


class _Worker:
    """A process that does one job; `answer` can be read when it is done."""

    def __init__(self, job, do, budget):
        self.job, self.deadline, self._budget = job, time.monotonic() + budget, budget
        self._folder = tempfile.TemporaryDirectory(prefix="grade-")
        self.answer, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _tell(theirs, do, job, self._folder.name)
        os.close(theirs)

    def finish(self):
        """End the process, and return what it has told, or Lost."""
        late = not select.select([self.answer], [], [], 0)[0]
        told = b""
        if not late:
            with open(self.answer, "rb", closefd=False) as answer:
                told = answer.read()
        os.close(self.answer)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._folder.cleanup()
        if late:
            return Late(f"no verdict within {self._budget:.0f} seconds")
        return json.loads(told) if told else Lost("the checker ended without a word")


def _tell(pipe, do, job, folder):
    """In the child: do the job, and write what came of it to a pipe."""
    try:
        confine.die_with_parent()
        os.setsid()  # Ctrl-C is for the parent, who ends us
        told = json.dumps(do(job, folder)).encode()
        with open(pipe, "wb") as answer:
            answer.write(told)
    finally:
        os._exit(0)

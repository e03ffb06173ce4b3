"""Many programs judged at once, each in a process of its own, each within a budget.

What a program does to its process is its own affair: it hangs, and is killed; it kills the
judge, and only its own verdict is missing.
"""

import json
import os
import select
import signal
import time
from typing import NamedTuple

from lab import confine
from lab.grade import verdict

BUDGET = 90.0  # seconds for the verdict on one program


class Job(NamedTuple):
    """One program to be judged."""

    learner: str
    step: int
    program: bytes


class Lost(Exception):
    """There is no verdict; str() says why."""


def run(jobs, at_once: int, take, budget: float = BUDGET) -> None:
    """Judge programs, some at once; `take` is called with each job and its results, or Lost.

    `jobs` is read one by one, so that a class of any size needs the same memory.
    KeyboardInterrupt ends those that are under way.
    """
    jobs, running = iter(jobs), {}
    confine.adopt()
    try:
        while True:
            while len(running) < at_once and (job := next(jobs, None)):
                worker = _Worker(job, budget)
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
    """A process that judges one program; `answer` can be read when it is done."""

    def __init__(self, job, budget):
        self.job, self.deadline, self._budget = job, time.monotonic() + budget, budget
        self.answer, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _tell(theirs, job)
        os.close(theirs)

    def finish(self):
        """End the process, and return the results that it has told, or Lost."""
        late = not select.select([self.answer], [], [], 0)[0]
        told = b""
        if not late:
            with open(self.answer, "rb", closefd=False) as answer:
                told = answer.read()
        os.close(self.answer)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        if late:
            return Lost(f"no verdict within {self._budget:.0f} seconds")
        return json.loads(told) if told else Lost("the checker ended without a word")


def _tell(pipe, job):
    """In the child: judge, and write what came of it to a pipe."""
    try:
        confine.die_with_parent()
        os.setsid()  # Ctrl-C is for the parent, who ends us
        told = json.dumps(verdict.of(job.program, job.step, job.learner)).encode()
        with open(pipe, "wb") as answer:
            answer.write(told)
    finally:
        os._exit(0)

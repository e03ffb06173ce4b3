"""Many jobs at once, each in a process of its own, each within a budget.

What a program does to its process is its own affair: it hangs, and is killed; it kills the
judge, and only its own verdict is missing.
"""

import json
import select
import tempfile
import time

from lab import confine
from lab.beside import Beside


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
    jobs, running = iter(jobs), []
    confine.adopt()
    try:
        while True:
            while len(running) < at_once and (job := next(jobs, None)) is not None:
                running.append(_Worker(job, do, budget))
            if not running:
                return
            for worker in _ready(running):
                running.remove(worker)
                take(worker.job, worker.finish())
    finally:
        for worker in running:
            worker.finish()


def _ready(running):
    """Return the workers that have answered, or whose time is up; waits for the first."""
    soonest = min(worker.deadline for worker in running)
    ready = select.select(running, [], [], max(0, soonest - time.monotonic()))[0]
    now = time.monotonic()
    return [worker for worker in running if worker in ready or worker.deadline <= now]


class _Worker(Beside):
    """A process that does one job."""

    def __init__(self, job, do, budget):
        self.job, self.deadline, self._budget = job, time.monotonic() + budget, budget
        self._folder = tempfile.TemporaryDirectory(prefix="grade-")
        super().__init__(lambda: json.dumps(do(job, self._folder.name)).encode())

    def finish(self):
        """End the process, and return what it has told, or Lost."""
        late = not self.is_done()
        told = b"" if late else self.read()
        self.end()
        self._folder.cleanup()
        if late:
            return Late(f"no verdict within {self._budget:.0f} seconds")
        try:
            return json.loads(told)
        except ValueError:  # it was killed, perhaps in the middle of a word
            return Lost("the checker ended without a word")

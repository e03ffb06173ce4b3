"""More time for a program that is only slow: on a busy machine it waits long for a processor.

One that sleeps when its time is up waits for something that does not come.  One that could run
and was not let run may be right: it gets more, from an amount for the whole trial.  A fork bomb
gets none: its processes wait for each other, and while each of them waits within fork(2), a move
of any process between control groups has to wait too, and with it every fork of the machine.
"""

import time

from lab.process import Process
from lab.view import or_none

AMOUNT = 10.0  # seconds for a trial; who judges it has several times that
SLICE = 1.0


class Lenience:
    """What is left of the time to be granted."""

    def __init__(self, seconds: float = AMOUNT, is_crowded=lambda: False):
        """Begin with an amount; `is_crowded` tells whether there is a fork bomb."""
        self._left, self._is_crowded = seconds, is_crowded

    def later(self, processes) -> "float | None":
        """Return a later deadline if one of some processes is only slow; None if time is up."""
        if self._left <= 0 or self._is_crowded() or not any(map(is_starved, processes)):
            return None
        self._left -= SLICE
        return time.monotonic() + SLICE


NONE = Lenience(0)


def is_starved(process: Process) -> bool:
    """Whether a process could go on, but waits for the kernel, or more often than it runs."""
    state = or_none(process.state)
    if state == "D":  # for a disk, or for others who mount
        return True
    ran, waited = or_none(process.times) or (1, 0)
    return state == "R" and waited >= ran

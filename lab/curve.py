"""The memory of a container while a program in it takes more and more: one look after the other.

The program is slowed down, so that there is something to see.  What is told, in this order:
{"limit": ...}, bytes or None; {"ms": ..., "bytes": ...} for each look; {"status": ...,
"kills": ...}, how the program ended and how often the OOM killer came.
"""

import time

from lab import cgroup
from lab.session import of_program
from lab.view import or_none

MEBIBYTE = 1 << 20
MOST = 96  # mebibytes that the program takes if nobody stops it; the lab host has more
EVERY = 0.02  # seconds between looks
PATIENCE = 60.0  # seconds for all of it
# tail(1) keeps what it reads until a line ends, and here none does: it holds all of it.
HOG = (
    f"{{ i=0; while [ $i -lt {MOST} ] && head -c {MEBIBYTE} /dev/zero; do i=$((i+1)); sleep 0.02;"
    " done; } 2>/dev/null | tail >/dev/null 2>&1; echo $?"
)


class NoContainerError(Exception):
    """The program under judgement started no container; str() is what it said instead."""


def follow(host, program: str, tell) -> None:
    """Run a program on a lab host, have a shell in its container use memory, and tell of it.

    NoContainerError if it runs no command; LabError if the lab host has no control groups.
    """
    session = of_program(host, program)
    if not session.view:
        session.give_up()
        raise NoContainerError(session.errors.strip().rpartition("\n")[2] or "nothing was started")
    try:
        _tell_all(session, session.view.groups["memory"], tell)
    finally:
        session.leave("")


def _tell_all(session, group, tell):
    """Tell of one group: its limit, what it uses while the hog runs, and how that ends."""
    tell(limit=cgroup.limit(group, "memory.max"))
    before, start = _kills(group), time.monotonic()

    def look():
        used = _used(group)
        if used is not None:
            tell(ms=round(1000 * (time.monotonic() - start), 1), bytes=used)

    status = (session.ask_while(HOG, look, EVERY, PATIENCE) or "").strip()
    look()
    tell(status=int(status) if status.isdecimal() else None, kills=_kills(group) - before)


def _used(group):
    """Return what a group uses, in bytes; None when it is gone."""

    def read():
        with open(cgroup.path_in(group, "memory.current")) as file:
            return int(file.read())

    return or_none(read)


def _kills(group):
    """Return how often the OOM killer has been in a group."""
    return cgroup.event(group, "memory.events", "oom_kill")

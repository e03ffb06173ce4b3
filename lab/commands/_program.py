"""Programs run on a lab host for a person: with their terminal, or with their pipes."""

import os
import signal

from lab import terminal


def call(spawn) -> int:
    """Run what `spawn` starts, given streams, and return its exit status.

    At a terminal the streams are none, and the program gets a terminal of its own.
    """
    if terminal.is_person():
        return terminal.call(spawn([]))
    child = spawn([0, 1, 2])
    signal.signal(signal.SIGINT, lambda *_: os.killpg(child.pid, signal.SIGINT))
    return child.wait()

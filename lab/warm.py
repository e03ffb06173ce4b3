"""Verdicts from a process that has everything imported: each in a fork of it.

What goes wrong in a fork harms neither this process nor the next verdict.
"""

import json
import os
import signal
import time

import pytest  # noqa: F401  the judge needs it; here it is imported once for all

from lab import judge
from lab.beside import Beside, forget_ended
from lab.host import LabError
from lab.process import descendants

PATIENCE = 10.0  # seconds for a lab host to be gone


class Judging(Beside):
    """One verdict on its way; `fileno()` is ready to be read when it is there."""

    def __init__(self, program: str, step: int):
        super().__init__(lambda: json.dumps(_judged(program, step)).encode())

    def finish(self) -> dict:
        """Return {"results": ...}, or {"error": ...}, in words, if there is no verdict."""
        told = self.read()
        self.cancel()
        return json.loads(told) if told else {"error": "the checker ended without a word"}

    def cancel(self):
        """End it, wherever it is; returns when its lab host is gone."""
        # The lab host hangs on its handle, and the handle on this process and its children.
        self.end()
        _wait_for_all()


def _wait_for_all():
    """Wait until no child is left; what hangs is killed, but for keepers, who tidy up."""
    deadline = time.monotonic() + PATIENCE / 2
    while forget_ended():
        if time.monotonic() > deadline:
            deadline += PATIENCE
            for process in descendants(os.getpid())[1:]:
                if process.parent() != os.getpid():
                    os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.001)


def _judged(program, step):
    """Judge a program; return what the parent is to be told."""
    try:
        return {"results": judge.judge(program, step)}
    except LabError as error:
        return {"error": f"cannot check here: {error}; see: make doctor"}
    except OSError as error:
        return {"error": f"{error.filename or program} cannot be read: {error.strerror}"}
    except Exception as error:
        return {"error": f"the checker failed, not your program: {type(error).__name__}: {error}"}

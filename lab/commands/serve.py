"""Behind `make notebook`: run commands for notebooks, as root, until their owner is gone."""

import contextlib
import os
import sys

from lab import client, server
from lab.commands import USAGE


def main(words):
    """Serve: NAME PID, the abstract socket to listen at, and the process to live as long as."""
    if len(words) != 2 or not words[1].isdecimal():
        print("serve NAME PID", file=sys.stderr)
        return USAGE
    _import_what_they_need()
    try:
        server.serve(words[0], int(words[1]), _say_ready)
    except ProcessLookupError:
        pass  # it has ended meanwhile
    return 0


def _import_what_they_need():
    """Import once what each command would import for itself."""
    from lab.commands import check, lab, memory_curve, run, xray  # noqa: F401
    from lab.warm import pytest  # noqa: F401

    with contextlib.suppress(ImportError):  # without python-ptrace there is no X-ray
        from lab.xray import run, svg, text  # noqa: F401


def _say_ready():
    """Tell who started us, who reads no more after that."""
    print(client.READY, flush=True)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)

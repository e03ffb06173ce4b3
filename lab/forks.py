"""Runs of a program on a lab host that cost one start of Python together."""

import os
import signal
import sys

from lab import ROOT
from lab.host import Child, LabDied
from lab.keepers import sockets

SERVER = f"{ROOT}/lab/fork_server.py"


class Forks:
    """A fork server for a program; see lab.fork_server."""

    def __init__(self, lab, program):
        """Begin to start it; `lab` is the lab host."""
        self._handle, theirs = sockets()
        with open(os.devnull, "r+") as nobody:
            words = [sys.executable, SERVER, program]
            streams = [theirs.fileno(), nobody.fileno(), nobody.fileno()]
            self._server = lab.spawn(words, streams)
        theirs.close()
        self.pid = self._server.pid

    def start(self, words, streams, env, cwd) -> Child:
        """Run the program with these words; LabDied if it has ended the server."""
        return _Fork(self._handle, words, streams, env, cwd)

    def close(self):
        """Let go of the server: it ends."""
        self._handle.close()
        self._server.close()


class _Fork(Child):
    """A run of the program."""

    def wait(self, timeout=None):
        """As a Child's; who has ended the server has no status, and counts as killed."""
        try:
            return super().wait(timeout)
        except LabDied:
            return 128 + signal.SIGKILL

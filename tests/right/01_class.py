# A class with a context, and argparse.

"""A container from scratch, as a class with a context."""

import argparse
import os
import signal
import sys

from lab import linux


class Container:
    """A command and the namespaces around it."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self._reader, self._writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writer)
            os.read(self._reader, 1)  # the launcher has done its part
            self._become()
        signal.signal(signal.SIGINT, lambda number, frame: None)
        return self

    def start(self):
        """Let the child go on."""
        os.close(self._reader)
        os.close(self._writer)

    def wait(self):
        """Return the exit status of the command."""
        end = os.waitid(os.P_PID, self.pid, os.WEXITED)
        return end.si_status if end.si_code == os.CLD_EXITED else 128 + end.si_status

    def __exit__(self, *error):
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def _become(self):
        linux.unshare(linux.CLONE_NEWUTS)
        linux.sethostname("container")
        try:
            os.execvp(self.command[0], self.command)
        except OSError as error:
            print(f"{self.command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(126 if error.errno != 2 else 127)


def arguments():
    """Return the command; status 2 if there is none."""
    parser = argparse.ArgumentParser(prog="container.py")
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("run").add_argument("command", nargs=argparse.REMAINDER)
    command = parser.parse_args().command
    return command or parser.error("COMMAND is missing")


if __name__ == "__main__":
    with Container(arguments()) as container:
        container.start()
        status = container.wait()
    sys.exit(status)

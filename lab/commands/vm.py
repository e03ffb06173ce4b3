"""`make vm`: a root shell in the virtual machine, with control groups of version 2."""

import sys

from lab import vm
from lab.commands import CANNOT, ERROR

WELCOME = "A virtual machine with control groups v2.  Nothing here stays.  Leave with `exit`."


def main(words):
    """Run a shell there, or the command that the words make up."""
    argv = ["/bin/sh", "-c", " ".join(words)] if words else ["/bin/sh", "-i"]
    if not words:
        print(WELCOME, file=sys.stderr)
    try:
        status = vm.run(argv)
        return status if words else 0  # how a person left the shell is no failure
    except vm.Missing as error:
        print(error, file=sys.stderr)
        return CANNOT
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return ERROR

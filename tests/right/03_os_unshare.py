# The functions that Python has had since 3.12, and others where it is older.

"""A container from scratch: os.unshare(), new in Python 3.12."""

import os
import socket
import sys

from lab import linux

unshare = getattr(os, "unshare", linux.unshare)
FLAGS = linux.CLONE_NEWUTS | linux.CLONE_NEWPID | linux.CLONE_NEWNS


def inside(command):
    """Do the rest in the child."""
    socket.sethostname("container")
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc")
    if not os.path.isdir("/mytemp"):
        os.mkdir("/mytemp")
    linux.mount("tmpfs", "/mytemp", "tmpfs")
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        sys.exit(complain(command[0], "no such command", 127))
    except OSError as error:
        sys.exit(complain(command[0], error.strerror, 126))


def complain(word, text, status):
    """Say one line on stderr; return the status."""
    print(f"{word}: {text}", file=sys.stderr)
    return status


def main():
    """Run a command."""
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        return complain("usage", "container.py run COMMAND [ARGUMENT ...]", 2)
    unshare(FLAGS)
    pid = os.fork()
    if pid == 0:
        inside(sys.argv[2:])
    while True:
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            break
        except KeyboardInterrupt:  # the command has got it too
            pass
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())

# The length given to sethostname(2) is too small for the name.
# fails: test_container_is_called_container name-wrong

"""A container from scratch, with ctypes alone."""

import ctypes
import os
import signal
import sys

CLONE_NEWUTS = 0x04000000

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments):
    """Run a command in a container, and return its exit status."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    if libc.unshare(CLONE_NEWUTS) == -1 or libc.sethostname(b"container", 7) == -1:
        raise OSError(ctypes.get_errno(), "unshare or sethostname")
    pid = os.fork()
    if pid == 0:
        become(arguments[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def become(command):
    """Turn into the command."""
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        print(f"container: {command[0]}: not found", file=sys.stderr)
        os._exit(127)
    except OSError:
        print(f"container: {command[0]}: not executable", file=sys.stderr)
        os._exit(126)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

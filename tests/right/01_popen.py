# subprocess.Popen with a preexec_fn that moves the child into the container.

"""A container from scratch: subprocess starts COMMAND, after a function of ours."""

import signal
import subprocess
import sys

from lab import linux


def prepare():
    """Move into the container; runs in the child before COMMAND does."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    linux.unshare(linux.CLONE_NEWUTS)
    linux.sethostname("container")


def run(command):
    """Run a command, and return its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = subprocess.Popen(command, preexec_fn=prepare).wait()
    except FileNotFoundError:
        print(f"{command[0]}: command not found", file=sys.stderr)
        return 127
    except PermissionError:
        print(f"{command[0]}: permission denied", file=sys.stderr)
        return 126
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        sys.stderr.write("Usage: container.py run COMMAND [ARGUMENT ...]\n")
        sys.exit(2)
    sys.exit(run(sys.argv[2:]))

# unshare(1) without --fork: COMMAND is left in the host's PID namespace.
# fails: test_runs_the_command fork-after-pid-1

"""A container from scratch, with unshare(1)."""

import signal
import subprocess
import sys

UNSHARE = ["unshare", "--uts", "--mount", "--pid"]
SETUP = 'hostname container; mount -t proc proc /proc; exec "$@"'


def main(arguments):
    """Run a command in a container, and return its exit status."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    process = subprocess.Popen([*UNSHARE, "sh", "-c", SETUP, "sh", *arguments[1:]])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# unshare(1) and a line of shell, started by subprocess.

"""A container from scratch: unshare(1), started by subprocess."""

import signal
import subprocess
import sys

UNSHARE = ["unshare", "--uts"]
INSIDE = """
set -e
hostname container
exec "$@"
"""


def main(arguments):
    """Run the command, and return its exit status."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    command = [*UNSHARE, "sh", "-c", INSIDE, "sh", *arguments[1:]]
    process = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

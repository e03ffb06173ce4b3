# The output is captured, and shown only when COMMAND has ended.
# fails: test_runs_the_command stdout-lost

"""A container from scratch, with subprocess."""

import signal
import subprocess
import sys

from lab import linux


def main(arguments):
    """Run a command in a container, and return its exit status."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    linux.unshare(linux.CLONE_NEWUTS)
    linux.sethostname("container")
    try:
        process = subprocess.Popen(arguments[1:], stdout=subprocess.PIPE)
    except FileNotFoundError:
        print(f"{arguments[1]}: not found", file=sys.stderr)
        return 127
    except PermissionError:
        print(f"{arguments[1]}: permission denied", file=sys.stderr)
        return 126
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.buffer.write(process.communicate()[0])
    status = process.returncode
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

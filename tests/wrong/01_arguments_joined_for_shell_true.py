# subprocess is given one line of text and shell=True.
# fails: test_arguments_arrive_unchanged arguments-joined
# fails: test_exits_as_the_command_did status-lost

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
    process = subprocess.Popen(" ".join(arguments[1:]), shell=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# unshare(1) does it all, and its exit status is thrown away.
# fails: test_exits_as_the_command_did status-lost

"""A container from scratch, with unshare(1)."""

import signal
import subprocess
import sys

UNSHARE = ["unshare", "--uts", "--mount", "--pid"]
SETUP = 'trap : INT; (hostname container; mount -t proc proc /proc; exec "$@"); exit $?'


def main(arguments):
    """Run a command in a container."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        sys.exit(2)
    process = subprocess.Popen([*UNSHARE, "sh", "-c", SETUP, "sh", *arguments[1:]])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process.wait()


if __name__ == "__main__":
    main(sys.argv[1:])

"""A command on a leash: it ends when the pipe at stdin closes, and what it starts ends with it.

A daemon leaves its session and its parent, but not its subreaper: prctl(2).  Run as a
program: leash.py COMMAND [ARGUMENT ...].
"""

import contextlib
import os
import select
import signal
import sys
import time

if __name__ == "__main__":  # python -I looks for modules in no folder of ours
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import confine
from lab.beside import forget_ended
from lab.process import descendants, exit_status

PATIENCE = 5.0  # seconds for all that was killed to be gone


def main(argv):
    """Run a command; return its exit status, as a shell would."""
    confine.adopt()
    leash = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.set_inheritable(leash, False)
    try:
        command = os.posix_spawnp(argv[0], argv, os.environ)
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
        return 127
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which got it too
    over = os.pidfd_open(command)
    ready = select.select([leash, over], [], [])[0]
    status = 1
    if over in ready:
        status = exit_status(os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]))
    ended, left = _end_all()
    if ended:
        print(f"[ended {ended} that it left running]", file=sys.stderr)
    if left:
        print(f"[{left} that it left running cannot be ended: somebody else's]", file=sys.stderr)
    return status


def _end_all():
    """Kill all descendants that we may kill; return how many are gone, and how many not."""
    seen, deadline = set(), time.monotonic() + PATIENCE
    while (left := descendants(os.getpid())[1:]) and time.monotonic() < deadline:
        for process in left:
            seen.add(process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.001)
        forget_ended()
    return len(seen) - len(left), len(left)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

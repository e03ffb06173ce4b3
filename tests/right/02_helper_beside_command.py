# A helper of the launcher is in the PID namespace, beside COMMAND.

"""A container from scratch: with a helper inside."""

import os
import signal
import sys

from lab import linux


def run(command):
    """Run the command, and return its exit status."""
    linux.unshare(linux.CLONE_NEWUTS | linux.CLONE_NEWNS | linux.CLONE_NEWPID)
    linux.sethostname("container")
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    wait_here, go_on = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(wait_here, 1)
        linux.mount("proc", "/proc", "proc")
        execute(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork() == 0:  # the kernel ends it with process 1
        os.closerange(0, 3)
        while True:
            signal.pause()
    os.write(go_on, b"x")
    ended, status = os.wait()
    while ended != pid:  # process 1 ends when all others have been waited for
        ended, status = os.wait()
    return code(status)


def execute(command):
    """Become the command."""
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def code(status):
    """Return the status that a shell would report."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        sys.exit(2)
    sys.exit(run(sys.argv[2:]))

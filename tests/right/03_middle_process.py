# A process between the launcher and COMMAND prepares the namespaces.

"""A container from scratch: with a process in the middle."""

import os
import signal
import sys

from lab import linux


def run(command):
    """Run the command, and return its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    middle = os.fork()
    if middle == 0:
        os._exit(prepare(command))
    _, status = os.waitpid(middle, 0)
    return code(status)


def prepare(command):
    """Make the namespaces, and start the command in them."""
    linux.unshare(linux.CLONE_NEWUTS | linux.CLONE_NEWNS | linux.CLONE_NEWPID)
    linux.sethostname("container")
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
        linux.mount("proc", "/proc", "proc")
        os.makedirs("/mytemp", exist_ok=True)
        linux.mount("mytemp", "/mytemp", "tmpfs")
        execute(command)
    _, status = os.waitpid(pid, 0)
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

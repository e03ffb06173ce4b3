# The tmpfs is mounted elsewhere, filled, and moved to /mytemp with MS_MOVE.

"""A container from scratch: mounts that move."""

import os
import signal
import sys

from lab import linux


def run(command):
    """Run the command, and return its exit status."""
    linux.unshare(linux.CLONE_NEWUTS | linux.CLONE_NEWNS | linux.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        linux.sethostname("container")
        linux.mount("none", "/", None, linux.MS_REC | linux.MS_SLAVE)
        linux.mount("proc", "/proc", "proc")
        linux.mount("mytemp", "/mnt", "tmpfs")
        with open("/mnt/welcome", "w") as file:
            file.write("nobody else sees this\n")
        os.makedirs("/mytemp", exist_ok=True)
        linux.mount("/mnt", "/mytemp", None, linux.MS_MOVE)
        execute(command)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    return code(os.waitpid(pid, 0)[1])


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

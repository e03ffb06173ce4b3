# COMMAND gets a PATH on which there is nothing, and finds no `ps`.
# fails: test_ps_shows_only_the_container ps-fails

"""A container from scratch: run a command that sees a small world of its own.

usage: container.py run COMMAND [ARGUMENT ...]
"""

import os
import shutil
import sys

from lab import linux

HOSTNAME = "container"


def run(command):
    """Run `command` in a new container and return its exit status."""
    linux.unshare(linux.CLONE_NEWUTS)
    linux.unshare(linux.CLONE_NEWPID)
    linux.unshare(linux.CLONE_NEWNS)  # a mount table of our own: step 3 takes this apart
    pid = os.fork()
    if pid == 0:
        become(command)
    status = wait(pid)
    return status


def become(command):
    """In the child: move into the container, then turn into `command`."""
    linux.sethostname(HOSTNAME)
    linux.mount(None, "/proc", None, linux.MS_PRIVATE)  # else the host gets our /proc
    mount_proc()
    execute(command)


def mount_proc():
    """Give the container a /proc that shows its processes and no others."""
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", "/proc", "proc", flags)


def execute(command):
    """Replace this process by `command`: execve(2), searching PATH."""
    linux.signal(linux.SIGPIPE, linux.SIG_DFL)  # Python ignores it, exec would keep that
    try:
        os.execve(shutil.which(command[0]) or command[0], command, {"PATH": "/container/bin"})
    except OSError as error:
        print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


def wait(pid):
    """Wait for process `pid` to end and return its status as a shell would."""
    linux.signal(linux.SIGINT, linux.SIG_IGN)  # Ctrl-C is for the command to answer
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code  # ended by signal n: 128 + n


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        sys.exit(2)
    status = run(sys.argv[2:])
    sys.stdout.flush()
    os._exit(status)  # at once: Python would take 5 ms to put its things away

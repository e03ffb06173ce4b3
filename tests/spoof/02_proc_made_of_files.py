# /proc is a tmpfs with a folder called 1, and COMMAND is not process 1.
# fails: test_command_is_pid_1 pid-shared

"""A container from scratch: run a command that sees a small world of its own.

usage: container.py run COMMAND [ARGUMENT ...]
"""

import os
import sys

from lab import linux

HOSTNAME = "container"


def run(command):
    """Run `command` in a new container and return its exit status."""
    linux.unshare(linux.CLONE_NEWUTS)
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
    linux.mount("proc", "/proc", "tmpfs", flags)
    os.makedirs("/proc/1")
    with open("/proc/1/stat", "w") as file:
        file.write("1 (sh) S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n")
    with open("/proc/1/status", "w") as file:
        file.write("Name:\tsh\nPid:\t1\nNSpid:\t1\n")


def execute(command):
    """Replace this process by `command`: execve(2), searching PATH."""
    linux.signal(linux.SIGPIPE, linux.SIG_DFL)  # Python ignores it, exec would keep that
    try:
        os.execvp(command[0], command)
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

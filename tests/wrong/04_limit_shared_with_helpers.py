# The limit is on the group above, where twenty helpers count as well.
# fails: test_fork_loop_ends_at_the_limit processes-limit-wrong

"""A container from scratch: run a command that sees a small world of its own.

usage: container.py run COMMAND [ARGUMENT ...]
"""

import os
import signal
import sys

from lab import cgroup, linux

HOSTNAME = "container"
MEMORY = 64 * 1024 * 1024  # bytes
PROCESSES = 64
BOX = cgroup.Group(f"container-{os.getpid()}")
HELPERS = cgroup.Group(f"container-{os.getpid()}/helpers")
GROUP = cgroup.Group(f"container-{os.getpid()}/command")
NUMBERS = []  # of the helpers


def run(command):
    """Run `command` in a new container and return its exit status."""
    create_group()
    linux.unshare(linux.CLONE_NEWUTS)
    linux.unshare(linux.CLONE_NEWPID)
    linux.unshare(linux.CLONE_NEWNS)  # a mount table of our own: step 3 takes this apart
    pid = os.fork()
    if pid == 0:
        become(command)
    status = wait(pid)
    for number in NUMBERS:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
    for group in (GROUP, HELPERS, BOX):
        group.remove()
    return status


def become(command):
    """In the child: move into the container, then turn into `command`."""
    GROUP.join()
    linux.sethostname(HOSTNAME)
    linux.mount(None, "/proc", None, linux.MS_PRIVATE)  # else the host gets our /proc
    keep_mounts_private()
    mount_proc()
    mount_mytemp()
    execute(command)


def create_group():
    """Make a control group with the limits of the container."""
    BOX.create()
    BOX.write("pids.max", PROCESSES)
    HELPERS.create()
    GROUP.create()
    GROUP.write("memory.max", MEMORY)
    GROUP.write("memory.swap.max", 0)
    for _ in range(20):
        NUMBERS.append(os.fork())
        if NUMBERS[-1] == 0:
            HELPERS.join()
            linux.signal(linux.SIGINT, linux.SIG_IGN)
            signal.pause()


def keep_mounts_private():
    """Stop mounts made in the container from spreading back to the host."""
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)


def mount_proc():
    """Give the container a /proc that shows its processes and no others."""
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", "/proc", "proc", flags)


def mount_mytemp():
    """Give the container scratch space in memory that nobody else sees."""
    os.makedirs("/mytemp", exist_ok=True)
    linux.mount("mytemp", "/mytemp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV)


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

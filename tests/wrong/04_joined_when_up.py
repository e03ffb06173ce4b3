# The launcher moves COMMAND into the group when it has written its first file: too late.
# fails: test_command_has_its_own_group joined-late

"""A container from scratch: run a command that sees a small world of its own.

usage: container.py run COMMAND [ARGUMENT ...]
"""

import glob
import os
import sys
import time

from lab import cgroup, linux

HOSTNAME = "container"
MEMORY = 64 * 1024 * 1024  # bytes
PROCESSES = 64
GROUP = cgroup.Group(f"container-{os.getpid()}")  # two containers share no group


def run(command):
    """Run `command` in a new container and return its exit status."""
    linux.unshare(linux.CLONE_NEWUTS)
    linux.unshare(linux.CLONE_NEWPID)
    linux.unshare(linux.CLONE_NEWNS)  # a mount table of our own: step 3 takes this apart
    create_group()
    pid = os.fork()
    if pid == 0:
        become(command)
    status = wait(pid)
    GROUP.remove()
    return status


def become(command):
    """In the child: move into the container, then turn into `command`."""
    linux.sethostname(HOSTNAME)
    linux.mount(None, "/proc", None, linux.MS_PRIVATE)  # else the host gets our /proc
    keep_mounts_private()
    mount_proc()
    mount_mytemp()
    execute(command)


def create_group():
    """Make a control group with the limits of the container."""
    GROUP.create()
    GROUP.write("memory.max", MEMORY)
    GROUP.write("memory.swap.max", 0)
    GROUP.write("pids.max", PROCESSES)


def move_when_up(pid):
    """Move `pid` into the group when there is a file in its /mytemp."""
    while not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if glob.glob("/mytemp/*"):  # the mount namespace is ours too
            for directory in GROUP.directories.values():
                linux.write_file(f"{directory}/cgroup.procs", pid)
            return
        time.sleep(0.01)


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
    move_when_up(pid)
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

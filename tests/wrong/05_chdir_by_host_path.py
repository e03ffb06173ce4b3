# The path of the tree is used once more when it means something else: chroot(2), then chdir(2).
# fails: test_runs_the_command path-after-chroot

"""A container from scratch: run a command that sees a small world of its own.

usage: container.py run COMMAND [ARGUMENT ...]
"""

import os
import sys
import warnings  # os.execvp imports it at the last moment: out of reach after chroot

import lab
from lab import cgroup
from lab import linux

HOSTNAME = "container"
MEMORY = 64 * 1024 * 1024  # bytes
PROCESSES = 64
GROUP = cgroup.Group(f"container-{os.getpid()}")  # two containers share no group
ROOTFS = os.environ.get("ROOTFS", f"{lab.ROOT}/rootfs")


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
    GROUP.join()
    linux.sethostname(HOSTNAME)
    linux.mount(None, "/proc", None, linux.MS_PRIVATE)  # else the host gets our /proc
    keep_mounts_private()
    enter_rootfs()
    mount_proc()
    mount_mytemp()
    execute(command)


def create_group():
    """Make a control group with the limits of the container."""
    GROUP.create()
    GROUP.write("memory.max", MEMORY)
    GROUP.write("memory.swap.max", 0)
    GROUP.write("pids.max", PROCESSES)


def keep_mounts_private():
    """Stop mounts made in the container from spreading back to the host."""
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)


def enter_rootfs():
    """Make the tree in ROOTFS the root directory, and be inside it."""
    os.chroot(ROOTFS)
    os.chdir(ROOTFS)


def mount_proc():
    """Give the container a /proc that shows its processes and no others."""
    os.makedirs("/proc", exist_ok=True)
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

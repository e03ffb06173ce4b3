"""A container from scratch: run a command that sees a small world of its own.

usage: container.py run COMMAND [ARGUMENT ...]
"""

import os
import sys
#> 5
import warnings  # os.execvp imports it at the last moment: out of reach after chroot
#<

#> 5
import lab
#<
#> 4
from lab import cgroup
#<
from lab import linux

HOSTNAME = "container"
#> 4
MEMORY = 64 * 1024 * 1024  # bytes
PROCESSES = 64
GROUP = cgroup.Group(f"container-{os.getpid()}")  # two containers share no group
#<
#> 5
ROOTFS = os.environ.get("ROOTFS", f"{lab.ROOT}/rootfs")
#<


def run(command):
    """Run `command` in a new container and return its exit status."""
    #> 1  Leave the host's UTS namespace for a new one: unshare(2), CLONE_NEWUTS.
    linux.unshare(linux.CLONE_NEWUTS)
    #<
    #> 2  Let the next child be PID 1 of a new PID namespace: unshare(2), CLONE_NEWPID.
    linux.unshare(linux.CLONE_NEWPID)
    #<
    #> 2
    linux.unshare(linux.CLONE_NEWNS)  # a mount table of our own: step 3 takes this apart
    #<
    #> 4
    create_group()
    #<
    pid = os.fork()
    if pid == 0:
        become(command)
    status = wait(pid)
    #> 4  Remove the group: all its processes have ended.
    GROUP.remove()
    #<
    return status


def become(command):
    """In the child: move into the container, then turn into `command`."""
    #> 4  Join the group before anything else, so that all that follows is counted.
    GROUP.join()
    #<
    #> 1  Name the container HOSTNAME: sethostname(2).
    linux.sethostname(HOSTNAME)
    #<
    #> 2
    linux.mount(None, "/proc", None, linux.MS_PRIVATE)  # else the host gets our /proc
    #<
    #> 3
    keep_mounts_private()
    #<
    #> 5
    enter_rootfs()
    #<
    #> 2
    mount_proc()
    #<
    #> 3
    mount_mytemp()
    #<
    execute(command)


#> 4
def create_group():
    """Make a control group with the limits of the container."""
    GROUP.create()
    #> 4  Allow MEMORY bytes: write to "memory.max".
    GROUP.write("memory.max", MEMORY)
    #<
    #> 4  Allow no swap, which would stretch the limit: write 0 to "memory.swap.max".
    GROUP.write("memory.swap.max", 0)
    #<
    #> 4  Allow PROCESSES processes: write to "pids.max".
    GROUP.write("pids.max", PROCESSES)
    #<


#<
#> 3
def keep_mounts_private():
    """Stop mounts made in the container from spreading back to the host."""
    #> 3  Make "/" and every mount below it private: mount(2), MS_REC and MS_PRIVATE.
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    #<


#<
#> 5
def enter_rootfs():
    """Make the tree in ROOTFS the root directory, and be inside it."""
    #> 5  Go to ROOTFS, and make the folder you are in the root: chdir(2), chroot(2).
    os.chdir(ROOTFS)
    os.chroot(".")
    #<


#<
#> 2
def mount_proc():
    """Give the container a /proc that shows its processes and no others."""
    #> 5
    os.makedirs("/proc", exist_ok=True)
    #<
    #> 2  Mount a new "proc" on /proc: mount(2); no setuid, no devices, no programs.
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", "/proc", "proc", flags)
    #<


#<
#> 3
def mount_mytemp():
    """Give the container scratch space in memory that nobody else sees."""
    os.makedirs("/mytemp", exist_ok=True)
    #> 3  Mount a new "tmpfs" on /mytemp: mount(2).
    linux.mount("mytemp", "/mytemp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV)
    #<


#<
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

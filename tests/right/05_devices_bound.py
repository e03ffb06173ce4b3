# The tree gets a /dev of its own, with some devices of the host.

"""A container from scratch: with devices."""

import os
import signal
import sys
import warnings  # noqa: F401 - os.execvp wants it later

from lab import cgroup, linux

GROUP = cgroup.Group(f"box-{os.getpid()}")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOTFS = os.environ.get("ROOTFS") or f"{HERE}/../../rootfs"


def run(command):
    """Run the command, and return its exit status."""
    linux.unshare(linux.CLONE_NEWUTS | linux.CLONE_NEWNS | linux.CLONE_NEWPID)
    GROUP.create()
    GROUP.write("memory.max", 64 << 20)
    GROUP.write("memory.swap.max", 0)
    GROUP.write("pids.max", 64)
    pid = os.fork()
    if pid == 0:
        GROUP.join()
        linux.sethostname("container")
        linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
        os.chdir(ROOTFS)
        os.makedirs("dev", exist_ok=True)
        linux.mount("dev", "dev", "tmpfs", linux.MS_NOSUID, "mode=755,size=1m")
        for name in ("null", "zero", "urandom"):
            with open(f"dev/{name}", "w"):
                pass  # a file to mount it on
            linux.mount(f"/dev/{name}", f"dev/{name}", None, linux.MS_BIND)
        os.chroot(".")
        linux.mount("proc", "/proc", "proc")
        os.makedirs("/mytemp", exist_ok=True)
        linux.mount("mytemp", "/mytemp", "tmpfs")
        execute(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = code(os.waitpid(pid, 0)[1])
    GROUP.remove()
    return status


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

# C functions called by ctypes; slave mounts in place of private ones.

"""A container from scratch: ctypes and the standard library."""

import ctypes
import os
import signal
import sys
import time
import warnings  # noqa: F401 - os.execvp wants it later

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID = 0x20000, 0x4000000, 0x20000000
MS_REC, MS_PRIVATE, MS_SLAVE = 1 << 14, 1 << 18, 1 << 19

HERE = os.path.dirname(os.path.abspath(__file__))
ROOTFS = os.environ.get("ROOTFS") or f"{HERE}/../../rootfs"

libc = ctypes.CDLL(None, use_errno=True)
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]


def call(name, *arguments):
    """Call a function of the C library; OSError if it fails."""
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def execute(command):
    """Become the command."""
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        os.write(2, f"container: {command[0]}: not found\n".encode())
        os._exit(127)
    except OSError as error:
        os.write(2, f"container: {command[0]}: {error.strerror}\n".encode())
        os._exit(126)


class Group:
    """A control group: one folder with version 2, one for each controller with version 1."""

    top = "/sys/fs/cgroup"

    def __init__(self, name):
        self.v2 = os.path.exists(f"{self.top}/cgroup.controllers")
        names = [""] if self.v2 else ["memory/", "pids/"]
        self.folders = [f"{self.top}/{kind}{name}" for kind in names]

    def __enter__(self):
        if self.v2:
            put(f"{self.top}/cgroup.subtree_control", "+memory +pids")
        for folder in self.folders:
            os.mkdir(folder)
        first, last = self.folders[0], self.folders[-1]
        memory, swap = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
        if self.v2:
            memory, swap = "memory.max", "memory.swap.max"
        put(f"{first}/{memory}", 64 << 20)
        if os.path.exists(f"{first}/{swap}"):
            put(f"{first}/{swap}", 0 if self.v2 else 64 << 20)
        put(f"{last}/pids.max", 64)
        return self

    def join(self, pid=0):
        """Move a process into the group."""
        for folder in self.folders:
            put(f"{folder}/cgroup.procs", pid)

    def __exit__(self, *error):
        for folder in self.folders:
            for _ in range(500):
                try:
                    os.rmdir(folder)
                    break
                except OSError:  # busy: the kernel needs a moment
                    time.sleep(0.002)


def put(path, value):
    """Write a value to a file of the kernel."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)


def become(command, group):
    """Move into the container, and become the command."""
    group.join()
    call("sethostname", b"container", 9)
    call("mount", None, b"/", None, MS_REC | MS_SLAVE, None)
    os.chroot(ROOTFS)
    os.chdir("/")
    call("mount", b"proc", b"/proc", b"proc", 0, None)
    os.makedirs("/mytemp", exist_ok=True)
    call("mount", b"none", b"/mytemp", b"tmpfs", 0, b"size=16m,mode=1777")
    execute(command)


def main(arguments):
    """Run the command, and return its exit status."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    call("unshare", CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS)
    with Group(f"ctypes-{os.getpid()}") as group:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            become(arguments[1:], group)
        _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Process 1 of the virtual machine: puts its root together, runs one command, powers off.

The machine's own files are the guest's disk, read-only; what the guest writes goes to its
memory.  One folder is shared for writing, to say how the command ended.
"""

import ctypes
import fcntl
import json
import os
import platform
import struct
import sys
import termios

if __name__ == "__main__":  # python -I looks for modules in no folder of ours
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import linux

SCAFFOLD = "/mnt"
FOLDERS = ("low", "upper", "work", "root")
OVERLAY = "/usr/lib/uml/modules/{}/kernel/fs/overlayfs/overlay.ko"
FINIT_MODULE = 313  # finit_module(2) on x86_64, where alone user-mode Linux runs
RB_POWER_OFF = 0x4321FEDC  # reboot(2)
CONSOLE = "/dev/tty0"


def main(shared):
    """Be process 1; `shared` is the folder that the machine outside reads."""
    with open(f"{shared}/request") as file:
        request = json.load(file)
    try:
        make_root(shared)
        make_hierarchy(request["cgroup"])
        linux.sethostname("vm")
        status = run(request)
        with open("/run/shared/status", "w") as file:
            file.write(str(status))
    except OSError as error:
        print(f"vm: {error}", flush=True)
    finally:
        os.sync()
        linux.write_file("/proc/sys/kernel/printk", 0)  # it would say that it halts
        linux.libc.reboot(RB_POWER_OFF)


def make_root(shared):
    """Lay memory over the machine's files, and make that the root."""
    linux.mount("proc", "/proc", "proc")
    insert_module(OVERLAY.format(platform.release()))
    linux.mount("vm", SCAFFOLD, "tmpfs", 0, "mode=755")
    low, upper, work, root = (f"{SCAFFOLD}/{name}" for name in FOLDERS)
    for folder in (low, upper, work, root):
        os.mkdir(folder)
    linux.mount("/", low, None, linux.MS_BIND)
    linux.mount("vm", root, "overlay", 0, f"lowerdir={low},upperdir={upper},workdir={work}")
    os.chdir(root)
    for kind, place in (("proc", "proc"), ("sysfs", "sys"), ("devtmpfs", "dev")):
        linux.mount(kind, place, kind)
    for kind, place in (("devpts", "dev/pts"), ("tmpfs", "dev/shm")):
        os.makedirs(place, exist_ok=True)
        linux.mount(kind, place, kind)
    linux.mount("tmpfs", "run", "tmpfs", 0, "mode=755")
    os.mkdir("run/shared")
    linux.mount("none", "run/shared", "hostfs", 0, shared)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.pivot_root(".", ".")
    linux.umount2(".", linux.MNT_DETACH)
    os.chroot(".")
    os.chdir("/")


def insert_module(path):
    """Load a kernel module: finit_module(2); one that is built in has no file."""
    if os.path.exists(path):
        fd = os.open(path, os.O_RDONLY)
        if linux.libc.syscall(FINIT_MODULE, fd, b"", 0) == -1:
            raise OSError(ctypes.get_errno(), f"finit_module({path})")
        os.close(fd)


def make_hierarchy(version):
    """Mount the control groups: one tree in version 2, one for each controller in 1."""
    top = "/sys/fs/cgroup"
    if version == 2:
        linux.mount("cgroup2", top, "cgroup2")
        return
    linux.mount("tmpfs", top, "tmpfs")
    for controller in ("memory", "pids", "cpu", "freezer", "devices"):
        os.mkdir(f"{top}/{controller}")
        linux.mount("cgroup", f"{top}/{controller}", "cgroup", 0, controller)


def run(request):
    """Run the command on the console; return its exit status as a shell would."""
    command = os.fork()
    if command == 0:
        os.setsid()
        console = os.open(CONSOLE, os.O_RDWR)  # a session's first terminal is its own
        for fd in range(3):
            os.dup2(console, fd)
        set_terminal(request["size"])
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    while True:  # process 1 is the parent of every orphan
        pid, status = os.wait()
        if pid == command:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def set_terminal(size):
    """Fit the console to a person's terminal of that size, or to a program that reads it."""
    if size:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
        return
    modes = termios.tcgetattr(0)
    modes[1] &= ~termios.OPOST  # leave the ends of lines as they are
    termios.tcsetattr(0, termios.TCSANOW, modes)


if __name__ == "__main__":
    main(sys.argv[1])

"""What a program that is root can do wrong; for a lab host, and refused elsewhere.

usage: faults.py FAULT MACHINE TOKEN

FAULT is the name of a function below.  MACHINE is what `here()` returns on the machine
that must come to no harm.  TOKEN is a word that no other process has on its command line.
Each fault prints one line: what came of it.
"""

import ctypes
import errno
import fcntl
import os
import shutil
import signal
import socket
import struct
import sys
import time

from lab import ROOT, cgroup, linux

SYSTEM = ("/etc", "/usr/bin", "/usr/share", "/root", "/var")
SYSCTLS = ("kernel/core_pattern", "kernel/pid_max", "vm/overcommit_memory", "fs/file-max")


def here() -> str:
    """Return what tells this machine from every lab host on it."""
    kinds = ("mnt", "pid", "uts", "net", "ipc")
    namespaces = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    return " ".join([str(os.stat("/").st_dev), *namespaces])


def guard(machine):
    """Exit unless everything that a fault may touch is a lab host's."""
    for ours, theirs in zip(here().split(), machine.split(), strict=True):
        if ours == theirs:
            sys.exit(f"refused: this is the machine itself: {ours}")
    device = int(machine.split()[0])
    for folder in filter(os.path.exists, ("/", "/tmp", "/srv", ROOT, *SYSTEM)):
        if os.stat(folder).st_dev == device:
            sys.exit(f"refused: {folder} is the machine's")
    if root_filesystem() not in ("overlay", "tmpfs"):
        sys.exit("refused: / is not a copy")


def root_filesystem():
    """Return the type of what is mounted on "/"."""
    return [line.split(" - ")[1].split()[0] for line in mounts() if line.split()[4] == "/"][-1]


def mounts():
    """Return the lines of the mount table."""
    with open("/proc/self/mountinfo") as table:
        return table.readlines()


def say(*words):
    """Print the one line."""
    print(*words, flush=True)


def fork(function, *arguments):
    """Run a function in a child of this process; return its number."""
    pid = os.fork()
    if pid == 0:
        try:
            function(*arguments)
        finally:
            os._exit(0)
    return pid


# ---- Its name, its mounts, its files


def set_the_host_name():
    """Forget to unshare before sethostname."""
    socket.sethostname("wrong")
    say(socket.gethostname())


def forget_private():
    """Unshare the mount table, and mount under a shared root."""
    os.mkdir("/srv/leak")
    os.waitpid(fork(mount_in_new_namespace, "/srv/leak"), 0)
    say("leaked" if any(" /srv/leak " in line for line in mounts()) else "not leaked")


def mount_in_new_namespace(place):
    """Mount a tmpfs in a mount namespace of its own."""
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("tmpfs", place, "tmpfs")


def unmount_proc():
    """Detach /proc."""
    linux.umount2("/proc", linux.MNT_DETACH)
    say(len(os.listdir("/proc")), "in /proc")


def unmount_everything():
    """Detach every mount there is."""
    points = sorted({line.split()[4] for line in mounts()} - {"/"}, key=len, reverse=True)
    for point in points:
        linux.umount2(point, linux.MNT_DETACH)
    say("a mount on /dev" if os.path.ismount("/dev") else "no mount on /dev")


def edit_system_files():
    """Add an account, and a program."""
    with open("/etc/passwd", "a") as file:
        file.write(f"{sys.argv[3]}:x:0:0::/:/bin/sh\n")
    with open(f"/usr/bin/{sys.argv[3]}", "w") as file:
        file.write("evil\n")
    with open("/etc/passwd") as file:
        say("written" if sys.argv[3] in file.read() else "lost")


def write_to_the_checkout():
    """Add to a file of the checkout, and make a new one."""
    with open(f"{ROOT}/Makefile", "a") as file:
        file.write(f"# {sys.argv[3]}\n")
    with open(f"{ROOT}/{sys.argv[3]}", "w") as file:
        file.write("evil\n")
    say("written" if os.path.exists(f"{ROOT}/{sys.argv[3]}") else "lost")


def remove_the_system():
    """Run rm -rf where it hurts; the line is said when /etc is gone, and it goes on."""
    shutil.rmtree("/etc", ignore_errors=True)
    say("/etc is", "there" if os.path.exists("/etc") else "gone")
    for folder in SYSTEM:
        shutil.rmtree(folder, ignore_errors=True)


def mount_an_overlay():
    """Mount an overlay over the overlay that is the root."""
    for name in ("upper", "work", "merged"):
        os.makedirs(f"/tmp/{name}")
    options = "lowerdir=/usr,upperdir=/tmp/upper,workdir=/tmp/work"
    linux.mount("overlay", "/tmp/merged", "overlay", 0, options)
    os.mkdir("/tmp/merged/new")
    say("new" if os.path.isdir("/tmp/upper/new") and not os.path.exists("/usr/new") else "lost")


# ---- Too much of everything


def loop_fork():
    """Start processes until the kernel refuses, or clearly never will."""
    number = 0
    try:
        while number < 2000:
            fork(signal.pause)
            number += 1
    except OSError as error:
        say(number, errno.errorcode[error.errno])
    else:
        say("never refused")


def raise_its_own_limit():
    """Allow itself any number of processes, and start them."""
    linux.write_file(cgroup.Group("").path("pids.max"), "max")
    loop_fork()


def leave_groups():
    """Leave nested control groups behind, with a process in them."""
    for name in ("left", "left/over"):
        cgroup.Group(name).create()
    fork(stay_in_group, "left/over")


def stay_in_group(name):
    """Join a group and stay."""
    cgroup.Group(name).join()
    with open("/proc/self/cgroup") as file:
        say("joined" if name in file.read() else "not joined")
    signal.pause()


def bomb():
    """Be the shell's fork bomb; the line is the shell's complaint that it cannot fork."""
    os.execvp("sh", ["sh", "-c", "exec 2>&1; b(){ b|b& }; b", sys.argv[3]])


def fill_the_memory():
    """Take memory until the kernel kills."""
    kept = []
    while len(kept) < 2000:
        kept.append(b"x" * (1 << 20))
    say("never killed")


def fill_tmp():
    """Write to /tmp until it is full."""
    block = b"x" * (1 << 20)
    with open("/tmp/full", "wb") as file:
        for _ in range(2000):
            file.write(block)
    say("never full")


# ---- Processes that stay, and those that kill


def become_a_daemon():
    """Leave a process that has let go of everything and ignores what one can ignore."""
    fork(fork_in_new_session)


def fork_in_new_session():
    """Be the middle one of the two forks."""
    os.setsid()
    fork(ignore_and_stay)


def ignore_and_stay():
    """Ignore the signals that end a process."""
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)
    say("stays")
    signal.pause()


def block_every_signal():
    """Hang, with all signals blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    say("hangs")
    signal.pause()


def kill_everybody():
    """Kill all processes that it can see."""
    child = fork(signal.pause)
    os.kill(-1, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    say("its child ended by", os.WTERMSIG(status))


def kill_init():
    """Kill process 1."""
    os.kill(1, signal.SIGKILL)
    os.kill(1, 0)
    say("1 lives")


# ---- What the machine has only one of


def reboot():
    """Restart the machine: reboot(2), LINUX_REBOOT_CMD_RESTART."""
    linux.libc.reboot(0x01234567)
    raise OSError(ctypes.get_errno(), "reboot")


def set_the_clock():
    """Set the clock, to what it is."""
    time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns())
    say("set")


def bring_up_the_network():
    """Set the flag IFF_UP of lo, and a length of packets: netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8922, struct.pack("16si20x", b"lo", 1234))  # SIOCSIFMTU
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS
    with open("/proc/net/dev") as devices:
        names = [line.split(":")[0].strip() for line in devices if ":" in line]
    say(*names, "up")


def write_sysctls():
    """Write to /proc/sys what it says already."""
    answers = set()
    for name in SYSCTLS:
        try:
            with open(f"/proc/sys/{name}") as file:
                linux.write_file(f"/proc/sys/{name}", file.read())
            answers.add("written")
        except OSError as error:
            answers.add(errno.errorcode[error.errno])
    say(*sorted(answers))


def press_sysrq():
    """Ask the kernel for its list of magic keys."""
    if os.path.exists("/proc/sysrq-trigger"):
        linux.write_file("/proc/sysrq-trigger", "h")
        say("pressed")
    else:
        say("no such file")


def open_a_disk():
    """Make a file for the machine's disk, in both ways that there are, and open it."""
    device = int(sys.argv[2].split()[0])
    device = device if os.major(device) else os.makedev(8, 0)
    folder = os.open("/srv", os.O_RDONLY)
    answers = set()
    for directory in (None, folder):
        try:
            os.mknod("disk" if directory else "/srv/disk", 0o60600, device, dir_fd=directory)
            os.close(os.open("/srv/disk", os.O_RDONLY))
            answers.add("opened")
        except OSError as error:
            answers.add(errno.errorcode[error.errno])
    say(*sorted(answers))


def main():
    """Do the fault that the first word names, on a lab host."""
    function, machine, _ = sys.argv[1:]
    guard(machine)
    try:
        globals()[function]()
    except OSError as error:
        say(errno.errorcode[error.errno])


if __name__ == "__main__":
    main()

"""What the kernel tells about a process, seen from outside it through /proc: proc(5).

Nothing here asks the process itself, so nothing here can be made up by it.
"""

import errno
import functools
import os
import re
import stat
from typing import NamedTuple

from lab import cgroup

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


class Mount(NamedTuple):
    """One line of /proc/PID/mountinfo."""

    number: int  # of the mount
    device: str  # that the filesystem is known by: "8:1"
    root: str  # the part of the filesystem that is mounted
    point: str  # where it is mounted, as the process sees it
    kind: str  # of the filesystem: "tmpfs"
    source: str
    options: str
    group: int  # whose members tell each other about mounts: shared:N, 0 for none

    def __str__(self):
        return f"{self.kind} on {self.point}"


class File(NamedTuple):
    """Something that a process holds open, stands in, or has as its root."""

    path: str
    mount: int  # the number of the mount it is on
    kind: str  # "directory", "file" or "other"


class Process:
    """One process, by its number in this machine's own PID namespace.

    Every method raises ProcessLookupError or FileNotFoundError once it has ended.
    """

    def __init__(self, pid: int):
        self.pid = pid
        self._proc = f"/proc/{pid}"

    def namespaces(self) -> dict:
        """Return the identity of each namespace it is in: {"uts": "uts:[4026531838]"}."""
        return {kind: os.readlink(f"{self._proc}/ns/{kind}") for kind in KINDS}

    def pid_for_children(self) -> str:
        """Return the PID namespace of its next child; "" of one that has no process yet."""
        try:
            return os.readlink(f"{self._proc}/ns/pid_for_children")
        except FileNotFoundError:
            return ""

    def command_line(self) -> list:
        """Return the words it was started with."""
        return self._read("cmdline").split("\0")[:-1]

    def pid_inside(self) -> int:
        """Return its number in the innermost PID namespace that it is in: NSpid."""
        return int(self._read("status").partition("NSpid:")[2].splitlines()[0].split()[-1])

    def place(self) -> tuple:
        """Return the PID namespace that it is in, and its number there."""
        return self.namespaces()["pid"], self.pid_inside()

    def state(self) -> str:
        """Return its state as one letter: "S" asleep, "Z" ended and not waited for."""
        return self._stat()[0]

    def times(self) -> tuple:
        """Return for how many nanoseconds it ran, and waited for a processor: schedstats."""
        ran, waited, _ = self._read("schedstat").split()
        return int(ran), int(waited)

    def parent(self) -> int:
        """Return the number of its parent."""
        return int(self._stat()[1])

    def process_group(self) -> int:
        """Return the number of its process group: whom Ctrl-C reaches."""
        return int(self._stat()[2])

    def ignores(self, signum: int) -> bool:
        """Whether it ignores a signal."""
        mask = int(self._read("status").partition("SigIgn:")[2].split()[0], 16)
        return bool(mask >> (signum - 1) & 1)

    def is_done_with(self, signum: int) -> bool:
        """Whether a signal is not pending any more, and it sleeps again."""
        status = self._read("status")
        masks = re.findall(r"(?:SigPnd|ShdPnd):\s*(\w+)", status)
        return self.state() == "S" and not any(int(m, 16) >> (signum - 1) & 1 for m in masks)

    def memory_rlimits(self) -> list:
        """Return what setrlimit(2) limits of its memory: it counts a process, not a group."""
        lines = self._read("limits").splitlines()
        names = ("Max address space", "Max data size", "Max resident set")
        return [name for line in lines for name in names if _limited(line, name)]

    def mounts(self) -> list:
        """Return the mounts that it sees, in the order of the kernel."""
        try:
            return [_mount(line) for line in self._read("mountinfo").splitlines()]
        except OSError as error:
            if error.errno == errno.EINVAL:  # what the kernel says of a zombie: proc(5) does not
                raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from None
            raise

    def visible_processes(self) -> list:
        """Return the numbers in the /proc that it sees, zombies left out."""
        proc = f"{self._proc}/root/proc"
        return sorted(int(n) for n in os.listdir(proc) if n.isdigit() and _is_alive(proc, n))

    def root(self) -> File:
        """Return its root directory."""
        return _file(f"{self._proc}/root")

    def shares_root_with(self, other: "Process") -> bool:
        """Whether its root directory is another process's."""
        return os.path.samefile(f"{self._proc}/root", f"{other._proc}/root")

    def working_directory(self) -> File:
        """Return the directory that it stands in."""
        return _file(f"{self._proc}/cwd")

    def descriptors(self) -> dict:
        """Return what each of its open descriptors refers to."""
        folder = f"{self._proc}/fd"
        numbers = sorted(int(n) for n in os.listdir(folder))
        links = {n: os.readlink(f"{folder}/{n}") for n in numbers}
        # A pipe has no path, and opening it again might wait for its other end.
        return {n: _file(f"{folder}/{n}") for n, link in links.items() if link[0] == "/"}

    def sees(self, path: str) -> bool:
        """Whether there is a file at `path` from its root."""
        return os.path.exists(f"{self._proc}/root{path}")

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder at `path` from its root."""
        return os.path.isdir(f"{self._proc}/root{path}")

    def size_of(self, path: str) -> int:
        """Return the size in bytes of the filesystem at `path` from its root: statvfs(3)."""
        filesystem = os.statvfs(f"{self._proc}/root{path}")
        return filesystem.f_blocks * filesystem.f_frsize

    def groups(self) -> dict:
        """Return the directory of its control group for each controller."""
        return {controller: self.group(controller) for controller in cgroup.CONTROLLERS}

    def group(self, controller: str) -> str:
        """Return the directory of the control group that counts it."""
        for line in self._read("cgroup").splitlines():
            _, controllers, path = line.split(":", 2)
            if cgroup.version() == 2 and not controllers:
                return os.path.normpath(cgroup.HIERARCHY + path)
            if controller in controllers.split(","):
                return os.path.normpath(f"{cgroup.HIERARCHY}/{controller}{path}")
        raise FileNotFoundError(f"no {controller} controller here")

    def _stat(self):
        return self._read("stat").rpartition(")")[2].split()

    def _read(self, name):
        # A judge reads thousands of these: what open() does for text would take half of the time.
        with open(f"{self._proc}/{name}", "rb", buffering=0) as file:
            return os.fsdecode(file.read())


def exit_status(code: int) -> int:
    """Return what a shell calls the end of a process: n, or 128 + n for signal n.

    `code` is Python's: of os.waitstatus_to_exitcode(), or of a Popen.
    """
    return code if code >= 0 else 128 - code


def descendants(pid: int) -> list:
    """Return `pid` and every process below it, zombies left out."""
    return families(pid)[0]


def families(*pids: int) -> list:
    """Return the descendants of each of some processes, all seen at one time."""
    children = {}
    for number, parent in _parents():
        children.setdefault(parent, []).append(Process(number))
    found = [[Process(pid)] for pid in pids]
    for family in found:
        for process in family:
            family.extend(children.get(process.pid, ()))
    return found


def _parents():
    """Yield each process of this machine, zombies left out, and its parent."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = Process(int(name))
            try:
                state, parent, *_ = process._stat()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            if state != "Z":
                yield process.pid, int(parent)


def _is_alive(proc, number):
    """Whether a process in some /proc is there, and no zombie."""
    try:
        with open(f"{proc}/{number}/stat", errors="surrogateescape") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@functools.lru_cache(1000)  # a trial reads the same tables again and again
def _mount(line):
    """Read one line of mountinfo."""
    before, after = line.split(" - ", 1)
    number, _, device, root, point, options, *optional = before.split(" ")
    kind, source = after.split(" ")[:2]
    group = next((int(o[7:]) for o in optional if o.startswith("shared:")), 0)
    root, point = _unescaped(root), _unescaped(point)
    return Mount(int(number), device, root, point, kind, source, options, group)


def _limited(line, name):
    """Whether a line of /proc/PID/limits is of that name and sets a limit."""
    return line.startswith(name) and line[len(name) :].split()[0] != "unlimited"


def _unescaped(path):
    """Return a path as it is: mountinfo writes blanks as \\040."""
    return re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), path)


def _file(link):
    """Return what a link of /proc refers to, without following it by name."""
    fd = os.open(link, os.O_PATH | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{fd}") as info:
            mount = int(info.read().partition("mnt_id:")[2].split()[0])
        mode = os.fstat(fd).st_mode
        kind = "directory" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
        return File(os.readlink(f"/proc/self/fd/{fd}"), mount, kind)
    finally:
        os.close(fd)

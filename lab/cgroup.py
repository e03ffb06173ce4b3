"""Control groups in the words of version 2, also where the machine has version 1.

A control group is a directory that the kernel keeps.  `mkdir` makes one, writing to
its files sets limits, writing a process number to `cgroup.procs` moves a process in,
and `rmdir` removes it.  See cgroups(7) and the kernel's admin-guide/cgroup-v2.

Version 2 has one tree of groups; version 1 has a tree for each controller, and other
names for some files.  `Group` hides that and nothing else.
"""

import errno
import os
import time

from lab.linux import write_file

HIERARCHY = "/sys/fs/cgroup"
CONTROLLERS = ("memory", "pids")

V1_NAMES = {
    "memory.max": "memory.limit_in_bytes",
    "memory.swap.max": "memory.memsw.limit_in_bytes",
    "memory.current": "memory.usage_in_bytes",
    "memory.peak": "memory.max_usage_in_bytes",
    "memory.events": "memory.oom_control",
}
UNLIMITED_V1 = 1 << 60  # bytes: there "none" is the largest number of pages


def version() -> int:
    """Return which version of control groups this machine uses: 1 or 2."""
    return 2 if os.path.exists(f"{HIERARCHY}/cgroup.controllers") else 1


class Group:
    """One control group, by its name under the root of the hierarchy.

    Making the object makes no group: `create()` does.
    """

    def __init__(self, name: str, controllers=CONTROLLERS):
        self.name = name
        self.version = version()
        #: The group's directory for each controller: in version 2 one and the same.
        self.directories = {
            controller: f"{HIERARCHY}/{controller}/{name}"
            if self.version == 1
            else f"{HIERARCHY}/{name}"
            for controller in controllers
        }

    def create(self) -> None:
        """Make the group.

        FileExistsError if there is one of that name; PermissionError without root.
        """
        if self.version == 2:
            self._enable_controllers()
        for directory in self._all():
            os.mkdir(directory)

    def write(self, file: str, value) -> None:
        """Write `value` to one of the group's files: write("pids.max", 64).

        Sizes are in bytes.  OSError as the kernel answers: EINVAL for a value that it
        cannot read, ENOENT for a file that it does not have.
        """
        if file == "memory.swap.max" and not os.path.exists(self.path(file)):
            return  # this kernel does not count swap
        write_file(self.path(file), self._in_v1(file, value) if self.version == 1 else value)

    def read(self, file: str) -> str:
        """Return what one of the group's files says, without the last newline."""
        with open(self.path(file)) as opened:
            return opened.read().rstrip("\n")

    def join(self) -> None:
        """Move the calling process into the group; its children are born in it."""
        # 0 means: the writer.  In version 1 `tasks` takes a single thread and so
        # need not wait for all others, 0.04 ms instead of 14.
        file = "tasks" if self.version == 1 else "cgroup.procs"
        for directory in self._all():
            write_file(f"{directory}/{file}", 0)

    def remove(self) -> None:
        """Remove the group, which must have no process left.

        EBUSY if it still has one after a second: the kernel may need some
        milliseconds to forget the last.
        """
        for directory in self._all():
            _rmdir(directory)

    def remove_tree(self) -> None:
        """Remove the group and every group below it; the processes must have ended."""
        for top in filter(os.path.exists, self._all()):
            for directory, _, _ in os.walk(top, topdown=False):
                _rmdir(directory)

    def path(self, file: str) -> str:
        """Return the path of one of the group's files on this machine."""
        controller = file.partition(".")[0]
        return path_in(self.directories.get(controller, self._all()[0]), file)

    def _in_v1(self, file, value):
        """Return what a value is there: -1 for "max", memory and swap as a sum."""
        if file in V1_NAMES and str(value) == "max":
            return -1
        if file == "memory.swap.max":
            return int(value) + int(self.read("memory.max"))
        return value

    def _all(self):
        """Return the directories of the group: one, or in version 1 one a controller."""
        return sorted(set(self.directories.values()))

    def _enable_controllers(self):
        """Let the groups beside this one have the controllers' files."""
        control = f"{os.path.dirname(self._all()[0])}/cgroup.subtree_control"
        with open(control) as opened:
            missing = set(self.directories) - set(opened.read().split())
        for controller in missing:
            write_file(control, f"+{controller}")


def path_in(directory: str, file: str) -> str:
    """Return the path of a file, by its version 2 name, in a group's directory."""
    return f"{directory}/{V1_NAMES.get(file, file) if version() == 1 else file}"


def limit(directory: str, file: str) -> "int | None":
    """Return the limit that a group's file sets; None where it sets none."""
    try:
        with open(path_in(directory, file)) as opened:
            text = opened.read().strip()
    except FileNotFoundError:
        return 0 if file == "memory.swap.max" else None  # a kernel that counts no swap
    if text == "max" or int(text) >= UNLIMITED_V1:
        return None
    if version() == 1 and file == "memory.swap.max":
        return int(text) - limit(directory, "memory.max")
    return int(text)


def event(directory: str, file: str, name: str) -> int:
    """Return one counter of an events file; 0 where the group or the counter is gone."""
    try:
        with open(path_in(directory, file)) as opened:
            words = opened.read().split()
    except OSError:
        return 0
    return int(dict(zip(words[::2], words[1::2], strict=True)).get(name, 0))


def count(directory: str) -> int:
    """Return how many processes a group has; 0 where the group is gone."""
    try:
        with open(f"{directory}/cgroup.procs") as members:
            return len(members.read().split())
    except OSError:
        return 0


def _rmdir(directory, patience=1.0):
    """Remove a group's directory, and try again while the kernel calls it busy."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return os.rmdir(directory)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.001)

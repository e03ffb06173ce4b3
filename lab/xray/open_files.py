"""Files of the kernel's that a program holds open for writing: limits, members, maps.

The filter stops at opens for writing, of which there are few, and not at write(2), of which
there are many.  So, from such an open to the last close, a process stops at every call.
"""

import os
import re

KERNEL_FILES = re.compile(
    r"(^|/)(cgroup\.\w+|tasks|(memory|pids|cpu|cpuset|io|blkio|hugetlb)\.[\w.]+"
    r"|uid_map|gid_map|setgroups|notify_on_release)$|^/proc/sys/"
)
OPENING = ("open", "openat", "openat2", "creat")
WRITING = ("write", "pwrite64", "writev")
DOUBLING = ("dup", "dup2", "dup3", "fcntl")
CLOSING = ("close", "close_range")
BOOKKEEPING = (*CLOSING, *DOUBLING)
ONTO = ("dup2", "dup3")  # the second argument is the new one, whatever it was before
F_DUPFD, F_DUPFD_CLOEXEC = 0, 1030


def matters(watched, name, values, numbers) -> bool:
    """Whether a call on open files has to do with one that is watched."""
    descriptor = numbers[0] & 0xFFFFFFFF
    if name in WRITING and descriptor in watched:
        if not KERNEL_FILES.search(values[0] or ""):
            watched.discard(descriptor)  # it was closed in a way that we have not seen
        return descriptor in watched
    if name in ONTO and numbers[1] & 0xFFFFFFFF in watched:
        return True
    return name == "close_range" or descriptor in watched


def opened(tracee, descriptor) -> bool:
    """Watch a file that was just opened, if it is the kernel's."""
    path = os.readlink(f"/proc/{tracee.tid}/fd/{descriptor}")
    if KERNEL_FILES.search(path):
        tracee.family.watched.add(descriptor)
    return bool(tracee.family.watched)


def closing(watched, name, numbers) -> None:
    """Note that descriptors are about to be closed."""
    first, last = (number & 0xFFFFFFFF for number in numbers[:2])
    watched -= {n for n in watched if first <= n <= (first if name == "close" else last)}


def doubled(watched, name, numbers, result) -> None:
    """Note that a descriptor was doubled."""
    old, new = (number & 0xFFFFFFFF for number in numbers[:2])
    if name != "fcntl" or new in (F_DUPFD, F_DUPFD_CLOEXEC):
        watched.discard(result)
        if result >= 0 and old in watched:
            watched.add(result)

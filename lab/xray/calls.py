"""The system calls that matter to a container: their numbers, their arguments.

Imported on the lab host before the program starts, so it imports nothing but `os`.
"""

import os

# A name, its number on x86_64 and on aarch64 (None: not there), and what its arguments are:
# see lab.xray.arguments.  What a lesson does not need is left out at the end.
_TABLE = """
    unshare            272   97   flags:CLONE_NEW
    setns              308  268   fd flags:CLONE_NEW
    clone               56  220   flags:CLONE
    clone3             435  435   clone_args
    fork                57    -
    vfork               58    -
    execve              59  221   path strings
    execveat           322  281   at path strings
    sethostname        170  161   bytes:1 int
    setdomainname      171  162   bytes:1 int
    mount              165   40   string path string flags:MS string
    umount2            166   39   path flags:MNT
    pivot_root         155   41   path path
    chroot             161   51   path
    chdir               80   49   path
    fchdir              81   50   fd
    open_tree          428  428   at path hex
    move_mount         429  429   at path at path hex
    fsopen             430  430   string hex
    fsconfig           431  431   fd int string string int
    fsmount            432  432   fd hex hex
    fspick             433  433   at path hex
    mount_setattr      442  442   at path hex
    mkdir               83    -   path octal
    mkdirat            258   34   at path octal
    rmdir               84    -   path
    unlinkat           263   35   at path flags:AT
    open                 2    -   path flags:O octal
    openat             257   56   at path flags:O octal
    openat2            437  437   at path
    creat               85    -   path octal
    setrlimit          160  164   limit
    prlimit64          302  261   int limit pointer
"""

# These are too frequent to stop at everywhere: see lab.xray.tracer, where they are looked at
# while a program holds a file of the kernel's open for writing.
_ON_OPEN_FILES = """
    write                1   64   fd bytes:2 int
    pwrite64            18   68   fd bytes:2 int int
    writev              20   66   fd vector:2 int
    close                3   57   fd
    close_range        436  436   int int int
    dup                 32   23   fd
    dup2                33    -   fd int
    dup3               292   24   fd int int
    fcntl               72   25   fd int int
"""

# Most of these are none of our business, and the filter can see that by a number: which
# argument, and which of its bits must be set for the call to matter.
CONDITIONS = {
    "open": (1, 3),  # O_WRONLY or O_RDWR
    "openat": (2, 3),
    "prlimit64": (2, 0xFFFFFFFF),  # a limit is set, and not only asked for
}

ARCHITECTURES = {"x86_64": (1, 0xC000003E), "aarch64": (2, 0xC00000B7)}  # AUDIT_ARCH


def architecture():
    """Return AUDIT_ARCH of this machine; None if its call numbers are not known here."""
    return ARCHITECTURES.get(os.uname().machine, (None, None))[1]


def _read(table):
    """Return {number: (name, kinds of arguments)} for this machine."""
    column, _ = ARCHITECTURES.get(os.uname().machine, (None, None))
    rows = [line.split() for line in table.split("\n") if line.strip() and column]
    return {int(row[column]): (row[0], row[3:]) for row in rows if row[column] != "-"}


CALLS = _read(_TABLE)
ON_OPEN_FILES = _read(_ON_OPEN_FILES)

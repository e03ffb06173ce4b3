"""The Linux system calls that Python's os module lacks, as C spells them.

Names, order of arguments and flags are those of the manual pages: `man 2 mount`
documents `linux.mount`.  A call that fails raises OSError: its class and errno are
the kernel's (PermissionError, FileNotFoundError, ...), its text is the call itself,
as strace(1) would write it.

Only modules that start quickly are imported here: every container pays for them.
"""

import ctypes
import errno
import os
from ctypes import c_char_p, c_int, c_size_t, c_ulong, c_void_p

# unshare(2), setns(2): which namespaces.  <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# mount(2): how to attach a filesystem.  <linux/mount.h>
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MS_SHARED = 0x100000

# umount2(2): how to detach one.  <linux/fs.h>
MNT_FORCE = 0x1
MNT_DETACH = 0x2

# signal(2): what a signal does to this process.  <signal.h>
SIGINT = 2
SIGPIPE = 13
SIG_DFL = 0
SIG_IGN = 1


class _CloneFlags(c_int):
    prefix = "CLONE_"


class _MountFlags(c_ulong):
    prefix = "MS_"


class _UmountFlags(c_int):
    prefix = "MNT_"


_PROTOTYPES = {
    "unshare": (_CloneFlags,),
    "setns": (c_int, _CloneFlags),
    "sethostname": (c_char_p, c_size_t),
    "mount": (c_char_p, c_char_p, c_char_p, _MountFlags, c_char_p),
    "umount2": (c_char_p, _UmountFlags),
    "pivot_root": (c_char_p, c_char_p),
    "signal": (c_int, c_void_p),
}

libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones: unshare(2).

    CLONE_NEWPID is the exception: the caller stays where it is, and its next child
    is PID 1 of the new namespace.  PermissionError without CAP_SYS_ADMIN.
    """
    _call("unshare", flags)


def setns(fd: int, nstype: int = 0) -> None:
    """Enter the namespace that the descriptor `fd` refers to: setns(2).

    `fd` is an open /proc/PID/ns file, or a pidfd with the kinds wanted in `nstype`.
    """
    _call("setns", fd, nstype)


def sethostname(name: str) -> None:
    """Set the host name of the UTS namespace that the caller is in: sethostname(2).

    PermissionError without CAP_SYS_ADMIN; EINVAL beyond 64 bytes.
    """
    _call("sethostname", name, len(os.fsencode(name)))


def mount(source, target, filesystemtype=None, mountflags: int = 0, data=None) -> None:
    """Attach a filesystem at `target`, or change how one is attached: mount(2).

    Arguments that a call does not use are None.  ENOENT: there is no `target`;
    EINVAL: `target` is no mount point but should be one; EBUSY; EPERM.
    """
    _call("mount", source, target, filesystemtype, mountflags, data)


def umount2(target, flags: int = 0) -> None:
    """Detach the topmost filesystem at `target`: umount2(2).

    EBUSY while a process uses it, unless `flags` is MNT_DETACH; EINVAL if nothing is
    mounted there.
    """
    _call("umount2", target, flags)


def pivot_root(new_root, put_old) -> None:
    """Make `new_root` the root mount and put the old one at `put_old`: pivot_root(2).

    EBUSY or EINVAL if `new_root` is no mount point or its parent is shared.
    """
    _call("pivot_root", new_root, put_old)


def signal(signum: int, handler: int) -> None:
    """Set what `signum` does to this process, SIG_DFL or SIG_IGN: signal(2).

    Python's own `signal` module does more, and takes a fifth of a container's start
    to import.
    """
    _call("signal", signum, handler)


def write_file(path, text) -> None:
    """Write `text` to a kernel file in one write(2), and raise what the kernel answers.

    `open(path, "w").write(text)` would lose the answer: Python keeps the text until
    the file is closed, and drops errors from then.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, str(text).encode())
    except OSError as error:
        raise _failure(error.errno, f"write({_string(path)}, {_string(text)})") from None
    finally:
        os.close(fd)


def _call(name, *args):
    """Call libc's `name`; if it returns -1, raise OSError with errno and the call."""
    function, prototype = getattr(libc, name), _PROTOTYPES[name]
    function.argtypes = prototype
    args = [os.fspath(a) if isinstance(a, os.PathLike) else a for a in args]
    values = [os.fsencode(a) if isinstance(a, str) else a for a in args]
    if any(b"\0" in value for value in values if isinstance(value, bytes)):
        raise ValueError(f"{name}: embedded null byte")
    try:
        failed = function(*values) == -1
    except ctypes.ArgumentError:
        raise TypeError(
            f"{name}({', '.join(map(repr, args))}): {_misfit(args, prototype)}"
        ) from None
    if failed:
        call = f"{name}({', '.join(map(_show, args, prototype))})"
        raise _failure(ctypes.get_errno(), call)


def _misfit(args, prototype):
    """Say which argument is of the wrong kind."""
    for number, (arg, ctype) in enumerate(zip(args, prototype, strict=True), start=1):
        wants_text = ctype is c_char_p
        if not isinstance(arg, (str, bytes, type(None)) if wants_text else int):
            return f"argument {number} must be {'a string or None' if wants_text else 'a number'}"
    return "an argument is of the wrong kind"


def _failure(number, call):
    """Return the OSError for `call`, in the words of strace(1)."""
    name = errno.errorcode.get(number, number)
    return OSError(number, f"{call} = -1 {name} ({os.strerror(number)})")


def _show(arg, ctype):
    """Write a C argument: NULL, a string, flags by name, or a number."""
    if arg is None:
        return "NULL"
    if not hasattr(ctype, "prefix"):
        return str(arg) if isinstance(arg, int) else _string(arg)
    known = {n: bit for n, bit in globals().items() if n.startswith(ctype.prefix)}
    named = [n for n, bit in known.items() if arg & bit]
    rest = arg & ~sum(known.values())
    return "|".join(named + [hex(rest)] * (rest > 0)) or "0"


def _string(value):
    """Write a C string, in double quotes."""
    text = os.fsdecode(value) if isinstance(value, (bytes, os.PathLike)) else str(value)
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f'"{"".join(shown)}"'

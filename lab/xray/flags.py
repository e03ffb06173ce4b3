"""Flags of system calls by their names in C."""

_CLONE_NEW = {
    "CLONE_NEWTIME": 0x80,
    "CLONE_NEWNS": 0x20000,
    "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000,
    "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}
_CLONE = {
    "CLONE_VM": 0x100,
    "CLONE_FS": 0x200,
    "CLONE_FILES": 0x400,
    "CLONE_SIGHAND": 0x800,
    "CLONE_PIDFD": 0x1000,
    "CLONE_PTRACE": 0x2000,
    "CLONE_VFORK": 0x4000,
    "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000,
    "CLONE_SYSVSEM": 0x40000,
    "CLONE_SETTLS": 0x80000,
    "CLONE_PARENT_SETTID": 0x100000,
    "CLONE_CHILD_CLEARTID": 0x200000,
    "CLONE_UNTRACED": 0x800000,
    "CLONE_CHILD_SETTID": 0x1000000,
    "CLONE_IO": 0x80000000,
    "CLONE_CLEAR_SIGHAND": 0x100000000,
    "CLONE_INTO_CGROUP": 0x200000000,
}
_MS = {
    "MS_RDONLY": 1,
    "MS_NOSUID": 2,
    "MS_NODEV": 4,
    "MS_NOEXEC": 8,
    "MS_SYNCHRONOUS": 16,
    "MS_REMOUNT": 32,
    "MS_MANDLOCK": 64,
    "MS_DIRSYNC": 128,
    "MS_NOSYMFOLLOW": 256,
    "MS_NOATIME": 1024,
    "MS_NODIRATIME": 2048,
    "MS_BIND": 4096,
    "MS_MOVE": 8192,
    "MS_REC": 16384,
    "MS_SILENT": 32768,
    "MS_UNBINDABLE": 1 << 17,
    "MS_PRIVATE": 1 << 18,
    "MS_SLAVE": 1 << 19,
    "MS_SHARED": 1 << 20,
    "MS_RELATIME": 1 << 21,
    "MS_STRICTATIME": 1 << 24,
    "MS_LAZYTIME": 1 << 25,
}
_O = {
    "O_WRONLY": 1,
    "O_RDWR": 2,
    "O_CREAT": 0o100,
    "O_EXCL": 0o200,
    "O_NOCTTY": 0o400,
    "O_TRUNC": 0o1000,
    "O_APPEND": 0o2000,
    "O_NONBLOCK": 0o4000,
    "O_CLOEXEC": 0o2000000,
}
_MNT = {"MNT_FORCE": 1, "MNT_DETACH": 2, "MNT_EXPIRE": 4, "UMOUNT_NOFOLLOW": 8}
_TABLES = {
    "CLONE_NEW": {**_CLONE, **_CLONE_NEW},
    "CLONE": {**_CLONE, **_CLONE_NEW},
    "MS": _MS,
    "MNT": _MNT,
    "O": _O,
    "AT": {"AT_REMOVEDIR": 0x200},
}
MS_MGC_VAL = 0xC0ED0000
_SIGNALS = {17: "SIGCHLD"}  # the lowest byte of clone(2) is what the parent will be sent


def named(prefix: str, number: int) -> list:
    """Return the names of the flags in a number; what has no name stays a number."""
    signal = 0
    if prefix == "CLONE":
        signal, number = number & 0x7F, number & ~0x7F
    if prefix == "MS" and number >> 16 == MS_MGC_VAL >> 16:
        number &= 0xFFFF  # programs wrote that before Linux 2.4, and some still do
    table = _TABLES[prefix]
    found = [name for name, bit in table.items() if number & bit]
    rest = number & ~sum(table.values()) & 0xFFFFFFFFFF
    found += [hex(rest)] * (rest > 0)
    return found + ([_SIGNALS.get(signal, f"signal {signal}")] if signal else [])

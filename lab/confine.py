"""What a lab host takes away from the root in it: a seat belt, not a jail.

The kernel is shared with the machine, and some of it is in no namespace: the clock, the
modules, the disks.  A mistake must not reach those.
"""

import ctypes
import os
import struct

from lab import linux

# prctl(2)  <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2

# capabilities(7): what no namespace keeps apart.  <linux/capability.h>
CAPABILITIES = {
    "CAP_SYS_MODULE": 16,
    "CAP_SYS_RAWIO": 17,
    "CAP_SYS_BOOT": 22,
    "CAP_SYS_TIME": 25,
    "CAP_SYSLOG": 34,
}

# Which number mknod and mknodat have, and in which argument the mode is; AUDIT_ARCH.
ARCHITECTURES = {
    "x86_64": (0xC000003E, {133: 1, 259: 2}),
    "aarch64": (0xC00000B7, {33: 2}),
}

# The classic BPF of seccomp(2): code, and what is at which offset of struct seccomp_data.
LOAD, JUMP_IF_EQUAL, AND, RETURN = 0x20, 0x15, 0x54, 0x06
NUMBER, ARCH = 0, 4
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends: PR_SET_PDEATHSIG."""
    _prctl(PR_SET_PDEATHSIG, 9)


def adopt() -> None:
    """Become the parent of what a child leaves behind: PR_SET_CHILD_SUBREAPER.

    So a daemon of its is found, and the keeper of a lab host is known to have ended.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def drop_capabilities() -> None:
    """Take CAPABILITIES from every program that is started from here on."""
    for number in CAPABILITIES.values():
        _prctl(PR_CAPBSET_DROP, number)


def refuse_disks() -> None:
    """Let mknod(2) make no block device from here on: a seccomp(2) filter.

    Does nothing on an architecture whose call numbers are not in ARCHITECTURES.
    """
    if os.uname().machine in ARCHITECTURES:
        install_filter(_no_block_devices(*ARCHITECTURES[os.uname().machine]))


def install_filter(instructions) -> None:
    """Have the kernel run a filter before each system call from here on: seccomp(2).

    PermissionError without CAP_SYS_ADMIN.
    """
    code = b"".join(_instruction(*line) for line in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program))


def _no_block_devices(arch, calls):
    """Yield the filter: refuse each of `calls` if its mode says S_IFBLK."""
    yield LOAD, 0, 0, ARCH
    yield JUMP_IF_EQUAL, 1, 0, arch
    yield RETURN, 0, 0, ALLOW
    for number, argument in calls.items():
        yield LOAD, 0, 0, NUMBER
        yield JUMP_IF_EQUAL, 0, 4, number
        yield LOAD, 0, 0, 16 + 8 * argument
        yield AND, 0, 0, 0o170000
        yield JUMP_IF_EQUAL, 0, 1, 0o060000
        yield RETURN, 0, 0, REFUSE
    yield RETURN, 0, 0, ALLOW


def _instruction(code, if_true, if_false, value):
    """Return one struct sock_filter."""
    return struct.pack("HBBI", code, if_true, if_false, value)


def _prctl(option, *arguments):
    """Call prctl(2); OSError names the option's number."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    longs = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in padded]
    if linux.libc.prctl(option, *longs) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")

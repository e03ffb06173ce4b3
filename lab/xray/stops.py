"""What ptrace(2) offers a tracer: take hold of a process, let it go on, ask why it stopped.

The requests are python-ptrace's; of that package only the binding is imported, because all
of it takes 150 ms.  What its tables lack (it was begun before Linux 3.4) is added here.
"""

import ctypes
import errno
import os
import struct
import warnings
from typing import NamedTuple

with warnings.catch_warnings():  # it calls what Python 3.12 has deprecated
    warnings.simplefilter("ignore")
    from ptrace import PtraceError
    from ptrace.binding import func

# <linux/ptrace.h>
SEIZE, INTERRUPT, LISTEN, SYSCALL_INFO = 0x4206, 0x4207, 0x4208, 0x420E
EVENT_SECCOMP, EVENT_STOP = 7, 128
BIRTHS = (func.PTRACE_EVENT_FORK, func.PTRACE_EVENT_VFORK, func.PTRACE_EVENT_CLONE)
EVENT_EXEC, EVENT_EXIT = func.PTRACE_EVENT_EXEC, func.PTRACE_EVENT_EXIT
TRACE_EXIT = func.PTRACE_O_TRACEEXIT
TRACE_SECCOMP, EXIT_KILL = 1 << EVENT_SECCOMP, 0x00100000
OPTIONS = (
    func.PTRACE_O_TRACESYSGOOD
    | func.PTRACE_O_TRACEFORK
    | func.PTRACE_O_TRACEVFORK
    | func.PTRACE_O_TRACECLONE
    | func.PTRACE_O_TRACEEXEC
    | TRACE_SECCOMP
    | EXIT_KILL  # a filter without a tracer fails its calls: better no program than that
)
# Wait for what this thread traces, threads included, and for no child of another thread.
_WAIT = 0x40000000 | 0x20000000  # __WALL | __WNOTHREAD
# struct ptrace_syscall_info, from its 24th byte on: number and arguments, or the result.
_ENTRY, _EXIT = struct.Struct("=7Q"), struct.Struct("=qB")
_buffer = ctypes.create_string_buffer(96)
NT_ARM_TLS = 0x401
_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")

AT_CALL = 5 | 0x80  # SIGTRAP, marked by PTRACE_O_TRACESYSGOOD
AT_ENTRY, AT_EXIT = 1, 2  # where in a system call it stopped


class RefusedError(OSError):
    """The kernel does not let us trace a process."""


class Stop(NamedTuple):
    """What waitpid(2) said of a process."""

    tid: int
    ended: "int | None"  # the wait status, if it has ended
    signal: int
    event: int


class Info(NamedTuple):
    """What PTRACE_GET_SYSCALL_INFO says of a process that stopped at a call."""

    where: int
    number: int  # of the call, on entry
    arguments: tuple
    result: int  # on exit


def seize(pid, options=OPTIONS):
    """Become the tracer of a process, and let it go on; RefusedError if we must not."""
    try:
        _request(SEIZE, pid, 0, options)
    except OSError as error:
        raise RefusedError(*error.args) from None


def wait() -> "Stop | None":
    """Wait until something that this thread traces stops or ends; None if nothing is left."""
    try:
        tid, status = os.waitpid(-1, _WAIT)
    except ChildProcessError:
        return None
    if not os.WIFSTOPPED(status):
        return Stop(tid, status, 0, 0)
    return Stop(tid, None, status >> 8 & 0xFF, status >> 16)


def resume(tid, signal=0, to_next_call=False):
    """Let it go on, to its next event or to its next system call; with a signal, if any."""
    _tell(func.PTRACE_SYSCALL if to_next_call else func.PTRACE_CONT, tid, signal)


def listen(tid):
    """Leave it stopped, as a signal wants it, until another signal lets it go on."""
    _tell(LISTEN, tid)


def interrupt(tid):
    """Make it stop, wherever it is."""
    _tell(INTERRUPT, tid)


def set_options(tid, options):
    """Change what it stops at."""
    _request(func.PTRACE_SETOPTIONS, tid, 0, options)


def message(tid) -> int:
    """Return what belongs to the event: the number of the child that was born."""
    return func.ptrace_geteventmsg(tid)


def call_info(tid, is_inside) -> Info:
    """Return at which system call it stopped: PTRACE_GET_SYSCALL_INFO, since Linux 5.3.

    Unlike registers this is the same on every architecture, and tells entry from exit.
    User-mode Linux does not have it; there `is_inside` says whether it was in a call before.
    """
    try:
        _request(SYSCALL_INFO, tid, len(_buffer), ctypes.addressof(_buffer))
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return _from_registers(tid, is_inside)
    where = _buffer.raw[0]
    if where == AT_EXIT:
        return Info(where, -1, (), _EXIT.unpack_from(_buffer, 24)[0])
    number, *arguments = _ENTRY.unpack_from(_buffer, 24)
    return Info(where, number, tuple(arguments), 0)


def _from_registers(tid, is_inside):
    """Return the same from the registers of x86_64."""
    registers = func.ptrace_getregs(tid)
    arguments = tuple(getattr(registers, name) for name in _ARGUMENTS)
    where = AT_EXIT if is_inside else AT_ENTRY
    return Info(where, registers.orig_rax, arguments, ctypes.c_long(registers.rax).value)


def thread_pointer(tid) -> int:
    """Return the register by which a thread finds its own variables."""
    if os.uname().machine == "x86_64":
        return func.ptrace_getregs(tid).fs_base
    word = ctypes.c_uint64()
    vector = func.iovec_struct(buf=ctypes.addressof(word), len=8)
    _request(func.PTRACE_GETREGSET, tid, NT_ARM_TLS, ctypes.addressof(vector))
    return word.value


def _tell(command, tid, data=0):
    """Call ptrace(2) for a process that may have been killed: the next wait() will tell."""
    try:
        func.ptrace(command, tid, 0, data)
    except PtraceError:
        pass


def _request(command, tid, address=0, data=0):
    """Call ptrace(2); OSError, and ProcessLookupError if the process is gone."""
    try:
        return func.ptrace(command, tid, address, data)
    except PtraceError as error:
        raise OSError(error.errno, os.strerror(error.errno)) from None

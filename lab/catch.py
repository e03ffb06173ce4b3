"""COMMAND at its very first instruction: ptrace(2), with its parents held back.

A parent that moves COMMAND into a group after fork(2) sometimes comes in time.  Here it
never does: whoever forks is stopped until the child has executed COMMAND, or waits for it.
"""

import contextlib
import ctypes
import os
import signal
import time

from lab import linux
from lab.process import Process
from lab.view import or_none

# <linux/ptrace.h>
PTRACE_CONT, PTRACE_DETACH = 7, 17
PTRACE_GETEVENTMSG, PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4201, 0x4206, 0x4207
PTRACE_EVENT_EXEC = 4
FORKS = (1, 2, 3)  # PTRACE_EVENT_FORK, _VFORK, _CLONE
OPTIONS = 1 << 1 | 1 << 2 | 1 << 3 | 1 << PTRACE_EVENT_EXEC
WALL = 0x40000000  # waitpid(2), __WALL: threads as well
CALM = 20  # looks in a row at which a child sleeps: it waits for its parent
PATIENCE = 5.0  # seconds for what is followed to stand still once
PAUSE = 0.001  # seconds between two looks


class Catch:
    """A process and its children, followed until one of them executes COMMAND."""

    def __init__(self, pid: int, command: list):
        """Begin with one process, which stops itself first: nothing of it may be missed.

        ProcessLookupError or PermissionError if it cannot be followed.
        """
        self._command, self._followed, self._held = command, {pid}, {}
        self._asleep, deadline = 0, time.monotonic() + PATIENCE
        while Process(pid).state() != "T" and time.monotonic() < deadline:
            time.sleep(PAUSE)
        try:
            _ptrace(PTRACE_SEIZE, pid, OPTIONS)
        finally:
            os.kill(pid, signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.release()

    def wait(self, patience: float) -> "Process | None":
        """Return the process that executes COMMAND, at its first instruction; it stands still.

        None if there is none within `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while self._followed and time.monotonic() < deadline:
            found = [pid for pid in list(self._followed) if self._event(pid)]
            if found:
                return Process(found[0])
            if self._held and self._is_waited_for():
                self._let_go()
            time.sleep(PAUSE)
        return None

    def release(self) -> None:
        """Let all of them go on, followed no longer."""
        deadline = time.monotonic() + PATIENCE
        for pid in self._followed:
            _try(PTRACE_INTERRUPT, pid)  # only what stands still can be detached from
        while self._followed and time.monotonic() < deadline:
            for pid in list(self._followed):
                self._forget(pid)
            time.sleep(PAUSE)

    def _forget(self, pid):
        """Detach from a process if it stands still; one that ended is only gone once seen."""
        number, status = _wait(pid)
        stopped = number and os.WIFSTOPPED(status)
        if stopped and status >> 16 in FORKS:
            self._followed.add(_message(pid))
        signum = os.WSTOPSIG(status) if stopped and not status >> 16 else 0
        if (number and not stopped) or _try(PTRACE_DETACH, pid, signum):
            self._followed.discard(pid)

    def _event(self, pid):
        """Deal with what has happened to a process; whether it has executed COMMAND."""
        number, status = _wait(pid)
        if number and not os.WIFSTOPPED(status):
            self._followed.discard(pid)
            self._held.pop(pid, None)
        return bool(number and os.WIFSTOPPED(status) and self._stopped(pid, status))

    def _stopped(self, pid, status):
        """Let a stopped process go on, or hold it; whether it has executed COMMAND."""
        event = status >> 16
        if event == PTRACE_EVENT_EXEC and self._is_command(pid):
            return True
        if event in FORKS:
            child = _message(pid)
            self._followed.add(child)
            if _is_process(child):
                self._held[pid] = child
                return False
        _try(PTRACE_CONT, pid, 0 if event else os.WSTOPSIG(status))
        return False

    def _is_command(self, pid):
        line = or_none(Process(pid).command_line) or [""]
        return [os.path.basename(line[0]), *line[1:]] == self._command

    def _is_waited_for(self):
        """Whether a child that has a parent held back has ended, or sleeps and sleeps."""
        states = [or_none(Process(c).state) for c in self._held.values() if c not in self._held]
        self._asleep = self._asleep + 1 if set(states) == {"S"} else 0
        return None in states or "Z" in states or self._asleep > CALM

    def _let_go(self):
        """Let the parents go on that were held back."""
        for pid in self._held:
            _try(PTRACE_CONT, pid)
        self._held.clear()
        self._asleep = 0


def _wait(pid):
    """Return what waitpid(2) says at once; (pid, 0) if it is followed no more."""
    try:
        return os.waitpid(pid, os.WNOHANG | WALL)
    except ChildProcessError:  # it ended when another thread of it executed something
        return pid, 0


def _ptrace(request, pid, data=0):
    """Call ptrace(2) without an address."""
    linux.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    if linux.libc.ptrace(request, pid, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"ptrace of process {pid}")


def _try(request, pid, data=0):
    """Call ptrace(2); whether it did anything: it does not to what runs, or has ended."""
    with contextlib.suppress(OSError):
        _ptrace(request, pid, data)
        return True
    return False


def _message(pid):
    """Return the number that an event is about."""
    number = ctypes.c_ulong()
    _ptrace(PTRACE_GETEVENTMSG, pid, ctypes.addressof(number))
    return number.value


def _is_process(pid):
    """Whether it is a process, and no thread of one."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        return int(status.read().partition("Tgid:")[2].split()[0]) == pid
    return False

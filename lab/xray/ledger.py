"""The ledger of the X-ray: each call that matters, from its entry to its exit."""

import errno
import os

from lab.xray import arguments, open_files, stops
from lab.xray.calls import CALLS, CONDITIONS, ON_OPEN_FILES
from lab.xray.effects import BIRTHS, Effects
from lab.xray.record import Call
from lab.xray.source import Source

MOST = 20_000  # calls that are kept
FOLDERS = ("mkdir", "mkdirat", "rmdir", "unlinkat")
EXECS = ("execve", "execveat")
RESTARTED = range(512, 517)  # ERESTARTSYS and its like: a signal came first, it begins anew


class Pending:
    """A call between its entry and its exit."""

    def __init__(self, name, numbers, values=(), texts=()):
        self.name, self.numbers, self.values, self.texts = name, numbers, values, texts
        self.number = None  # in the ledger; None if it is not for the ledger
        self.before = self.line = self.birth = self.replaced = None


class Ledger:
    """The calls of one run."""

    def __init__(self, host_pid, traced):
        self.effects = Effects(host_pid, traced)
        self._source = Source(host_pid)
        self.start()

    def start(self):
        """Begin anew."""
        self._kept, self._count = {}, 0

    def calls(self):
        """Return what was kept, in the order in which the calls began."""
        return [self._write_down(*self._kept[number]) for number in sorted(self._kept)]

    @property
    def is_complete(self):
        """Whether nothing was left out."""
        return self._count <= MOST

    def enter(self, tracee, info):
        """Note what a call is about to do, if it matters."""
        tracee.pending = None
        call = CALLS.get(info.number)
        if call is None and tracee.family.watched:
            call = ON_OPEN_FILES.get(info.number)
        if call is None or not _meets_condition(call[0], info.arguments):
            return
        name, kinds = call
        values, texts = arguments.read(tracee, kinds, info.arguments)
        if not _matters(tracee, name, values, info.arguments):
            return
        if name in open_files.CLOSING:
            open_files.closing(tracee.family.watched, name, info.arguments)
        else:
            tracee.pending = Pending(name, info.arguments, values, texts)
            if name not in open_files.BOOKKEEPING:
                self._open_entry(tracee, tracee.pending)

    def _open_entry(self, tracee, pending):
        """Give a call its place, and look at what it may change."""
        self._count += 1
        pending.number = self._count
        pending.line = _line(tracee)
        if pending.line:
            self._source.remember(pending.line.file)
        pending.program = tracee.family.names[-1] if tracee.family.names else "?"
        try:
            pending.before = self.effects.before(tracee.tid, pending.name, pending.values)
        except OSError:
            pass  # it has been killed

    def leave(self, tracee, result):
        """Note what came of a call."""
        pending, tracee.pending = tracee.pending, None
        number = -result if -4096 < result < 0 else 0
        if pending.number is None:
            open_files.doubled(tracee.family.watched, pending.name, pending.numbers, result)
        elif number in RESTARTED:
            pass
        elif number:
            self._keep(tracee, pending, -1, _name_of(number), os.strerror(number), {})
        else:
            self._keep(tracee, pending, result, None, *self._effect(tracee, pending))
            if pending.name in open_files.OPENING and open_files.opened(tracee, result):
                for tid in tracee.family.tids - {tracee.tid}:
                    stops.interrupt(tid)  # another thread may be the one that writes

    def abandon(self, tracee):
        """Note that a process has ended in the middle of a call."""
        pending, tracee.pending = tracee.pending, None
        if pending and pending.number is not None:
            self._keep(tracee, pending, None, None, "the process ended in this call", {})

    def _effect(self, tracee, pending):
        """Return (sentence, facts) about a call that has succeeded."""
        if pending.name in BIRTHS:
            return pending.birth or ("", {})
        if pending.name in EXECS:
            names = tracee.family.names
            facts = {"former": pending.program, "program": names[-1]}
            facts["is_command"] = tracee.family.is_command
            return f"the same process now executes {names[-1]}, not {pending.program}", facts
        if pending.before is None:
            return "", {}
        try:
            return self.effects.after(tracee.tid, pending.name, pending.values, pending.before)
        except OSError:
            return "", {}  # it has been killed since

    def _keep(self, tracee, pending, *outcome):
        """Keep a call; it is written down when there is time, not while its process stops."""
        if pending.number <= MOST:
            self._kept[pending.number] = (tracee.tid, tracee.family, pending, *outcome)

    def _write_down(self, tid, family, pending, result, error, effect, facts):
        """Return a call as it is told to others."""
        line = pending.line
        try:
            number = line and line.number
        except IndexError:  # what was read was no table of lines
            line = number = None
        return Call(
            number=pending.number,
            name=pending.name,
            arguments=pending.values,
            shown=f"{pending.name}({', '.join(pending.texts)})",
            pid=family.pid,
            tid=tid,
            pid_host=family.pid_host,
            pid_inside=family.pid_inside,
            program=pending.program,
            file=line and line.file,
            line=number,
            text=line and self._source.text(line.file, number),
            function=line and line.function,
            result=result,
            error=error,
            effect=effect,
            facts=facts,
            quiet=not error and (pending.name in open_files.OPENING or "thread" in facts),
        )


def _meets_condition(name, numbers):
    """Whether a call would have stopped at the filter: without one, we do its work."""
    if name not in CONDITIONS:
        return True
    argument, bits = CONDITIONS[name]
    return bool(numbers[argument] & bits)


def _matters(tracee, name, values, numbers):
    """Whether a call is one to follow to its exit."""
    if name in open_files.OPENING:
        return bool(open_files.KERNEL_FILES.search(_path(name, values)))
    if name in FOLDERS:
        return "cgroup" in _whole_path(tracee.tid, name, values)
    if name in open_files.WRITING or name in open_files.BOOKKEEPING:
        return open_files.matters(tracee.family.watched, name, values, numbers)
    return True


def _path(name, values):
    """Return the path among the arguments of a call: with "at" the second, otherwise the first."""
    path = values[1 if name in ("openat", "openat2", "mkdirat", "unlinkat") else 0]
    return path if isinstance(path, str) else ""


def _whole_path(tid, name, values):
    """Return the path from the root."""
    path = _path(name, values)
    if path.startswith("/"):
        return path
    above = values[0] if name.endswith("at") else None
    return f"{above or os.readlink(f'/proc/{tid}/cwd')}/{path}"


def _line(tracee):
    """Return the line of the Python program that makes a call, or None."""
    try:
        interpreter = tracee.family.program.interpreter(tracee.tid, tracee.memory)
        if interpreter is None:
            return None
        return interpreter.line(tracee.memory, lambda: stops.thread_pointer(tracee.tid))
    except (OSError, ValueError, IndexError):
        return None  # Python is just starting, or ending, or not one that we know


def _name_of(number):
    """Return the name of an errno."""
    return errno.errorcode.get(number, str(number))

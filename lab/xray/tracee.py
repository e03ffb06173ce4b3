"""A process under the X-ray, and what is remembered of it from stop to stop."""

import os
import re

from lab.xray import frames
from lab.xray.memory import Memory

_STATUS = re.compile(r"^(Tgid|NSpid):\s+(.*)$", re.M)


class Program:
    """What a process executes; children have the same until they execute another."""

    def __init__(self, words=()):
        self.words = list(words)
        self._interpreter = None
        self._is_unknown = True

    def interpreter(self, tid, memory):
        """Return the Python interpreter in it, or None."""
        if self._is_unknown:
            self._interpreter = frames.find(tid, memory)
            self._is_unknown = False
        return self._interpreter


class Family:
    """A process: what its threads have in common."""

    def __init__(self, pid, numbers, parent=None):
        self.pid, self.parent = pid, parent
        self.pid_host, self.pid_inside = numbers[min(1, len(numbers) - 1)], numbers[-1]
        self.program = parent.program if parent else Program()
        self.names = parent.names[-1:] if parent else []
        self.watched = set(parent.watched) if parent else set()  # descriptors: see tracer
        self.tids = set()
        self.threads, self.born, self.status = 0, None, None
        self.is_command = self.was_killed = False

    def execute(self, tid, program):
        """Note the program that it executes from now on."""
        self.program = program
        self.names = [*self.names, os.path.basename(program.words[0]) if program.words else "?"]
        self.watched = {fd for fd in self.watched if os.path.lexists(f"/proc/{tid}/fd/{fd}")}


class Tracee:
    """One thread."""

    def __init__(self, tid, family):
        self.tid, self.family = tid, family
        family.tids.add(tid)
        self.pending = None  # the call that it is in, if that matters
        self.is_inside = False  # any call
        self._memory = None

    @property
    def memory(self) -> Memory:
        """Its memory."""
        if self._memory is None:
            self._memory = Memory(self.tid)
        return self._memory

    def forget_memory(self):
        """It executes another program, or has ended: its memory is another's."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None


def numbers_of(tid):
    """Return (number of the process, its numbers from the outermost PID namespace inwards)."""
    with open(f"/proc/{tid}/status") as file:
        found = dict(_STATUS.findall(file.read()))
    return int(found["Tgid"]), [int(number) for number in found["NSpid"].split()]


def executed(tid):
    """Return the words of the program that a process has just begun to execute."""
    with open(f"/proc/{tid}/cmdline", "rb") as file:
        return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]

"""The tracer: follows a program and all that it starts.

A process stops at the calls that the filter (lab.xray.filter) picks, is led from the entry
of such a call to its exit, and runs at full speed otherwise.  Where filters are not allowed
it stops at every call.
"""

import os
import signal
import time

from lab.process import exit_status
from lab.xray import frames, stops, worlds
from lab.xray.calls import CALLS
from lab.xray.ledger import Ledger
from lab.xray.record import Life
from lab.xray.tracee import Family, Program, Tracee, executed, numbers_of

STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


class Tracer:
    """Follows one program until it and all that it started have ended."""

    def __init__(self, host_pid, command, finished):
        """`command` is what it is expected to execute; `finished` is called at its end."""
        self.families = []
        self.ledger = Ledger(host_pid, lambda: [f.pid for f in self.families if f.tids])
        self.filtered, self.worlds, self.began, self.ended = False, None, None, None
        self._host, self._command, self._finished = host_pid, command, finished
        self._tracees, self._early, self._likeness = {}, {}, 0
        self._gate_is_open = False

    def follow(self, pid):
        """Take hold of the program, which stands at its gate, and follow it to the end."""
        stops.seize(pid)
        self._add(pid, None)
        while True:
            stop = stops.wait()
            if stop is None:
                return
            try:
                self._attend(stop)
            except (OSError, ValueError):  # it was killed while we looked: all we can do is go on
                self._go_on(self._tracees.get(stop.tid))

    def kill_all(self):
        """Kill what is left; its end will be seen, and is not its own."""
        for tracee in list(self._tracees.values()):
            tracee.family.was_killed = True
        for tid in [*self._tracees, *self._early]:
            try:
                os.kill(tid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def lives(self):
        """Return what became of each process."""
        return [_life(family) for family in self.families]

    @property
    def status(self):
        """The exit status of the program, as a shell would say; None if it goes on."""
        return self.families[0].status if self.families else None

    def _attend(self, stop):
        """See to one process that has stopped or ended."""
        tracee = self._tracees.get(stop.tid)
        if stop.ended is not None:
            self._end(stop)
        elif tracee is None:
            self._early[stop.tid] = stop  # it waits until its parent has told of the birth
        elif stop.event == stops.EVENT_STOP and stop.signal in STOPPING:
            self._stand_still(stop.tid)
        elif stop.event == 0 and stop.signal != stops.AT_CALL:
            self._go_on(tracee, stop.signal)
        else:
            self._note(tracee, stop)
            self._go_on(self._tracees.get(stop.tid))

    def _note(self, tracee, stop):
        """Note what an event or a call is about."""
        if stop.signal == stops.AT_CALL:
            self._at_call(tracee)
        elif stop.event == stops.EVENT_SECCOMP:
            self.filtered = tracee.is_inside = True
            self.ledger.enter(tracee, stops.call_info(stop.tid, False))
        elif stop.event in stops.BIRTHS:
            self._birth(tracee, stops.message(stop.tid))
        elif stop.event == stops.EVENT_EXEC:
            self._execute(tracee, stops.message(stop.tid))
        elif stop.event == stops.EVENT_EXIT and tracee.family.is_command:
            # COMMAND is about to end, and its world is still there.
            self.worlds = worlds.compare(self._host, stop.tid)

    def _go_on(self, tracee, signum=0):
        """Let it go on: to its next call if that may matter, else to the filter's choice."""
        if tracee is None:
            return
        if self.began is None and signum == signal.SIGCONT:
            signum = 0  # it was we who sent it
        every = tracee.pending or tracee.family.watched
        every = every or (self._gate_is_open and not self.filtered)
        tracee.is_inside = tracee.is_inside and bool(every)  # else it will not stop at the exit
        stops.resume(tracee.tid, signum, to_next_call=bool(every))

    def _stand_still(self, tid):
        """Leave a stopped process stopped, as job control has it; at the gate, start it."""
        if not self._gate_is_open:
            self._gate_is_open = True
            frames.find(
                tid, self._tracees[tid].memory
            )  # most often it is the program's Python, and known then
            os.kill(tid, signal.SIGCONT)
            stops.resume(tid, to_next_call=True)
        else:
            stops.listen(tid)

    def _at_call(self, tracee):
        """It stopped at the entry or the exit of a call, because we asked for the next."""
        info = stops.call_info(tracee.tid, tracee.is_inside)
        tracee.is_inside = info.where == stops.AT_ENTRY
        if info.where == stops.AT_EXIT:
            if tracee.pending:
                self.ledger.leave(tracee, info.result)
        # What the filter picks stops a second time, right after this, with EVENT_SECCOMP.
        elif not (self.filtered and info.number in CALLS):
            self.ledger.enter(tracee, info)

    def _birth(self, parent, tid):
        """Follow a new child; if it was here before the news, let it go on."""
        early = self._early.pop(tid, None)
        try:
            self._enter_in_family(parent, self._add(tid, parent))
        finally:
            if early:
                self._attend(early)

    def _enter_in_family(self, parent, child):
        """Note which call a child was born of."""
        call = parent.pending
        if call and child.family is parent.family:
            call.birth = "a thread", {"thread": True}
        elif call:
            child.family.born = call.number
            call.birth = f"process {child.family.pid_host} is born", {"child": child.family.pid}
            words, facts = self.ledger.effects.born(parent.tid, child.tid, call.values)
            call.birth = call.birth[0] + words, facts

    def _add(self, tid, parent):
        """Begin to follow a process or a thread that was just born."""
        pid, numbers = numbers_of(tid)
        if parent and parent.family.pid == pid:
            family = parent.family
            family.threads += 1
        else:
            family = Family(pid, numbers, parent.family if parent else None)
            self.families.append(family)
        self._tracees[tid] = tracee = Tracee(tid, family)
        return tracee

    def _execute(self, tracee, former):
        """Note that a process executes another program from now on."""
        caller = self._tracees.get(former)
        if caller and caller is not tracee:  # a thread did, and became the process
            tracee.pending, caller.pending = caller.pending, None
            self._forget(former)
        tracee.forget_memory()
        if self._gate_is_open and self.began is None:
            self._begin(tracee)
        family = tracee.family
        family.execute(tracee.tid, Program(executed(tracee.tid)))
        if self._is_command(family.program.words):
            for other in self.families:
                other.is_command = other is family
            stops.set_options(tracee.tid, stops.OPTIONS | stops.TRACE_EXIT)

    def _begin(self, tracee):
        """The program begins; what happened at the gate is no business of anybody's."""
        self.ledger.start()
        tracee.pending, tracee.family.names = None, []
        self.began = time.perf_counter()

    def _is_command(self, words):
        """Whether this is COMMAND, exactly, or at least the same program."""
        if not (self._command and words):
            return False
        same = os.path.basename(words[0]) == os.path.basename(self._command[0])
        likeness = same + (same and words[1:] == self._command[1:])
        better = likeness > self._likeness or likeness == self._likeness == 1
        self._likeness = max(likeness, self._likeness)
        return better

    def _end(self, stop):
        """Note that a process or a thread has ended."""
        tracee = self._tracees.get(stop.tid)
        self._early.pop(stop.tid, None)
        if tracee is None:
            return
        self.ledger.abandon(tracee)
        self._forget(stop.tid)
        family = tracee.family
        if stop.tid == family.pid:
            if not family.was_killed:
                family.status = exit_status(os.waitstatus_to_exitcode(stop.ended))
        for tid in list(self._early):  # nobody will tell of their birth any more
            if tid not in self._tracees and not self._tracees_of_parent(tid):
                self._birth(tracee, tid)
        if family is self.families[0] and stop.tid == family.pid:
            self.ended = time.perf_counter()
            self._finished()

    def _tracees_of_parent(self, tid):
        """Return the threads that may still tell of a birth."""
        with open(f"/proc/{tid}/stat") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
        return [t for t in self._tracees.values() if t.family.pid == parent]

    def _forget(self, tid):
        """Stop following a thread that is no more."""
        tracee = self._tracees.pop(tid)
        tracee.family.tids.discard(tid)
        tracee.forget_memory()


def _life(family):
    """Return what became of a process, as it is told to others."""
    return Life(
        family.pid,
        family.pid_host,
        family.pid_inside,
        family.parent.pid if family.parent else 0,
        family.names,
        family.born,
        family.threads,
        family.status,
        family.is_command,
    )

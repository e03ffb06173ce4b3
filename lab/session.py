"""Runs of a learner's program: one that ends by itself, and one that is held open."""

import contextlib
import os
import signal

from lab.process import descendants
from lab.streams import Streams
from lab.view import View, or_none

with open("/proc/cpuinfo") as _cpuinfo:
    IS_EMULATED = "User Mode Linux" in _cpuinfo.read()
PATIENCE = 50.0 if IS_EMULATED else 5.0  # seconds for an answer
ODD_WORDS = ["two  words", "", "$HOME", "*", ";"]


class Run:
    """One run of the program that ends by itself."""

    def __init__(self, start, arguments):
        """Begin it: `start` takes the arguments and three descriptors."""
        self.arguments = arguments
        self.status = None  # until the end, and for good if there is no end
        self._streams = Streams()
        self._child = start(arguments, self._streams.theirs)
        self._streams.release()

    def __getstate__(self):
        """What can be told to another process: all but open descriptors."""
        return {name: value for name, value in vars(self).items() if name[0] != "_"}

    def finish(self, patience=PATIENCE):
        """Wait for the end, and keep what was printed."""
        try:
            self.status = self._child.wait(patience)
        except TimeoutError:
            self._child.kill()
        self._child.close()
        self.output, self.errors = self._streams.finish()
        return self


class Session(Run):
    """One run of the program whose COMMAND is a shell, held open and asked things.

    When the shell has answered, the container is up: no sleep, no guess.
    """

    def __init__(self, start, first_line=""):
        """Begin it; the shell will find the first line waiting."""
        self.words = ["sh", "-s", os.urandom(8).hex(), *ODD_WORDS]
        super().__init__(start, ["run", *self.words])
        self.view = self.process = None
        self._streams.write(first_line)

    def greet(self):
        """Wait until it is up, and say so; keep what was printed before the first answer."""
        self.greeting = self.ask(":")
        self.is_up = self.greeting is not None
        return self.is_up

    def look(self, lab):
        """Find COMMAND among the processes of the lab host, and look at it."""
        self.launcher_waits = self._child.is_alive()
        below = [(p, or_none(p.command_line) or [""]) for p in descendants(lab.pid)]
        shells = [(p, line) for p, line in below if _is_shell(line, self.words[2])]
        exact = [(p, line) for p, line in shells if line[1:] == self.words[1:]]
        number = (self.ask("echo $$") or "").strip() if len(exact) > 1 else None
        for process, line in exact or shells:
            if number in (None, str(or_none(process.pid_inside))):  # a decoy does not answer
                self.process, self.command_line = process, line
                self.view = or_none(lambda: View(lab, self.process))
                return

    def give_up(self):
        """Put an end to a run that came to nothing, if it has not ended by itself."""
        return self.finish(PATIENCE / 10)

    def ask(self, line, patience=PATIENCE):
        """Have the shell run a line; return what it printed, None if no end was seen."""
        mark = os.urandom(8).hex()
        if not self._streams.write(f"{line}\necho {mark}\n"):
            return None
        return self._streams.read_until(1, f"{mark}\n", patience)

    def ask_for_error(self, word):
        """Have the shell write a word to its stderr; whether it arrived."""
        self._streams.write(f"echo {word} >&2\n")
        return self._streams.read_until(2, f"{word}\n", PATIENCE) is not None

    def interrupt(self):
        """Press Ctrl-C; whether the shell, which is prepared, noticed and goes on."""
        self._streams.write("trap 'echo interrupted' INT; echo ready; read line\n")
        self._streams.read_until(1, "ready\n", PATIENCE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGINT)
        noticed = self._streams.read_until(1, "interrupted\n", PATIENCE / 2) is not None
        self._streams.write("\n")  # for a `read` that goes on after the signal
        return self.ask("trap : INT") is not None and noticed and self._child.is_alive()

    def kill(self):
        """Kill COMMAND from outside, and wait for the launcher's end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        return self.finish()

    def leave(self, last_line):
        """Say a last line to the shell, and wait for the launcher's end."""
        self._streams.write(last_line)
        self._streams.close_input()
        return self.finish()


def _is_shell(line, token):
    """Whether this is COMMAND, exactly or distorted, and not the program that runs it."""
    return os.path.basename(line[0]) == "sh" and token in line[:4]

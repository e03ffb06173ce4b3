"""Runs of a learner's program: one that ends by itself, and one that is held open."""

import contextlib
import os
import signal
import sys
import time

from lab import ROOT
from lab.catch import Catch
from lab.lenience import NONE
from lab.process import Process, descendants
from lab.streams import Streams
from lab.view import Launcher, View, or_none

with open("/proc/cpuinfo") as _cpuinfo:
    IS_EMULATED = "User Mode Linux" in _cpuinfo.read()
PATIENCE = 50.0 if IS_EMULATED else 5.0  # seconds for an answer
ODD_WORDS = ["two  words", "", "$HOME", "*", ";"]


class Run:
    """One run of the program that ends by itself."""

    def __init__(self, start, arguments, lenience=NONE):
        """Begin it: `start` takes the arguments and three descriptors."""
        self.arguments = arguments
        self.status = None  # until the end, and for good if there is no end
        self._streams = Streams(lambda: lenience.later(descendants(self._child.pid)))
        self._child = start(arguments, self._streams.theirs)
        self._streams.release()

    def __getstate__(self):
        """What can be told to another process: all but open descriptors."""
        return {name: value for name, value in vars(self).items() if name[0] != "_"}

    def catch(self, command):
        """Follow it until it executes COMMAND; a context in which that stands still."""
        return Catch(self._child.pid, command)

    def finish(self, patience=PATIENCE):
        """Wait for the end, and keep what was printed."""
        self._streams.read_until_ready(self._child.pidfd, patience)
        try:
            self.status = self._child.wait(0 if self._child.is_alive() else PATIENCE)
        except TimeoutError:
            self._child.kill()
        self._child.close()
        self.output, self.errors = self._streams.finish()
        return self


class Session(Run):
    """One run of the program whose COMMAND is a shell, held open and asked things.

    When the shell has answered, the container is up: no sleep, no guess.
    """

    def __init__(self, start, first_line="", lenience=NONE):
        """Begin it; the shell will find the first line waiting."""
        self.words = ["sh", "-s", os.urandom(8).hex(), *ODD_WORDS]
        super().__init__(start, ["run", *self.words], lenience)
        self.view = self.process = self.launcher = None
        self.is_silent = False  # one question without an answer, and no more are asked
        self._streams.write(first_line)

    def greet(self):
        """Wait until it is up, and say so; keep what was printed before the first answer."""
        self.greeting = self.ask(":")
        self.is_up = self.greeting is not None
        return self.is_up

    def look(self, lab):
        """Find COMMAND among the processes of the lab host, and look at it."""
        self._look_at_launcher(lab)
        below = [(p, or_none(p.command_line) or [""]) for p in descendants(lab.pid)]
        self.saw_shell = any(os.path.basename(line[0]) == "sh" for _, line in below)
        shells = [(p, line) for p, line in below if _is_shell(line, self.words[2])]
        exact = [(p, line) for p, line in shells if line[1:] == self.words[1:]]
        shells = exact or shells
        number = (self.ask("echo $$") or "").strip() if len(shells) > 1 else None
        for process, line in shells:
            if number in (None, str(or_none(process.pid_inside))):  # a decoy does not answer
                self.process, self.command_line = process, line
                self.view = or_none(lambda: View(lab, self.process))
                return

    def mounts(self):
        """Return the mounts of the container; all, if the launcher is there to show them.

        After chroot(2) a process is shown only those below its root.
        """
        launcher, namespaces = self.launcher, self.view.namespaces
        if launcher and launcher.root == "/" and launcher.namespaces["mnt"] == namespaces["mnt"]:
            return launcher.mounts
        return self.view.mounts

    def give_up(self):
        """Put an end to a run that came to nothing, if it has not ended by itself."""
        return self.finish(PATIENCE / 10)

    def ask(self, line, patience=PATIENCE):
        """Have the shell run a line; return what it printed, None if no end was seen."""
        mark, answer = os.urandom(8).hex(), None
        if not self.is_silent and self._streams.write(f"{line}\necho {mark}\n"):
            answer = self._streams.read_until(1, f"{mark}\n", patience)
        self.is_silent = answer is None
        return answer

    def ask_while(self, line, look, every, patience):
        """The same as `ask`; `look` is called again and again until the answer is there."""
        mark, answer, deadline = os.urandom(8).hex(), None, time.monotonic() + patience
        self._streams.write(f"{line}\necho {mark}\n")
        while answer is None and self._child.is_alive() and time.monotonic() < deadline:
            look()
            answer = self._streams.read_until(1, f"{mark}\n", every)
        self.is_silent = answer is None
        return answer

    def _look_at_launcher(self, lab):
        """See whether it is there, and look at it while it is."""
        self.launcher_waits = self._child.is_alive()
        seen = or_none(lambda: Launcher(lab, Process(self._child.pid)))
        self.launcher = seen or self.launcher

    def ask_for_error(self, word, lab):
        """Have the shell write a word to its stderr; whether it arrived."""
        if self.is_silent:
            return False
        self._streams.write(f"echo {word} >&2\n")
        arrived = self._streams.read_until(2, f"{word}\n", PATIENCE) is not None
        self._look_at_launcher(lab)  # once more: it has had time for what it does after fork
        return arrived

    def interrupt(self):
        """Press Ctrl-C; keep whether the shell, which is prepared, noticed and goes on."""
        self._streams.write("trap 'echo interrupted' INT; echo ready; read line\n")
        self._streams.read_until(1, "ready\n", PATIENCE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGINT)
        self.noticed = self._streams.read_until(1, "interrupted\n", PATIENCE / 2) is not None
        self._wait_for_launcher()
        self._streams.write("\n")  # for a `read` that goes on after the signal
        self.goes_on = self.ask("trap : INT") is not None
        self.launcher_stays = self._child.is_alive()

    def _wait_for_launcher(self):
        """Let the launcher do what it does about Ctrl-C, until it sleeps again or ends."""
        launcher, deadline = Process(self._child.pid), time.monotonic() + PATIENCE
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            while not launcher.is_done_with(signal.SIGINT) and time.monotonic() < deadline:
                if launcher.state() == "Z":
                    return
                time.sleep(0.001)

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
    return os.path.basename(line[0]) == "sh" and token in " ".join(line)


def of_program(host, program: str) -> Session:
    """Return a session of a program on a lab host, looked at if a shell answers in it."""
    argv = [sys.executable, program]
    session = Session(lambda words, streams: host.spawn([*argv, *words], streams, cwd=ROOT))
    if session.greet():
        session.look(host)
    return session

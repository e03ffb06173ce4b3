"""The magics of the notebooks, %load_ext lab.magics: the workshop's commands, drawn.

Each runs the command that `make` runs, in another process (lab.client), and shows what it
said.  Nothing is done to the kernel's own process.
"""

import json
import os
import re
import sys
import time

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from lab import ROOT, client, course, exercise, guard, notebook, progress
from lab.guard import Stop
from lab.pictures import memory, namespaces, verdict, xray

STEPS = " ".join(str(number + 1) for number in range(len(course.STEPS)))
LARGEST = 100_000  # bytes of what is typed, which is one word to a shell
WORST = 4  # the highest status that a command ends with by itself: see lab.commands
LONGEST_NUMBER = 9  # digits
REDRAW = 0.1  # seconds between two pictures of a curve that grows
AHEAD = """\
your file is ahead of this cell, which shows it now; nothing was saved
(if you want to begin again: %reset_step {}, and then run this cell once more)"""
_PROGRAM = re.compile(r"(?:--program\s+(\S+)\s*)?(.*)", re.S)


def load_ipython_extension(shell):
    """Begin: called by %load_ext."""
    shell.register_magics(Workshop)
    guard.stand()
    print("ready: the magics of the workshop are loaded")


@magics_class
class Workshop(Magics):
    """What can be typed in a notebook of the workshop."""

    @no_var_expand
    @cell_magic("exercise")
    def save_exercise(self, line, cell):
        """Save this cell as your container.py of a step: %%exercise N."""
        step, rest = _step_and(line, "%exercise")
        over = re.fullmatch(r"(?:--over +(\w+))?", rest)
        if not over:
            raise Stop(f"%%exercise {step}, and nothing more in its line")
        try:
            print(exercise.save(step, cell, self._cell()["id"], over[1]))
        except exercise.Newer as newer:
            self._put(step, newer.text)
            print(AHEAD.format(step))
        except exercise.NotSaved as error:
            raise Stop(str(error)) from None
        except OSError as error:
            raise Stop(f"not saved: {error}") from None

    @line_magic("exercise")
    def take_exercise(self, line):
        """Show your container.py of a step in this cell: %exercise N."""
        step = _step(line, "exercise")
        cell = self._cell()
        if cell["text"].strip().count("\n"):
            raise Stop(
                "%exercise puts your program in the place of its cell: give it one of its own"
            )
        try:
            self._put(step, exercise.take(step, cell["id"]))
        except FileNotFoundError:
            raise Stop(f"the file is gone: %reset_step {step} brings it back") from None
        except (OSError, exercise.NotSaved) as error:
            raise Stop(str(error)) from None

    def _cell(self):
        """Return the cell that runs: its text, and what JupyterLab knows it by."""
        asked = getattr(self.shell, "get_parent", dict)()
        text = asked.get("content", {}).get("code", "")
        return {"text": text, "id": asked.get("metadata", {}).get("cellId")}

    def _put(self, step, text):
        """Let this cell be the exercise cell of a step, with a text."""
        self.shell.set_next_input(f"%%exercise {step}\n{text.rstrip()}", replace=True)

    @no_var_expand
    @line_magic
    def check(self, line):
        """Judge your container.py of a step: %check N."""
        step = _step(line, "check")
        begin = time.perf_counter()
        results = _told(["check", str(step), "--json"])
        if results:
            if exercise.is_refused(step):
                print(
                    "judged is your file, and not the cell: it was not saved when you ran it last"
                )
            notes = progress.regressions(results, progress.history(step))
            display(verdict.picture(results, notes, time.perf_counter() - begin))

    @no_var_expand
    @line_magic
    def run_step(self, line):
        """Run a command in your container: %run_step N COMMAND."""
        step, command = _step_and(line, "run_step")
        if not command:
            raise Stop(f"which command? for example: %run_step {step} hostname")
        _ended(_run(["run", str(step), command], _print))

    @no_var_expand
    @line_magic
    def xray(self, line):
        """Draw your lines beside what the kernel did: %xray N [--program FILE] [COMMAND]."""
        step, rest = _step_and(line, "xray")
        told = _traced(step, rest)
        if told:
            display(xray.picture(told, step))

    @no_var_expand
    @line_magic
    def namespaces(self, line):
        """Draw which namespaces your container shares with its host: %namespaces N [COMMAND]."""
        step, rest = _step_and(line, "namespaces")
        told = _traced(step, rest)
        if told:
            title = f"step {step} · {course.title(step)}: the namespaces"
            display(namespaces.picture(told["worlds"], title))

    @no_var_expand
    @line_magic
    def memory_curve(self, line):
        """Draw the memory of your container until the kernel kills: %memory_curve N."""
        step = _step(line, "memory_curve")
        told, curve = [], _Curve()
        _told(["memory-curve", str(step), "--json"], told, lambda: curve.draw(told))
        if told:
            curve.draw(told, is_last=True)

    @no_var_expand
    @line_magic
    def hint(self, line):
        """Give one more hint for a step: %hint N."""
        step = _step(line, "hint")
        _show(["hint", str(step)])

    @no_var_expand
    @line_magic
    def diff(self, line):
        """Show what you changed in a step: %diff N."""
        step = _step(line, "diff")
        _run(["diff", str(step)], _print)  # much of it is the learner's own

    @no_var_expand
    @line_magic
    def reset_step(self, line):
        """Begin a step again, with a copy of your work kept: %reset_step N."""
        step = _step(line, "reset_step")
        _show(["reset", str(step)])
        print(f"to see it in a cell of its own: %exercise {step}")

    @no_var_expand
    @line_magic
    def status(self, line):
        """Say which of your steps pass: %status [YOUR NAME], for the certificate."""
        _show(["status", *line.split()])

    @no_var_expand
    @cell_magic
    def lab(self, line, cell):
        """Type lines in a root shell on a lab host: %%lab."""
        _no_words(line, "%%lab")
        _ended(_run(["lab", cell], _print))

    @no_var_expand
    @cell_magic
    def host(self, line, cell):
        """Type lines in a shell on your machine, in the folder of the workshop: %%host."""
        _no_words(line, "%%host")
        _ended(client.run_here(_typeable(["bash", "-c", "--", cell]), _print))


class _Curve:
    """A picture that is drawn again and again in the same place."""

    def __init__(self):
        self._place, self._drawn = None, 0.0

    def draw(self, told, is_last=False):
        """Draw what is known by now, if the last picture is not too young."""
        if not is_last and time.monotonic() < self._drawn + REDRAW:
            return
        self._drawn = time.monotonic()
        if self._place:
            self._place.update(memory.picture(told))
        else:
            self._place = display(memory.picture(told), display_id=True)


def _step(line, magic):
    """Return the number of a step, alone in the line of a magic; Stop if it is not."""
    step, rest = _step_and(line, magic)
    if rest:
        raise Stop(f"%{magic} {step}, and nothing more: what is {rest!r}?")
    return step


def _step_and(line, magic):
    """Return the number of a step, and what else is in the line of a magic, as it was typed."""
    first, _, rest = line.strip().partition(" ")
    is_number = first.isdecimal() and len(first) < LONGEST_NUMBER
    if not (is_number and 1 <= int(first) <= len(course.STEPS)):
        what = f"there is no step {first!r}." if first else "which step?"
        raise Stop(f"{what}  Steps are {STEPS}, for example: %{magic} 1")
    return int(first), rest.strip()


def _no_words(line, magic):
    """Complain about words beside the name of a magic."""
    if line.strip():
        raise Stop(f"{magic} stands alone; the commands go into the lines below it")


def _typeable(words):
    """Return words that can be typed; Stop if they cannot be given to a program."""
    size = sum(len(word.encode(errors="replace")) for word in words)
    if size > LARGEST:
        raise Stop(f"a command may have {LARGEST} bytes, and this one has {size}")
    if any("\0" in word for word in words):
        raise Stop("there is a NUL in it, which no command can have")
    return words


def _show(words):
    """Run a command that speaks of commands, and show what it says in the words of a notebook."""
    _run(words, lambda text, stream: _print(notebook.in_notebook(text), 1))


def _print(text, stream):
    """Show a text at once."""
    to = sys.stdout if stream == 1 else sys.stderr
    to.write(text)
    to.flush()


def _run(words, show, **options):
    """Run a command of the workshop; Stop where there is no way to."""
    try:
        return client.run(_typeable(words), show, **options)
    except client.NoServerError as error:
        raise Stop(str(error)) from None


def _told(words, told=None, look=lambda: None):
    """Run a command that tells JSON, line by line; return what it told, and show what it said."""
    told, waiting = [] if told is None else told, [""]

    def listen(text, stream):
        if stream == 2:
            return _print(notebook.in_notebook(text), 2)
        *lines, waiting[0] = (waiting[0] + text).split("\n")
        told.extend(map(json.loads, lines))
        return look() if lines else None

    status = _run(words, listen, apart=True)
    if status > WORST:
        _ended(status)
    return told


def _traced(step, rest):
    """Run a step under the X-ray; return what it told, or None."""
    asked = _PROGRAM.fullmatch(rest)
    if rest.startswith("--") and not asked[1]:
        raise Stop("%xray N [--program FILE] [COMMAND]")
    program = ["--program", os.path.join(ROOT, asked[1])] if asked[1] else []
    told = _told(["xray", str(step), "--json", *program, "--", asked[2]])
    if told:
        _print(told[0]["output"] + told[0]["errors"], 1)
    return told[0] if told else None


def _ended(status):
    """Say how a command ended, if not well."""
    if status:
        killed = f", killed by signal {status - 128}" if status > 128 else ""
        _print(f"[exit status {status}{killed}]\n", 1)

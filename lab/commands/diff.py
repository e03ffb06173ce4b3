"""`make diff N`: what you changed in step N; once it passes, how the solution differs."""

import difflib
import os
import sys

from lab import course, difference, progress
from lab.commands import USAGE, step_number


def main(words):
    """Show how a step's file differs from its starter, and then from the solution."""
    step = step_number(words, "diff")
    path, starter = course.starter_path(step), progress.starter(step).decode()
    try:
        with open(path, "rb") as file:
            own = file.read()
    except FileNotFoundError:
        print(f"{os.path.relpath(path)} is gone; make reset {step} brings it back", file=sys.stderr)
        return USAGE
    text = own.decode(errors="replace")
    names = ("as given", os.path.relpath(path))
    lines = difflib.unified_diff(starter.splitlines(), text.splitlines(), *names, lineterm="")
    print("\n".join(lines) or f"step {step} is as it was given")
    if own != starter.encode():
        print(*_from_solution(step, own, text), sep="\n")
    return 0


def _from_solution(step, own, text):
    """Yield how the solution differs from what passes; not before, or there is no riddle left."""
    yield ""
    known = progress.known(step)
    if known.get("exit") != 0 or known["hash"] != progress.digest(own):
        yield f"How the solution differs is shown once this passes: make check-step {step}"
        return
    changed = difference.lines(step, text)
    yield "This passes.  The solution says it so:" if changed else "This is the solution."
    yield from changed

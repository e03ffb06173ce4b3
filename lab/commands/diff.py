"""`make diff N`: what you changed in step N."""

import difflib
import os
import sys

from lab import course
from lab.commands import USAGE, step_number


def main(words):
    """Show how a step's file differs from its starter."""
    step = step_number(words, "diff")
    path, starter = course.starter_path(step), course.starter(course.read_source(), step)
    if not os.path.exists(path):
        print(f"{os.path.relpath(path)} is gone; make reset {step} brings it back", file=sys.stderr)
        return USAGE
    with open(path, errors="replace") as file:
        own = file.read()
    names = ("as given", os.path.relpath(path))
    lines = difflib.unified_diff(starter.splitlines(), own.splitlines(), *names, lineterm="")
    print("\n".join(lines) or f"step {step} is as it was given")
    return 0

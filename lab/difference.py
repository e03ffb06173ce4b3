"""How a learner's program differs from the solution: only once it passes."""

import difflib
import os

from lab import course, progress

TODO = "# TODO: "  # a task of the starter, which says nothing about the program


def lines(step: int, own: str) -> list:
    """Return how to get from the text of a program to the solution of a step, as a diff."""
    without = [line for line in own.splitlines() if not line.strip().startswith(TODO)]
    solution = course.solution(course.read_source(), step).splitlines()
    names = (
        os.path.relpath(path) for path in (course.starter_path(step), course.solution_path(step))
    )
    return list(difflib.unified_diff(without, solution, *names, lineterm=""))


def summary(step: int, submission: str) -> str:
    """Say how much the learner's file differs; nothing if it is not what was judged."""
    own = progress.own(step)
    if progress.digest(own) != submission:
        return ""
    changed = [line for line in lines(step, own.decode(errors="replace"))[2:] if line[0] in "+-"]
    if not changed:
        return "yours, line by line"
    return f"says it in other words, {len(changed)} lines of the diff: make diff {step}"

"""`make status`: which steps pass; a file that has changed since is judged again."""

import hashlib
import os

from lab import course, files, judge
from lab.commands import check
from lab.host import LabError

WORDS = {0: "passes", 1: "does not pass yet", 3: "cannot all be checked here"}


def main(words):
    """Show a line for each step."""
    source = course.read_source()
    for step in range(1, len(course.STEPS) + 1):
        name = f"step {step} · {course.title(step)}"
        print(f"{name:22} {_state(step, course.starter(source, step))}", flush=True)
    return 0


def _state(step, starter):
    """Return what is to be said of a step, judging it if its file has changed."""
    path = course.starter_path(step)
    if not os.path.exists(path):
        return f"its file is gone; make reset {step} brings it back"
    with open(path, "rb") as file:
        text = file.read()
    if text == starter.encode():
        return "not begun"
    known = files.load("status").get(str(step), {})
    if known.get("hash") != hashlib.sha256(text).hexdigest():
        try:
            check.remember(step, judge.judge(path, step))
        except (LabError, judge.CheckerError) as error:
            return f"could not be judged: {error}"
        known = files.load("status")[str(step)]
    said = WORDS.get(known["exit"], "the checker failed")
    return f"{said}, {known['passed']} of {known['checks']} checks, {known['when']}"

"""`make hint N`: one more hint for each task of step N."""

import re
import sys

from lab import ROOT, course, files
from lab.commands import step_number

LEVELS = 3


def main(words):
    """Show the hints of a step, one level more each time."""
    step = step_number(words, "hint")
    given = files.load("hints")
    level = min(given.get(str(step), 0) + 1, LEVELS)
    for task, hints in read(step).items():
        print(f"{task}\n    {hints[level - 1]}\n")
    more = f"one more with: make hint {step}" if level < LEVELS else "there are no more"
    print(f"hint {level} of {LEVELS}; {more}", file=sys.stderr)
    files.save("hints", {**given, str(step): level})
    return 0


def read(step: int) -> dict:
    """Return the hints of each task of a step, in order, from its hints.md."""
    with open(f"{ROOT}/steps/{course.STEPS[step - 1]}/hints.md") as file:
        _, *sections = re.split(r"^## ", file.read(), flags=re.M)
    hints = {}
    for section in sections:
        task, _, text = section.partition("\n")
        numbered = re.split(r"^\d\. ", text, flags=re.M)[1:]
        hints[task] = [re.sub(r"\n *(?=\S)", "\n    ", hint.strip()) for hint in numbered]
    return hints

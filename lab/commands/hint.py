"""`make hint N`: one more hint for what step N fails by, or for its tasks."""

import re
import sys
import textwrap

from lab import ROOT, course, files, mistakes, progress
from lab.commands import step_number

LEVELS = mistakes.LEVELS


def main(words):
    """Show a hint, one level more each time: for the last verdict, else for each task."""
    step = step_number(words, "hint")
    own = progress.own(step)
    results = progress.last_results(step) if own != progress.starter(step) else []
    is_current = bool(results) and results[0]["submission_hash"] == progress.digest(own)
    if is_current and all(result["verdict"] == "pass" for result in results):
        print(f"step {step} passes as it is: there is nothing to hint at")
        return 0
    for result in progress.newest_first(results, progress.history(step))[:1]:
        mistake = mistakes.read().get(result["cause"])
        if mistake:
            return _for_mistake(step, result, mistake, is_current)
    return _for_tasks(step)


def _for_mistake(step, result, mistake, is_current):
    """Give one more hint for what a check found."""
    level = _next_level(result["cause"])
    print(f"✗ {result['title']}")
    if not is_current:
        print(f"    (when you last checked; the file has changed since: make check-step {step})")
    print(f"\n    {_wrapped(f'Likely: {mistake.sentence}.')}")
    print(f"\n    {_wrapped(mistake.hints[level - 1])}\n")
    return _count(step, level)


def _for_tasks(step):
    """Give one more hint for each task of a step."""
    level = _next_level(str(step))
    for task, hints in read(step).items():
        print(f"{task}\n    {hints[level - 1]}\n")
    return _count(step, level)


def _next_level(name):
    """Return which level of a ladder is next, and remember that it was given."""
    given = files.load("hints")
    level = min(given.get(name, 0) + 1, LEVELS)
    files.save("hints", {**given, name: level})
    return level


def _count(step, level):
    """Say where on the ladder this was."""
    more = f"one more with: make hint {step}" if level < LEVELS else "there are no more"
    print(f"hint {level} of {LEVELS}; {more}", file=sys.stderr)
    return 0


def _wrapped(text):
    """Return a paragraph in lines of a page, under an indent."""
    return "\n    ".join(textwrap.wrap(text, 80, break_on_hyphens=False))


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

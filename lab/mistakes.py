"""What a learner reads about a mistake: steps/NN_topic/mistakes.md.

A section is named like a cause of lab.causes and has a sentence, a command to type that
shows the mistake, and a ladder of hints.
"""

import functools
import re
from typing import NamedTuple

from lab import ROOT, course

LEVELS = 3  # where to look, the idea and its manual page, the shape of the remedy


class Mistake(NamedTuple):
    """What is said about one cause."""

    sentence: str
    prove: str  # a command to type, on a lab host unless it begins with "make"
    hints: list
    step: int  # whose folder it stands in

    def proof(self, step: int) -> str:
        """Return the command for a learner who is at `step`."""
        topic = course.STEPS[step - 1]
        return self.prove.replace("NN_topic", topic).replace("step N", f"step {step}")


@functools.cache
def read() -> dict:
    """Return the Mistake for each cause, in the order of the steps."""
    found = {}
    for step, topic in enumerate(course.STEPS, 1):
        with open(f"{ROOT}/steps/{topic}/mistakes.md") as file:
            _, *sections = re.split(r"^## ", file.read(), flags=re.M)
        for section in sections:
            name, _, text = section.partition("\n")
            found[name.strip()] = _mistake(text, step)
    return found


def _mistake(text, step):
    """Read one section."""
    about, *levels = re.split(r"^\d\. ", text, flags=re.M)
    sentence, _, prove = about.strip().partition("\n\n")
    return Mistake(_joined(sentence), prove.strip(), [_joined(level) for level in levels], step)


def _joined(text):
    """Return a paragraph as one line."""
    return " ".join(text.split())

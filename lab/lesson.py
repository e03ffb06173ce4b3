"""How a lesson ends: what the kernel was seen to do, and the question that comes next.

Both stand in the last paragraph of steps/NN_topic/README.md: **Seen:** ... **Next:** ...
"""

import re
from typing import NamedTuple

from lab import ROOT, course

_ENDING = re.compile(r"^\*\*Seen:\*\*\s+(.+?)\s+\*\*Next:\*\*\s+(.+?)\s*\Z", re.M | re.S)


class Ending(NamedTuple):
    """The last paragraph of a lesson."""

    seen: str
    question: str


def ending(step: int) -> Ending:
    """Return how the lesson of a step ends; ValueError if it does not end so."""
    path = f"{ROOT}/steps/{course.STEPS[step - 1]}/README.md"
    with open(path) as page:
        found = _ENDING.search(page.read())
    if not found:
        raise ValueError(f"{path} must end with: **Seen:** ... **Next:** ...")
    return Ending(*(" ".join(_plain(part).split()) for part in found.groups()))


def _plain(text):
    """Return text without what Markdown does with links."""
    return re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text, flags=re.S)

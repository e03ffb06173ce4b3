"""What is read of a lesson: what is typed in it, and how it ends.

It ends with what the kernel was seen to do, and the question that comes next: **Seen:** ...
**Next:** ... is the last paragraph of steps/NN_topic/README.md.
"""

import re
from typing import NamedTuple

from lab import ROOT, course

_ENDING = re.compile(r"^\*\*Seen:\*\*\s+(.+?)\s+\*\*Next:\*\*\s+(.+?)\s*\Z", re.M | re.S)


_PROMPT = re.compile(r"(\$|labhost#) (.*)")


class Console(NamedTuple):
    """What is between the fences of a `console` block: commands, and what each prints."""

    prompt: str
    commands: list
    outputs: list


def console(body: str) -> Console:
    """Return what the lines of a console block say; ValueError if they have not one prompt.

    After `$ ` something is typed in the checkout, after `labhost# ` in the shell of `make lab`;
    a backslash at the end of a line goes on in the next.
    """
    prompts, commands, outputs = [], [], []
    for line in body.splitlines():
        typed = _PROMPT.fullmatch(line)
        if typed:
            prompts.append(typed[1])
            commands.append(typed[2])
            outputs.append("")
        elif commands and commands[-1].endswith("\\") and not outputs[-1]:
            commands[-1] += f"\n{line}"
        elif commands:
            outputs[-1] += f"{line}\n"
    if len(set(prompts)) != 1:
        raise ValueError(f"a console block has one prompt, $ or labhost#, and not {prompts}")
    return Console(prompts[0], commands, outputs)


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

"""The files of the course: every step's solution and starter, cut from one source.

`solutions/container.py` is the finished container.  Between `#> N` and `#<` stand the
lines that step N adds.  A text after the N makes them a task: in the starter of step N
the text stands as a TODO in their place.
"""

import os
import re
from typing import NamedTuple

from lab import ROOT

SOURCE = f"{ROOT}/solutions/container.py"
STEPS = ("01_uts", "02_pid", "03_mounts", "04_cgroups", "05_chroot")

_TAG = re.compile(r"(?P<indent> *)#(?:>(?P<open>.*)|<(?P<close>.*))$")
_OPEN = re.compile(r" (?P<step>\d+)(?:  (?P<task>\S.*))?$")


class TagError(ValueError):
    """A tag of the source is wrong; the text says which line and what to do."""


class Line(NamedTuple):
    """One line of the source, with the regions that it stands in."""

    text: str
    regions: tuple  # of Region, outermost first


class Region(NamedTuple):
    """What stands between `#> N` and `#<`."""

    number: int  # of its first line, so that two equal tasks are told apart
    step: int
    task: str | None
    indent: str


def title(step: int) -> str:
    """Return the topic of a step as people read it: "mounts"."""
    return STEPS[step - 1].partition("_")[2]


def starter_path(step: int) -> str:
    """Return where the learner works on `step`."""
    return f"{ROOT}/steps/{STEPS[step - 1]}/container.py"


def solution_path(step: int) -> str:
    """Return where the solution of `step` is kept."""
    return f"{ROOT}/solutions/{STEPS[step - 1]}/container.py"


def stand_in(program: str, step: int) -> tuple[str, list]:
    """Return where a program stands on a lab host, as its `step`, and the layers that it takes."""
    folder, name = os.path.split(os.path.realpath(program))
    place = os.path.dirname(starter_path(step))
    return f"{place}/{name}", [] if folder == place else [(folder, place)]


def read_source() -> str:
    """Return the text of the annotated source."""
    with open(SOURCE) as source:
        return source.read()


def solution(source: str, step: int) -> str:
    """Return the container as it stands when `step` is done."""
    return cut(source, step)


def starter(source: str, step: int) -> str:
    """Return the container as it stands when `step` begins: its tasks are TODOs."""
    return cut(source, step, undone=tasks(source, step))


def tasks(source: str, step: int) -> list[str]:
    """Return the texts of the tasks of `step`, in the order of the source."""
    regions = {r: None for line in parse(source) for r in line.regions}
    return [r.task for r in regions if r.step == step and r.task]


def cut(source: str, step: int, undone=(), of: "int | None" = None) -> str:
    """Return the container at `step`, with the tasks in `undone` left as TODOs.

    They are tasks of `step` itself, or of the earlier step `of`.
    """
    lines, todo = [], None
    for line in parse(source):
        if any(region.step > step for region in line.regions):
            continue
        open_tasks = (r for r in line.regions if r.step == (of or step) and r.task in undone)
        hidden = next(open_tasks, None)
        if hidden and hidden != todo:
            lines.append(f"{hidden.indent}# TODO: {hidden.task}")
        elif not hidden:
            lines.append(line.text)
        todo = hidden
    return "\n".join(lines) + "\n"


def parse(source: str) -> list[Line]:
    """Return the lines of the source that are no tags; TagError where a tag is wrong."""
    lines, regions = [], []
    for number, text in enumerate(source.splitlines(), start=1):
        tag = _TAG.match(text)
        if not tag:
            lines.append(Line(text, tuple(regions)))
        elif tag["open"] is not None:
            regions.append(_region(number, tag))
        elif tag["close"].strip():
            raise TagError(f"line {number}: nothing may follow '#<'")
        elif regions:
            regions.pop()
        else:
            raise TagError(f"line {number}: '#<' closes nothing; remove it")
    if regions:
        raise TagError(f"line {regions[-1].number}: '#>' is never closed; add '#<'")
    return lines


def _region(number, tag):
    """Return the region that a tag opens."""
    opened = _OPEN.match(tag["open"])
    if not opened:
        raise TagError(f"line {number}: write '#> N' or '#> N  TASK', two spaces between")
    step = int(opened["step"])
    if not 1 <= step <= len(STEPS):
        raise TagError(f"line {number}: there is no step {step}; steps are 1 to {len(STEPS)}")
    return Region(number, step, opened["task"], tag["indent"])


def generated(source: str) -> dict[str, str]:
    """Return the text of every file that is cut from `source`, by its path."""
    files = {}
    for step in range(1, len(STEPS) + 1):
        files[solution_path(step)] = solution(source, step)
        files[starter_path(step)] = starter(source, step)
    return files

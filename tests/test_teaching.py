"""The guide for instructors names mistakes that there are, and its minutes add up."""

import re

import pytest

from lab import ROOT, course, mistakes

STEPS = range(1, len(course.STEPS) + 1)
PARTS = ["Minutes", "On the board", "The demonstration", "Likely mistakes", "To discuss"]
PARTS += ["Checkpoint"]
with open(f"{ROOT}/docs/teaching.md") as _page:
    PAGE = _page.read()


def section(step):
    """Return what the guide says of a step."""
    return re.search(rf"^## Step {step}: .*?(?=^## )", PAGE, re.M | re.S)[0]


def plan():
    """Return the minutes of each part of the day, for half a day and for a full one."""
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \|$", PAGE, re.M)
    return {name: (int(half), int(full)) for name, half, full in rows}


def test_minutes_of_the_day_add_up():
    """The last line of the plan is the sum of the others."""
    *parts, together = plan().values()
    assert tuple(map(sum, zip(*parts, strict=True))) == together


@pytest.mark.parametrize("step", STEPS)
def test_minutes_of_a_step_add_up(step):
    """The minutes in a step's section are those that the plan has for it."""
    (planned,) = (minutes for name, minutes in plan().items() if name.startswith(f"Step {step}:"))
    spent = re.findall(r"(\d+) / (\d+)[,.]", section(step))
    assert tuple(sum(map(int, column)) for column in zip(*spent, strict=True)) == planned


@pytest.mark.parametrize("step", STEPS)
def test_section_of_a_step_has_all_its_parts(step):
    """Each step has what to draw, what to type, what to ask, and what to see before going on."""
    assert re.findall(r"^\*\*(.+?)\.?\*\*", section(step), re.M) == PARTS
    assert "```console" in section(step)


@pytest.mark.parametrize("step", STEPS)
def test_likely_mistakes_are_causes_of_the_checks(step):
    """Three mistakes of each step, by ids that a verdict can show at that step, and a question."""
    named = re.findall(r"^- `([a-z0-9-]+)`: (.*?)(?=^$|^- )", section(step), re.M | re.S)
    assert len(named) == 3
    for cause, question in named:
        assert mistakes.read()[cause].step <= step
        assert question.startswith('"') and "?" in question

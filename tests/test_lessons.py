"""The lessons are true: what they show is what happens.

In a `console` block, lines after `$ ` are typed in the checkout and lines after `labhost# `
in the shell of `make lab`; what follows is printed, with `...` for what may differ.  All runs
on a lab host, with the starter in the learner's place up to "Build it", and then the solution.
"""

import os
import re
import shlex
import sys
from glob import glob

import pytest
from running import run_on

from lab import ROOT, course
from lab.host import Host
from lab.lesson import console
from lab.session import IS_EMULATED

PAGES = sorted(glob(f"{ROOT}/steps/*/README.md") + glob(f"{ROOT}/steps/README.md"))
PAGES += sorted(glob(f"{ROOT}/docs/*.md"))
HEADINGS = ["See the problem", "Build it", "Break it", "What you built", "Go further"]
HEADING_OR_BLOCK = re.compile(r"^## ([^\n]*)$|^```console\n(.*?)^```$", re.M | re.S)
COMMENT = re.compile(r"^<!--.*?-->\n", re.M | re.S)
MARK = "-- the next command --"

pytestmark = pytest.mark.skipif(
    IS_EMULATED, reason="a lab host on a lab host is one overlay too many in the virtual machine"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: os.path.relpath(page, ROOT))
def test_what_a_page_shows_is_what_happens(page):
    """Each command of a page prints what the page says."""
    step = int(re.search(r"/(\d*)_?\w*/README", page)[1] or 0) if "/0" in page else 0
    shown = blocks(page)
    assert shown, "a page without a command to try"
    with Host() as host:
        for section, block in shown:
            if step:
                put_in_place(host, step, solved=section not in HEADINGS[:1])
            said = type_in(host, block)
            for command, expected, printed in zip(block.commands, block.outputs, said, strict=True):
                shown = f"{page}, {section}: {command}\n{printed}"
                assert matches(expected, printed), f"{shown}\n--- but the page says:\n{expected}"


@pytest.mark.parametrize("name", course.STEPS)
def test_a_lesson_has_its_five_sections(name):
    """Every lesson goes the same way, in 80 to 165 lines."""
    with open(f"{ROOT}/steps/{name}/README.md") as page:
        text = COMMENT.sub("", page.read())  # nobody sees those
    assert re.findall(r"^## (.*)$", text, flags=re.M) == HEADINGS
    assert 80 <= text.count("\n") <= 165


def blocks(page):
    """Return the console blocks of a page, in order, each with its section."""
    found, section = [], ""
    with open(page) as file:
        text = file.read()
    for heading, body in HEADING_OR_BLOCK.findall(text):
        section = heading or section
        if body:
            found.append((section, console(body)))
    return found


def put_in_place(host, step, solved):
    """Give the lab host a learner's file: the solution, or the starter."""
    source = course.read_source()
    text = course.solution(source, step) if solved else course.starter(source, step)
    with open(host.file(course.starter_path(step)), "w") as file:
        file.write(text)


def type_in(host, block):
    """Return what each command of a block prints, typed in one shell."""
    script = "".join(f"{command}\necho; echo {shlex.quote(MARK)}\n" for command in block.commands)
    if block.prompt == "$":
        words = ["bash", "-c", script]
    else:
        words = [sys.executable, "-IBm", "lab", "lab", script]
    answer = run_on(host, "sh", "-c", 'exec "$@" 2>&1', "sh", *words, cwd=ROOT)
    parts = answer.output.split(f"\n{MARK}\n")
    assert len(parts) == len(block.commands) + 1, answer.output
    return parts[:-1]


def matches(expected, printed):
    """Whether what was printed is what was expected, `...` standing for anything."""
    wanted = [re.escape(part) for part in expected.strip().split("...")]
    return bool(re.fullmatch(".*?".join(wanted), printed.strip(), flags=re.S))

"""The memory of a container, followed until the kernel kills: `make memory-curve N`."""

import itertools
import json
import sys

import pytest
from running import run

from lab import course

MEBIBYTE = 1 << 20
SOURCE = course.read_source()


def follow(step, program):
    """Run the command on a program; return its status, what it told, and what it said."""
    words = ["-IBm", "lab", "memory-curve", step, program, "--json"]
    answer = run(sys.executable, *words)
    return answer.status, [json.loads(line) for line in answer.output.splitlines()], answer.errors


@pytest.mark.parametrize("step", [4, 5])
def test_curve_of_a_limited_container_ends_at_the_limit(step):
    """What the container uses rises to its limit, and there the OOM killer comes, once."""
    status, told, _ = follow(step, course.solution_path(step))
    limit, *looks, end = told
    assert status == 0
    assert limit == {"limit": 64 * MEBIBYTE}
    assert end == {"status": 137, "kills": 1}
    assert max(look["bytes"] for look in looks) > 48 * MEBIBYTE
    assert all(look["bytes"] <= 64 * MEBIBYTE for look in looks)
    assert all(early["ms"] <= late["ms"] for early, late in itertools.pairwise(looks))


def test_curve_without_a_limit_is_stopped_by_nobody(tmp_path):
    """Where no limit was written, the program takes all that it wants, and more than that limit."""
    starter = tmp_path / "container.py"
    starter.write_text(course.starter(SOURCE, 4))
    status, told, _ = follow(4, starter)
    assert (status, told[0], told[-1]) == (0, {"limit": None}, {"status": 0, "kills": 0})
    assert max(look["bytes"] for look in told[1:-1]) > 90 * MEBIBYTE


def test_program_that_starts_nothing_has_no_curve(tmp_path):
    """A program that crashes is told by its last line, and there is nothing to draw."""
    program = tmp_path / "container.py"
    program.write_text("raise ValueError('mine')\n")
    status, told, said = follow(4, program)
    assert (status, told) == (1, [])
    assert said == "there is no container to look at: ValueError: mine\n"


def test_curve_is_told_in_words_at_a_terminal():
    """Without --json there are bars, and how it ended."""
    answer = run(sys.executable, "-IBm", "lab", "memory-curve", 4, course.solution_path(4))
    first, *bars, last = answer.output.splitlines()
    assert first == "memory of the container, limit 64 MiB"
    assert all(" MiB " in bar for bar in bars) and "█" in bars[-1]
    assert last.startswith("the kernel killed the program when the container used 6")


@pytest.mark.parametrize("words", [["4", "nowhere.py"], ["4", "a", "b"]])
def test_wrong_program_is_told(words):
    """A program that is not there is told in a line, with what may be typed."""
    answer = run(sys.executable, "-IBm", "lab", "memory-curve", *words)
    assert answer.status == 2
    assert answer.errors == "there is no such program; memory-curve STEP [PROGRAM] [--json]\n"

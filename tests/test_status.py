"""`make status`: where a learner is, and the certificate at the end."""

import hashlib
import html
import os
import re
import subprocess

import pytest
from test_command_line import (
    BROKEN,
    SOLUTION_1,
    SOURCE,
    STARTER_1,
    STEPS,
    copied,
    lab,
    program,
    results,
    write,
)

from lab import ROOT, certificate, course, lesson

WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d"
PASSES = rf"passes, (\d+) of \1 checks, first {WHEN}, last {WHEN}"


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the checkout, in which nobody has worked yet."""
    return copied(tmp_path / "checkout")


def lines(copy, status=0):
    """Return what is said of each step."""
    answer = lab(copy, "status")
    assert answer.status == status, answer
    said = [re.fullmatch(r"step \d · \w+ +(.*)", line) for line in answer.output.splitlines()]
    assert len(said) == len(STEPS) and all(said), answer.output
    return [line[1] for line in said]


def test_nothing_is_begun(copy):
    """On the first day there is nothing to judge, and nothing is wrong."""
    assert lines(copy) == ["not begun"] * len(STEPS)
    assert not (copy / "certificate.html").exists()


def test_each_step_has_a_line(copy):
    """What passes, fails, is lost or not begun is told apart; a step in progress is no failure."""
    write(copy, SOLUTION_1)
    write(copy, SOLUTION_1, step=2)
    program(copy, 3).unlink()
    said = lines(copy)
    assert re.fullmatch(PASSES, said[0])
    assert re.fullmatch(rf"does not pass yet, \d+ of \d+ checks, {WHEN}", said[1])
    assert said[2:4] == ["its file is gone; make reset 3 brings it back", "not begun"]


def test_what_has_changed_is_judged_again(copy):
    """A file that was judged and has changed is judged again, and that is said."""
    write(copy, SOLUTION_1)
    lab(copy, "check", 1)
    assert re.fullmatch(PASSES, lines(copy)[0])
    write(copy, SOLUTION_1 + "\n")
    assert re.fullmatch(f"{PASSES}; it has changed and was judged again", lines(copy)[0])
    assert re.fullmatch(PASSES, lines(copy)[0])


def test_what_is_broken_is_said_plainly(copy):
    """A step that passed and does not any more is broken, and makes the exit status 1."""
    write(copy, SOLUTION_1)
    lab(copy, "check", 1)
    write(copy, BROKEN)
    said = lines(copy, status=1)[0]
    assert re.match(rf"is broken: \d+ of \d+ checks pass; it last passed {WHEN}; it has", said)
    assert said.endswith("; make check-step 1")
    program(copy).unlink()
    assert "is gone" in lines(copy, status=1)[0]
    write(copy, STARTER_1)
    assert re.fullmatch(f"begun again; it last passed {WHEN}", lines(copy)[0])


def test_file_that_cannot_be_read(copy):
    """What is no file is said to be none, and the exit status is that of what cannot be done."""
    program(copy).unlink()
    program(copy).mkdir()
    assert lines(copy, status=3)[0] == "its file cannot be read: Is a directory"


def test_checker_that_fails_is_not_the_learners_fault(copy):
    """An error of the checker is its own, with exit status 4."""
    write(copy, SOLUTION_1)
    checks = copy / "tests/test_01_uts.py"
    checks.write_text(
        f"{checks.read_text()}\n\ndef test_broken(trial):\n    '''Break.'''\n    1 / 0\n"
    )
    assert "the checker failed" in lines(copy, status=4)[0]


NAME = 'Ada <script>alert("1")</script> & Co \x1b[31m'


def test_all_steps_make_a_certificate(copy):
    """When all pass, all are judged, and a page names the checks, the files and the machine."""
    subprocess.run(["cp", "-a", f"{ROOT}/rootfs", copy], check=True)  # it has devices in it
    for step in STEPS:
        write(copy, course.solution(SOURCE, step), step)
    answer = lab(copy, "status", NAME)
    if "cannot all be checked here" in answer.output:
        pytest.skip("cannot check here: no control groups")
    assert answer.status == 0, answer
    page = (copy / "certificate.html").read_text()
    assert html.escape('Ada <script>alert("1")</script> & Co [31m') in page
    assert "<script" not in page and "\x1b" not in page + answer.output
    assert not re.search(r"https?:|src=|url\(|@import|<link", page), "it needs another file"
    for step in STEPS:
        digest = hashlib.sha256(program(copy, step).read_bytes()).hexdigest()
        assert digest in page and digest in answer.output
        titles = [result["title"] for result in results(copy, step)]
        shown = re.sub("</?code>", "`", page.partition("<section>")[2])
        assert all(html.escape(title) in shown for title in titles)
        assert all(f"✓ {title}" in answer.output for title in titles)
    env = results(copy, 5)[0]["env"]
    assert env["kernel"] in page and env["kernel"] in answer.output
    assert os.stat(copy / "certificate.html").st_uid == os.stat(copy).st_uid


def test_no_certificate_while_a_step_is_missing(copy):
    """One step that passes is not all of them."""
    write(copy, SOLUTION_1)
    lines(copy)
    assert not (copy / "certificate.html").exists()


def test_certificate_needs_no_name(copy):
    """Without a name there is no empty line for one."""
    write(copy, SOLUTION_1)
    lab(copy, "check", 1)
    page = certificate.Certificate("", {1: results(copy)}, "today")
    assert 'class="name"' not in page.html()
    assert "The owner of these files" in list(page.text())


# ---- After a pass


@pytest.mark.parametrize("step", STEPS)
def test_every_lesson_ends_with_what_was_seen_and_a_question(step):
    """A lesson's last paragraph says what the kernel was seen to do, and asks what comes next."""
    ending = lesson.ending(step)
    assert ending.seen.endswith(".") and "?" in ending.question
    assert ("What containers do not contain" in ending.question) == (step == len(STEPS))


def test_pass_is_told_with_what_comes_next(copy):
    """After a pass: what was seen, how to see what the solution does otherwise, the question."""
    write(copy, SOLUTION_1.replace("HOSTNAME", "NAME"))
    said = lab(copy, "check", 1).output
    joined = " ".join(said.split())
    assert lesson.ending(1).seen in joined and lesson.ending(1).question in joined
    number = int(re.search(r"solution +says it in other words, (\d+) lines", said)[1])
    shown = lab(copy, "diff", 1).output.partition("The solution says it so:\n")[2]
    changed = [line for line in shown.splitlines()[2:] if line[0] in "+-"]
    assert len(changed) == number > 0
    write(copy, SOLUTION_1)
    assert "yours, line by line" in lab(copy, "check", 1).output


def test_solution_is_not_given_away(copy):
    """Before a pass, and after a change, neither a check nor `make diff` shows the solution."""
    secret = "linux.unshare(linux.CLONE_NEWUTS)"
    before = lab(copy, "check", 1).output + lab(copy, "diff", 1).output
    write(copy, STARTER_1.replace('"container"', '"mine"'))
    before += lab(copy, "check", 1).output + lab(copy, "diff", 1).output
    assert secret not in before and "make check-step 1" in before
    write(copy, SOLUTION_1)
    lab(copy, "check", 1)
    write(copy, SOLUTION_1.replace(secret, "pass"))
    assert secret not in lab(copy, "diff", 1).output

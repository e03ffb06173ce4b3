"""`make hint N`: for what the last verdict found, and before there is one, for the tasks."""

import json

import pytest
from test_command_line import SOLUTION_1, STARTER_1, copied, lab, results, write

from lab import mistakes, progress
from lab.commands import hint

WRONG_NAME = SOLUTION_1.replace('HOSTNAME = "container"', 'HOSTNAME = "mine"')
LOST_STATUS = SOLUTION_1.replace("sys.exit(", "(")


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the checkout, in which nobody has worked yet."""
    return copied(tmp_path / "checkout")


def judged(copy, text):
    """Have a program of step 1 judged; return the first result that fails."""
    write(copy, text)
    assert lab(copy, "check", 1).status == 1
    return next(result for result in results(copy) if result["verdict"] == "fail")


def hints(copy):
    """Ask for a hint; return what is said, as one line, and the count."""
    answer = lab(copy, "hint", 1)
    assert answer.status == 0, answer.errors
    return " ".join(answer.output.split()), answer.errors


def is_for_tasks(said, level):
    """Whether something said is the hints of a level for the tasks of step 1."""
    return all(" ".join(ladder[level - 1].split()) in said for ladder in hint.read(1).values())


def test_hint_climbs_the_ladder_of_what_was_found(copy):
    """A hint names the check and its cause, and goes one level up each time."""
    found = judged(copy, WRONG_NAME)
    mistake = mistakes.read()[found["cause"]]
    for level in (1, 2, 3, 3):
        said, count = hints(copy)
        assert said.startswith(f"✗ {found['title']}")
        assert mistake.sentence in said and mistake.hints[level - 1] in said
        assert count.startswith(f"hint {level} of 3")
        assert ("no more" in count) == (level == 3)


def test_each_cause_has_a_ladder_of_its_own(copy):
    """Hints for one cause do not use up those for another, nor those for the tasks."""
    assert judged(copy, WRONG_NAME)["cause"] != judged(copy, LOST_STATUS)["cause"]
    for text, levels in ((WRONG_NAME, (1, 2)), (LOST_STATUS, (1,)), (WRONG_NAME, (3,))):
        judged(copy, text)
        for level in levels:
            assert hints(copy)[1].startswith(f"hint {level} of 3")
    write(copy, STARTER_1)
    assert hints(copy)[1].startswith("hint 1 of 3")


def test_hint_says_that_the_verdict_is_old(copy):
    """A hint for a file that has changed since says so."""
    judged(copy, WRONG_NAME)
    assert "changed since" not in hints(copy)[0]
    write(copy, WRONG_NAME + "\n")
    assert "the file has changed since: make check-step 1" in hints(copy)[0]


def test_hint_before_a_verdict_is_for_the_tasks(copy):
    """Without a verdict, and for a file that is as it was given, the tasks have hints."""
    write(copy, WRONG_NAME)
    assert is_for_tasks(hints(copy)[0], 1)
    judged(copy, STARTER_1)
    assert is_for_tasks(hints(copy)[0], 2)


@pytest.mark.parametrize("cause", [None, "no-such-cause"])
def test_hint_for_an_unknown_cause_is_for_the_tasks(copy, cause):
    """A check that fails for a reason that nobody knows leads to the tasks."""
    found = judged(copy, WRONG_NAME)
    (copy / ".lab/check-step-1.jsonl").write_text(json.dumps({**found, "cause": cause}))
    assert is_for_tasks(hints(copy)[0], 1)


def test_hint_for_what_passes_is_none(copy):
    """A file that passes as it is gets no hint, and uses none up."""
    write(copy, SOLUTION_1)
    lab(copy, "check", 1)
    assert hints(copy) == ("step 1 passes as it is: there is nothing to hint at", "")
    write(copy, STARTER_1)
    assert hints(copy)[1].startswith("hint 1 of 3")


@pytest.mark.parametrize("name", ["check-step-1.jsonl", "hints.json", "history-1.json"])
def test_hint_does_without_what_is_damaged(copy, name):
    """Files in .lab that cannot be read are as good as none."""
    judged(copy, WRONG_NAME)
    (copy / ".lab" / name).write_text("{")
    assert hints(copy)[1].startswith("hint 1 of 3")


def result(check, verdict):
    """Return what matters of a result here."""
    return {"check": check, "verdict": verdict, "step": int(check[:2])}


def test_what_began_to_fail_last_comes_first():
    """The newest failure is first; among those that began together, the newest step's."""
    older = [result("01.1", "pass"), result("01.2", "fail"), result("02.1", "pass")]
    newer = [result("01.1", "fail"), result("01.2", "fail"), result("02.1", "fail")]
    known = progress.in_history(progress.in_history({}, older), newer)
    order = [found["check"] for found in progress.newest_first(newer, known)]
    assert order == ["02.1", "01.1", "01.2"]
    assert set(progress.regressions(newer, known)) == {"02.1", "01.1"}


def test_what_passes_again_is_forgotten():
    """A check that passes has not failed before, whatever was."""
    failed = progress.in_history({}, [result("01.1", "fail")])
    assert progress.regressions([result("01.1", "fail")], failed) == {}
    passed = progress.in_history(failed, [result("01.1", "pass")])
    assert "failing" not in passed["01.1"]
    unknown = progress.in_history(passed, [result("01.1", "cannot_check")])
    assert unknown == passed

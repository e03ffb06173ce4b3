"""Every cause that a check suspects is explained, and every cause is suspected by a check."""

import ast
import re
from glob import glob

import pytest

from lab import ROOT, course, mistakes
from lab.causes import PREDICATES

CHECKS = glob(f"{ROOT}/tests/test_0[0-9]_*.py")
JUDGE = [f"{ROOT}/lab/{name}.py" for name in ("attempt", "judge", "verdict")]
PAGES = sorted(glob(f"{ROOT}/steps/*/mistakes.md"))
WRONG = sorted(glob(f"{ROOT}/tests/wrong/[0-9]*.py"))
MISTAKES = mistakes.read()
LONGEST = 120  # characters of a sentence; it stands in one or two lines of a report
WIDEST = 100  # columns of a page


def suspects():
    """Return the ids that the checks and the judge name: texts such as "left-early"."""
    named = set()
    for path in CHECKS + JUDGE:
        with open(path) as file:
            nodes = list(ast.walk(ast.parse(file.read())))
        texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        ids = {text for text in texts if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", text)}
        named |= ids | (texts & set(PREDICATES))  # an id of one word looks like any other word
    return named


def test_there_are_suspects():
    """What the tests below compare is not empty."""
    assert len(CHECKS) == len(course.STEPS) and len(suspects()) > len(PREDICATES) / 2


def test_every_suspect_has_a_predicate():
    """No check points to a cause that nobody can find."""
    assert suspects() - set(PREDICATES) == set()


def test_every_cause_is_suspected():
    """No cause is left over from a check that is gone."""
    assert set(PREDICATES) - suspects() == set()


def test_every_cause_is_explained_and_nothing_else():
    """The pages have one section for each predicate."""
    assert set(MISTAKES) == set(PREDICATES)


def test_no_cause_is_explained_twice():
    """No section hides an earlier one of the same name."""
    names = []
    for path in PAGES:
        with open(path) as page:
            names += re.findall(r"^## (.*)$", page.read(), flags=re.M)
    assert sorted(names) == sorted(MISTAKES)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.split("/")[-2])
def test_a_page_is_narrow_and_finished(path):
    """No line is too long for a terminal, and nothing is left to be written."""
    with open(path) as page:
        lines = page.read().splitlines()
    assert [line for line in lines if len(line) > WIDEST or "TODO" in line] == []


@pytest.mark.parametrize("cause", MISTAKES)
def test_a_cause_has_a_plain_sentence(cause):
    """It fits the line of a report: short, no markup, no full stop."""
    sentence = MISTAKES[cause].sentence
    assert 20 < len(sentence) <= LONGEST
    assert "`" not in sentence and not sentence.endswith(".")


@pytest.mark.parametrize("cause", MISTAKES)
def test_a_cause_has_a_ladder_of_hints(cause):
    """There are three hints, and each says something."""
    hints = MISTAKES[cause].hints
    assert len(hints) == mistakes.LEVELS
    assert all(len(hint) > 20 for hint in hints)


@pytest.mark.parametrize("cause", MISTAKES)
def test_a_proof_is_one_command_about_the_learners_program(cause):
    """It is one line, and names the program or the step of whoever reads it."""
    prove, step = MISTAKES[cause].prove, MISTAKES[cause].step
    assert prove.count("\n") == 0
    assert "steps/NN_topic/container.py" in prove or prove.startswith("make run-step N ")
    shown = MISTAKES[cause].proof(step)
    assert "NN_topic" not in shown and "step N" not in shown


def test_no_two_causes_say_the_same():
    """Sentences and hints are written for one cause each."""
    said = [text for m in MISTAKES.values() for text in (m.sentence, *m.hints)]
    assert [text for text in said if said.count(text) > 1] == []


@pytest.mark.parametrize("step", range(1, len(course.STEPS) + 1))
def test_no_hint_gives_a_line_of_the_solution_away(step):
    """A hint describes a call and does not spell it."""
    lines = [
        line.text.strip()
        for line in course.parse(course.read_source())
        if any(region.task and region.step == step for region in line.regions)
    ]
    assert lines
    hints = " ".join(hint for mistake in MISTAKES.values() for hint in mistake.hints)
    assert [line for line in lines if line in hints] == []


def test_the_wrong_programs_name_causes_that_exist():
    """Their headers, which test_proofs.py reads, are up to date."""
    named = set()
    for path in WRONG:
        with open(path) as file:
            named |= set(re.findall(r"^# fails: \w+ ([\w-]+)", file.read(), flags=re.M))
    assert named - set(PREDICATES) == set()

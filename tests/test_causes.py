"""Every cause that a check names is explained, and every cause is named by a check."""

import re
from glob import glob

import pytest

from lab import ROOT, course
from lab.causes import CAUSES

FILES = [*glob(f"{ROOT}/tests/test_0*_*.py"), f"{ROOT}/lab/verdict.py", f"{ROOT}/lab/judge.py"]


def named():
    """Return the ids in the checks and in the judge: words with hyphens, in quotes."""
    text = ""
    for path in FILES:
        with open(path) as file:
            text += file.read()
    return set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)+|usage|crashed|survivors)"', text))


def test_a_check_names_only_causes_that_are_explained():
    """No check points to a cause that nobody has written down."""
    assert named() - {"utf-8"} <= set(CAUSES)


def test_every_cause_is_named_somewhere():
    """No cause is left over from a check that is gone."""
    assert set(CAUSES) <= named()


@pytest.mark.parametrize("name", CAUSES)
def test_a_proof_is_a_command_of_the_lab_or_of_make(name):
    """What a learner can type to see for himself names an existing command or program."""
    prove = CAUSES[name].prove.format(step=1, topic=course.STEPS[0])
    assert prove.split()[0] in ("make", "python3"), prove
    assert "{" not in prove

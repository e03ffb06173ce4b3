"""Programs whose verdict is known: the judge says of each what its header says.

See tests/corpus.py for the header, and `make mutate` for the way back: whether every
assertion and every predicate is needed by some program.
"""

import os

import corpus
import pytest
from running import as_nobody, python_of

from lab import course
from lab.causes import PREDICATES
from lab.session import IS_EMULATED

PROGRAMS = corpus.programs()
# Without root there are no control groups, and those who mean harm were seen to already.
ROOTLESS = [p for p in PROGRAMS if p.step < 4 and p.kind != "hostile"]
PATIENCE = 1800.0  # seconds for all of them
LEAST = {"wrong": 60, "right": 6 * len(course.STEPS), "spoof": 10, "hostile": 15}


@pytest.fixture(scope="session")
def judged(request):
    """Return a promise of results for each program that is to be tested."""
    return corpus.promised(corpus.asked_for(request, "program"))


@pytest.fixture(scope="session")
def judged_without_root(request):
    """Return the same, where the judge and the programs have no root."""
    nobody = as_nobody()
    python = [*nobody, python_of(nobody)]
    return corpus.promised(corpus.asked_for(request, "rootless"), python=python)


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_the_verdict_is_what_the_header_says(program, judged):
    """The checks that fail, and the causes that they name, are those of the header."""
    agree(program, judged[program], corpus.LANE)


@pytest.mark.skipif(os.geteuid() != 0 or IS_EMULATED, reason="it is the same as the test above")
@pytest.mark.parametrize("rootless", ROOTLESS, ids=str)
def test_the_verdict_is_the_same_without_root(rootless, judged_without_root):
    """In a user namespace the checks of steps 1 to 3 say what they say to root."""
    agree(rootless, judged_without_root[rootless], corpus.ROOTLESS)


def agree(program, promise, lane):
    """Fail if a program's results are not as they are known to be."""
    results = promise.result(timeout=PATIENCE)
    cannot = next((r for r in results if r["verdict"] == "cannot_check"), None)
    if cannot:
        pytest.skip(f"cannot check here: {cannot['observed']}")
    failed = corpus.failures(results)
    assert corpus.is_as_known(program, failed, lane), f"{program.sentence}\n{failed}"


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_header_says_what_is_wrong_or_that_nothing_is(program):
    """Each program has a sentence; the wrong ones fail, the right ones do not."""
    assert program.sentence and 1 <= program.step <= len(course.STEPS)
    if program.kind in ("wrong", "spoof"):
        assert program.fails and corpus.ANY not in program.fails
    if program.kind == "right":
        assert not program.fails


@pytest.mark.parametrize("kind", corpus.KINDS)
def test_the_corpus_is_large(kind):
    """There are enough programs of each kind, and of the right ones for each step."""
    steps = [program.step for program in PROGRAMS if program.kind == kind]
    assert len(steps) >= LEAST[kind]
    if kind == "right":
        assert min(map(steps.count, range(1, len(course.STEPS) + 1))) >= 6


@pytest.mark.parametrize("cause", PREDICATES)
def test_every_cause_has_a_wrong_program(cause):
    """Some program yields each cause."""
    headers = [p.fails for p in PROGRAMS if p.fails != (corpus.ANY,)]
    headers += [expected for expected, _ in corpus.DIFFERENCES.values()]
    named = {words.split()[1] for fails in headers for words in fails}
    assert cause in named


def test_every_program_names_checks_and_causes_that_exist():
    """No header is about a check or a cause that is gone."""
    names = {check.__name__ for _, check in corpus.checks(len(course.STEPS))}
    for program in PROGRAMS:
        for words in set(program.fails) - {corpus.ANY}:
            check, cause = words.split()
            assert check in names and cause in PREDICATES, f"{program}: {words}"


def test_the_programs_are_not_tests():
    """pytest collects none of them: their names are no tests' names."""
    assert not any(os.path.basename(program.path).startswith("test_") for program in PROGRAMS)


@pytest.mark.parametrize("lane, name", corpus.DIFFERENCES)
def test_a_difference_between_lanes_has_a_program_and_a_reason(lane, name):
    """The table has no line about a program that is gone, and none without its reason."""
    assert name in {program.name for program in PROGRAMS}
    expected, reason = corpus.DIFFERENCES[lane, name]
    assert lane in ("v1", "v2", corpus.ROOTLESS) and reason.strip()

"""A proof shows its mistake: what a learner is told to type prints something else than for a
solution.

The mistakes are the programs in tests/wrong, each with the cause that it is an example of.
Every command runs as printed, on a lab host of its own with the program in the learner's place.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from typing import NamedTuple

import pytest
from running import run_on

from lab import ROOT, course, mistakes
from lab.host import Host
from lab.session import IS_EMULATED

AT_ONCE = 2  # commands that run at the same time
LAST = len(course.STEPS)
SOURCE = course.read_source()
MISTAKES = mistakes.read()

pytestmark = pytest.mark.skipif(
    IS_EMULATED, reason="a lab host on a lab host is one overlay too many in the virtual machine"
)

# What a command prints that cannot be run as it is written.
BROKEN = re.compile(
    r"^bash: .*(syntax error|command not found)|unrecognized option|invalid option"
    r"|missing operand|^Usage: |No rule to make target",
    re.M,
)
# What differs from run to run, and what it is replaced by.
NOISE = (
    (r"pipe:\[\d+\]", "pipe:[N]"),
    (r"/proc/\d+", "/proc/N"),
    (r"(?m)^([<>] )?\d+ \d+ \d+:\d+ ", r"\1N N N:N "),  # a line of mountinfo
    (r"(shared|master):\d+", r"\1:N"),
    (r"(?m)^( *)\d+( +\S+ +\S+ +)\d+:\d+", r"N\2N"),  # a line of ps
    (r"\d\d:\d\d(:\d\d)?(\.\d+)?", "TIME"),
    (r"keeper.py keep \d+", "keeper.py keep N"),
    (r"\d+(\.\d+)? ?(s|[kMG]?B/s)\b", "N"),  # what dd measures
)
# What has other numbers in each run, and may be one thing or two: a namespace, a group.
NAME = re.compile(r"\w+:\[\d+\]|container-\w+")


class Case(NamedTuple):
    """A wrong program, and a cause that it is an example of."""

    program: str
    cause: str

    def __str__(self):
        return f"{self.cause}-{os.path.basename(self.program)[:-3]}"


def examples():
    """Return a case for each cause that a wrong program's first line about a check names."""
    found = {}
    for program in sorted(glob(f"{ROOT}/tests/wrong/[0-9]*.py")):
        with open(program) as file:
            causes = re.findall(r"^# fails: \w+ ([\w-]+)", file.read(), flags=re.M)
        for cause in causes:
            # The newest check's is what the program is about; the others may only follow.
            if cause not in found or cause == causes[-1] != found[cause][1]:
                found[cause] = (Case(program, cause), causes[-1])
    return [case for case, _ in found.values()]


# COMMAND may be late enough for what is late: nothing that is typed shows it each time.
RACES = {"limits-late"}
EXAMPLES = [case for case in examples() if case.cause not in RACES]


@pytest.fixture(scope="module")
def shown(request):
    """Return a function that promises what a command prints, two commands at a time."""
    promises = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def promise(cause, step, program):
            key = (MISTAKES[cause].proof(step), step, program)
            if key not in promises:
                promises[key] = pool.submit(typed, *key)
            return promises[key]

        for item in request.session.items:
            params = getattr(getattr(item, "callspec", None), "params", {})
            if item.module is request.module and "case" in params:
                of_both(promise, params["case"])
            elif item.module is request.module and "cause" in params:
                promise(params["cause"], LAST, None)
        yield promise
        pool.shutdown(cancel_futures=True)


def of_both(promise, case):
    """Return what its proof prints for a wrong program, and for the solution."""
    step = step_of(case)
    return [promise(case.cause, step, program) for program in (case.program, None)]


def step_of(case):
    """Return the step that a wrong program is for."""
    return int(os.path.basename(case.program)[:2])


def typed(prove, step, program):
    """Return what a command prints where a program, or the solution, is in its place."""
    text = course.solution(SOURCE, step)
    if program:
        with open(program) as file:
            text = file.read()
    with Host() as host:
        with open(host.file(course.starter_path(step)), "w") as file:
            file.write(text)
        with open(host.file(f"{ROOT}/.venv/.compiled"), "a") as stamp:
            os.utime(stamp.fileno())  # what make has to do first takes time, and is not the point
        # Both streams in one, as at a terminal.
        words = ["sh", "-c", 'exec "$@" 2>&1', "sh", "bash", "-c", prove]
        return run_on(host, *words, cwd=ROOT).output


@pytest.mark.parametrize("case", EXAMPLES, ids=str)
def test_a_proof_tells_the_mistake_from_the_solution(case, shown):
    """What is printed differs, and not just in numbers and names that change each time."""
    wrong, right = (promise.result() for promise in of_both(shown, case))
    for text in (wrong, right):
        assert not BROKEN.search(text), text
    prove = MISTAKES[case.cause].proof(step_of(case))
    assert masked(wrong) != masked(right), f"{prove}\n{wrong}\n--- and the solution:\n{right}"


@pytest.mark.parametrize("cause", MISTAKES)
def test_a_proof_can_be_typed_at_the_last_step(cause, shown):
    """Every command finds what it needs, also where COMMAND has only the tree of step 5."""
    text = shown(cause, LAST, None).result()
    assert not BROKEN.search(text), f"{MISTAKES[cause].proof(LAST)}\n{text}"


def masked(text):
    """Return what was printed without what differs from run to run."""
    for pattern, instead in NOISE:
        text = re.sub(pattern, instead, text)
    names = list(dict.fromkeys(NAME.findall(text)))  # known by the order in which they come
    text = NAME.sub(lambda name: f"NAME {names.index(name[0])}", text)
    unordered = re.compile(r"/|\w+ +\d+ .*\w\.py")  # files of a folder, namespaces of lsns(8)
    lines = text.splitlines()
    return [line for line in lines if not unordered.match(line)], sorted(lines)

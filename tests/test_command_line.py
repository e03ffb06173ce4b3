"""What is typed: make, the commands behind it, and what a learner gets to see."""

import json
import os
import re
import secrets
import select
import shutil
import subprocess
import sys

import pytest
from running import ENVIRONMENT, PATIENCE, run

from lab import ROOT, course
from lab.client import MAIN
from lab.commands import hint

VERBS = ("check-step", "watch", "run-step", "xray", "memory-curve", "hint", "reset", "diff")
STEPS = range(1, len(course.STEPS) + 1)
SOURCE = course.read_source()
with open(f"{ROOT}/Makefile") as _makefile:
    MAKEFILE = _makefile.read()
DOCUMENTED = re.findall(r"^([a-z0-9-]+):.* ## (.*)$", MAKEFILE, re.M)

# ---- make: which step?  With a Python that only says how it was called.

RECORDER = """#!/bin/sh
printf 'python'
for word; do printf ' <%s>' "$word"; done
echo
"""


@pytest.fixture
def workshop(tmp_path):
    """Return a folder with our Makefile, in which nothing needs to be installed."""
    folder = tmp_path / "workshop"
    for place in (".venv/bin", "rootfs/bin"):
        (folder / place).mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(f"{ROOT}/{name}", folder / name)
    stamps = ("check", "compiled", "test", "notebook", "browser", "here")
    for name in ("rootfs/bin/sh", *(f".venv/.{stamp}" for stamp in stamps)):
        (folder / name).write_text(os.path.realpath(folder))
    (folder / ".venv/bin/python").write_text(RECORDER)
    (folder / ".venv/bin/python").chmod(0o755)
    return folder


def make(folder, *words, **variables):
    """Type a make command in a folder."""
    env = {"PATH": os.environ["PATH"], "SUDO": "", **variables}
    return run("make", *words, cwd=folder, env=env)


@pytest.mark.parametrize(
    "words",
    ["check-step 3", "check-step N=3", "check-step-3", "3 check-step"]
    + ["-j4 check-step 3", "check-step 3 -j4", "-j4 check-step-3", "-j4 check-step N=3"],
)
def test_make_runs_one_step_however_it_is_typed(workshop, words):
    """Every way to name a step runs it once, whatever else is called 3, or N, nearby."""
    for name in ("3", "check-step", "check-step-3"):
        (workshop / name).touch()
    answer = make(workshop, *words.split(), N="4")
    assert answer.status == 0, answer.errors
    assert answer.output == "python <-IBm> <lab> <check> <3>\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_every_step(workshop, verb):
    """All commands for a step take it in the same ways."""
    for step in STEPS:
        for words in ([verb, str(step)], [f"{verb}-{step}"]):
            answer = make(workshop, *words)
            assert answer.status == 0, answer.errors
            assert f" <{step}>" in answer.output


WRONG_STEPS = [[], ["7"], ["0"], ["abc"], ["1", "2"], ["12"], ["N=7"], ["N="], ["N=1 2"]]
WRONG_STEPS += [["N=$(shell touch X)"], ["$(shell touch X)"], ["N=`touch X`"], ["N=3;touch X"]]


@pytest.mark.parametrize("words", WRONG_STEPS, ids=" ".join)
def test_make_stops_at_a_step_that_is_none(workshop, words):
    """A wrong step, or none, or two, stops in one line that names the steps; nothing runs."""
    answer = make(workshop, "check-step", *words)
    assert (answer.status, answer.output) == (2, "")
    assert re.search(r"[;?] steps are 1 2 3 4 5, for example: make check-step 1\b", answer.errors)
    assert answer.errors.count("\n") == 1
    assert not (workshop / "X").exists()


@pytest.mark.parametrize("verb", VERBS)
def test_number_in_the_environment_is_no_step(workshop, verb):
    """An N in the environment is somebody else's, and the line names the command typed."""
    answer = make(workshop, verb, N="4")
    assert (answer.status, answer.output) == (2, "")
    assert f"which step? steps are 1 2 3 4 5, for example: make {verb} 1." in answer.errors


@pytest.mark.parametrize("words", ["run-step 2", "xray 2", "lab"])
def test_command_reaches_the_program_as_it_was_typed(workshop, words):
    """What is typed as CMD is run neither by make nor by make's shell."""
    command = "echo $HOME $$ $(shell touch X) `touch X` \"a  b\" 'c' \\ ; # %"
    answer = make(workshop, *words.split(), f"CMD={command}")
    assert answer.status == 0, answer.errors
    assert answer.output.endswith(f" <{command}>\n")
    assert not (workshop / "X").exists()


@pytest.mark.parametrize("name", ["", "Ada Lovelace", "$(shell touch X)`touch X` 'a' \"b\" <i>"])
def test_name_reaches_the_certificate_as_it_was_typed(workshop, name):
    """What is typed as NAME is nobody's program; a NAME in the environment is not meant."""
    answer = make(workshop, "status", *[f"NAME={name}"] * bool(name), NAME="machine")
    assert answer.status == 0, answer.errors
    assert answer.output == f"python <-IBm> <lab> <status> <{name}>\n"
    assert not (workshop / "X").exists()


@pytest.mark.parametrize("words", [[], ["help"]], ids=["make", "make help"])
def test_help_lists_every_documented_target(workshop, words):
    """`make` and `make help` say what can be made, a line each."""
    answer = make(workshop, *words)
    assert answer.status == 0, answer.errors
    listed = [line.split(maxsplit=1) for line in answer.output.splitlines()]
    assert [(name, text.strip()) for name, text in listed] == DOCUMENTED


def test_every_target_is_documented():
    """What can be made and is no file has its line of help."""
    phony = " ".join(re.findall(r"^\.PHONY: ([a-z0-9 -]+)$", MAKEFILE, re.M)).split()
    assert sorted(phony) == sorted(name for name, _ in DOCUMENTED)


def test_every_command_of_the_makefile_exists():
    """No target calls a command that is not there."""
    for name in re.findall(r"\$\(LAB\) ([a-z0-9-]+)", MAKEFILE):
        assert os.path.isfile(f"{ROOT}/lab/commands/{name.replace('-', '_')}.py"), name


# ---- The commands, in a copy of the checkout

NOT_COPIED = shutil.ignore_patterns(
    ".venv*", "rootfs*", ".git", ".lab", "my-*", "__pycache__", "*~"
)
STARTER_1 = course.starter(SOURCE, 1)
SOLUTION_1 = course.solution(SOURCE, 1)
BROKEN = "def run(:\n"  # no Python
CRASHING = "raise ValueError('mine')\n"


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the checkout, in which nobody has worked yet."""
    return copied(tmp_path / "checkout")


def copied(place):
    """Copy the checkout, with every step as it was given."""
    shutil.copytree(ROOT, place, symlinks=True, ignore=NOT_COPIED)
    for step in STEPS:
        write(place, course.starter(SOURCE, step), step)
    return place


def lab(copy, *words, **options):
    """Run a command of the copy, as the Makefile would."""
    return run(sys.executable, "-IBc", MAIN, copy, *words, **{"cwd": copy, **options})


def program(copy, step=1):
    """Return where a learner works on a step in a copy."""
    return copy / f"steps/{course.STEPS[step - 1]}/container.py"


def write(copy, text, step=1):
    """Be the learner who writes the program of a step."""
    program(copy, step).write_text(text)


def results(copy, step=1):
    """Return the results of the last check of a step."""
    lines = (copy / f".lab/check-step-{step}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("words", ["", "nonsense", "_program", "__init__", "../check", "--help"])
def test_unknown_command_is_told_what_there_is(words):
    """`python -m lab` with a command that is none says in one line which there are."""
    answer = run(sys.executable, "-IBm", "lab", *words.split(), cwd="/")
    assert (answer.status, answer.output) == (2, "")
    assert re.fullmatch(r"lab: there is no command '.*'; there are: .*check, .*\n", answer.errors)
    assert "_program" not in answer.errors.partition("there are:")[2]


@pytest.mark.parametrize("command", ["check", "watch", "run", "hint", "reset", "diff"])
@pytest.mark.parametrize("words", ["", "7", "0", "abc", "-1", "²", "1.0"])
def test_unknown_step_is_wrong_usage(command, words):
    """A command for a step that is none says in one line which there are, and exits with 2."""
    answer = run(sys.executable, "-IBm", "lab", command, *words.split(), cwd="/")
    assert (answer.status, answer.output) == (2, "")
    assert re.fullmatch(r".*; steps are 1 2 3 4 5, for example: make .* 1\n", answer.errors)


def test_reset_keeps_a_numbered_copy(copy):
    """`make reset` puts the starter back, and says where the work went; nothing is lost."""
    for number in (1, 2):
        write(copy, f"work {number}\n")
        answer = lab(copy, "reset", 1)
        kept = f"steps/01_uts/container.py.~{number}~"
        assert answer.status == 0, answer.errors
        assert f"kept your work as {kept}\n" in answer.output
        assert (copy / kept).read_text() == f"work {number}\n"
        assert program(copy).read_text() == STARTER_1
    assert program(copy).with_name("container.py.~1~").read_text() == "work 1\n"


def test_reset_of_nothing_makes_no_copy(copy):
    """`make reset` of a step that is as it was given does nothing, and says so."""
    before = sorted(os.listdir(copy / "steps/01_uts"))
    answer = lab(copy, "reset", 1)
    assert (answer.status, "nothing to reset" in answer.output) == (0, True)
    assert sorted(os.listdir(copy / "steps/01_uts")) == before


def test_reset_brings_back_what_was_removed(copy):
    """`make reset` of a step whose file is gone makes it anew."""
    program(copy).unlink()
    assert lab(copy, "reset", 1).status == 0
    assert program(copy).read_text() == STARTER_1


def test_work_that_is_no_text_is_kept_too(copy):
    """`make reset` keeps a file that an editor saved in another encoding, byte by byte."""
    program(copy).write_bytes(b"# caf\xe9\r\n")
    answer = lab(copy, "reset", 1)
    assert answer.status == 0, answer.errors
    kept = program(copy).with_name("container.py.~1~")
    assert kept.read_bytes() == b"# caf\xe9\r\n"


def test_diff_shows_what_was_changed(copy):
    """`make diff` shows the lines that a learner added and removed."""
    assert "as it was given" in lab(copy, "diff", 1).output
    write(copy, STARTER_1.replace('HOSTNAME = "container"', 'HOSTNAME = "mine"'))
    answer = lab(copy, "diff", 1)
    assert answer.status == 0, answer.errors
    changed = [line for line in answer.output.splitlines() if re.match(r"[-+](?![-+])", line)]
    assert changed == ['-HOSTNAME = "container"', '+HOSTNAME = "mine"']
    assert "steps/01_uts/container.py" in answer.output


def test_diff_of_a_missing_file_says_how_to_get_it_back(copy):
    """`make diff` of a step whose file is gone is wrong usage, with the way out."""
    program(copy).unlink()
    answer = lab(copy, "diff", 1)
    assert answer.status == 2 and "make reset 1" in answer.errors


def test_hints_go_one_level_up_each_time(copy):
    """`make hint` gives one level more each time, and stops at the third."""
    levels = hint.read(1).values()
    for level in (1, 2, 3, 3):
        answer = lab(copy, "hint", 1)
        assert answer.status == 0, answer.errors
        assert answer.errors.startswith(f"hint {level} of 3")
        assert ("no more" in answer.errors) == (level == 3)
        assert all(hints[level - 1] in answer.output for hints in levels)


def test_hints_of_each_step_are_counted_apart(copy):
    """Hints that were given for one step do not use up those of another."""
    lab(copy, "hint", 1)
    assert lab(copy, "hint", 2).errors.startswith("hint 1 of 3")


def test_status_knows_what_was_judged(copy):
    """`make status` judges a file that has not changed no second time."""
    write(copy, SOLUTION_1)
    lab(copy, "check", 1)
    known = (copy / ".lab/status.json").read_text()
    assert "passes" in lab(copy, "status").output
    assert (copy / ".lab/status.json").read_text() == known


# ---- The verdict

FIELDS = """schema run_id learner step check title verdict expected observed cause evidence
    hints_available depends_on points max_points ms env checker_version submission_hash"""
ENVIRONMENT_FIELDS = {"kernel", "cgroup", "python", "in_container", "caps"}
VERDICTS = {"pass", "fail", "blocked", "timeout", "cannot_check", "checker_error"}


def test_results_are_written_as_json_lines(copy):
    """A check leaves its results in lab-result/v1, a line for each check, in order."""
    assert lab(copy, "check", 1).status == 1
    found = results(copy)
    assert [r["check"] for r in found] == [f"01.{n + 1}" for n in range(len(found))]
    for result in found:
        assert set(FIELDS.split()) <= set(result)
        assert result["schema"] == "lab-result/v1"
        assert result["verdict"] in VERDICTS
        assert (result["points"], result["max_points"]) == (result["verdict"] == "pass", 1)
        assert set(result["env"]) >= ENVIRONMENT_FIELDS
        assert result["ms"] >= 0 and isinstance(result["evidence"], list)
    assert len({(r["run_id"], r["submission_hash"]) for r in found}) == 1


def test_failures_say_what_was_expected_and_seen(copy):
    """What does not pass says why: expected, observed and cause; or what it waits for."""
    lab(copy, "check", 1)
    checks = {result["check"] for result in results(copy)}
    for result in results(copy):
        told = [result[name] for name in ("expected", "observed", "cause")]
        assert all(told) if result["verdict"] == "fail" else not any(told)
        assert set(result["depends_on"]) <= checks
        assert result["depends_on"] or result["verdict"] != "blocked"


STATUSES = {
    "a solution": (SOLUTION_1, 0),
    "a starter": (STARTER_1, 1),
    "no Python": (BROKEN, 1),
    "a crash": (CRASHING, 1),
    "nothing": ("", 1),
}
PYTESTS_WORDS = ("pytest", "collected", "short test summary", "conftest", "::", "E  ", "====")
PYTESTS_WORDS += ("test_0", "AssertionError", "CheckFailed", " passed", " failed")


@pytest.mark.parametrize("what", STATUSES)
def test_check_exits_as_the_verdict_says_in_our_own_words(copy, what):
    """The status is 0 if all pass and 1 if not, and what is printed is never pytest's."""
    text, status = STATUSES[what]
    write(copy, text)
    answer = lab(copy, "check", 1)
    assert answer.status == status, answer.errors
    assert re.match(r"step 1 · uts +\d+ of \d+ checks pass\n", answer.output)
    said = answer.output.replace(str(copy), "")  # where the copy is has pytest's name
    assert [word for word in PYTESTS_WORDS if word in said] == []
    assert answer.errors == ""


def test_crash_is_shown_as_the_programs_own(copy):
    """The last lines of a program's traceback are in the verdict."""
    write(copy, CRASHING)
    answer = lab(copy, "check", 1)
    assert "ValueError: mine" in answer.output and "[crashed]" in answer.output


def test_program_that_is_not_there_is_wrong_usage(copy):
    """To judge a file that is not there, or too many, is wrong usage."""
    for words in (["1", "nowhere.py"], ["1", "one.py", "two.py"]):
        answer = lab(copy, "check", *words)
        assert (answer.status, answer.output) == (2, "")
        assert answer.errors.startswith("there is no program ")
    program(copy).unlink()
    assert lab(copy, "check", 1).status == 2


def test_unwell_checker_does_not_blame_the_program(copy):
    """An error in a check is a checker error, with status 4, and costs no other check."""
    checks = copy / "tests/test_01_uts.py"
    checks.write_text(
        checks.read_text() + "\n\ndef test_broken(trial):\n    '''Break.'''\n    1 / 0\n"
    )
    write(copy, SOLUTION_1)
    answer = lab(copy, "check", 1)
    assert answer.status == 4, answer.errors
    assert "not in your program: ZeroDivisionError" in answer.output
    assert {r["verdict"] for r in results(copy)} == {"pass", "checker_error"}


# ---- A learner's folder cannot influence the judge

CONFTEST = """
import os
open({mark!r}, "w")
def pytest_collection_modifyitems(items):
    items[:] = items[:1]
def pytest_runtest_call(item):
    os._exit(0)
"""
MODULES = ("conftest", "socket", "json", "pytest", "sitecustomize", "usercustomize", "select")
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = --collect-only\npython_functions = nothing\n",
    "tox.ini": "[pytest]\naddopts = --collect-only\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
}
HOSTILE = {
    "PYTEST_ADDOPTS": "--collect-only -p conftest",
    "PYTEST_PLUGINS": "conftest",
    "PYTEST_DEBUG": "1",
    "PYTHONHOME": "/nowhere",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
    "PYTHONVERBOSE": "1",
}


@pytest.fixture(scope="module")
def fair(tmp_path_factory):
    """Return the verdicts on two programs, which nobody tries to change."""
    place = copied(tmp_path_factory.mktemp("fair") / "checkout")
    return {text: verdicts(place, text) for text in (SOLUTION_1, STARTER_1)}


def verdicts(copy, text, **options):
    """Return the verdict of each check on a program of step 1."""
    write(copy, text)
    answer = lab(copy, "check", 1, **options)
    assert (copy / ".lab/check-step-1.jsonl").exists(), answer
    return [(result["check"], result["verdict"]) for result in results(copy)]


@pytest.mark.parametrize("text", [SOLUTION_1, STARTER_1], ids=["solution", "starter"])
@pytest.mark.parametrize("where", ["step", "current directory", "environment"])
def test_learner_cannot_change_a_verdict(copy, fair, tmp_path, where, text):
    """Modules, settings and variables of a learner's change no verdict, and are not loaded."""
    folder = copy / "steps/01_uts" if where == "step" else tmp_path / "own"
    plant(folder, tmp_path / "mark")
    hostile = HOSTILE if where == "environment" else {}
    env = {**ENVIRONMENT, **hostile, "PYTHONPATH": str(folder)}
    cwd = tmp_path if where == "environment" else folder
    assert verdicts(copy, text, cwd=cwd, env=env) == fair[text]
    assert not (tmp_path / "mark").exists(), "a module of the learner's was loaded"


def plant(folder, mark):
    """Put modules and settings in a folder, that leave a mark when they are loaded."""
    folder.mkdir(exist_ok=True)
    for name in MODULES:
        (folder / f"{name}.py").write_text(CONFTEST.format(mark=str(mark)))
    for name, text in SETTINGS.items():
        (folder / name).write_text(text)


# ---- run-step, and a shell to play in


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", 0), ("sh -c 'exit 7'", 7), ("sh -c 'kill -9 $$'", 137), ("no-such-program", 127)],
)
def test_run_step_exits_as_the_command(copy, command, status):
    """`make run-step` runs a command in the learner's container, and ends as it did."""
    write(copy, SOLUTION_1)
    answer = lab(copy, "run", 1, command)
    assert answer.status == status, answer.errors


def test_run_step_connects_the_streams(copy):
    """What goes into `make run-step` comes to the command, and what it says comes out."""
    write(copy, SOLUTION_1)
    answer = lab(copy, "run", 1, "sh -c 'hostname; cat; echo bad >&2'", stdin=None, input="in\n")
    assert answer == (0, "container\nin\n", "bad\n")


def test_run_step_says_what_is_wrong_with_a_command(copy):
    """A quote that is never closed is wrong usage."""
    answer = lab(copy, "run", 1, "echo 'a")
    assert (answer.status, answer.output) == (2, "")
    assert answer.errors.startswith("CMD: ")


def test_lab_runs_a_command(copy):
    """`make lab CMD=...` runs a line of shell on a lab host, and ends as it did."""
    answer = lab(copy, "lab", "hostname; exit 3")
    assert answer[:2] == (3, "labhost\n")


def test_second_terminal_joins_and_may_stay_longer(copy):
    """Two shells are on one lab host; when the first is left, the second goes on."""
    env = {**ENVIRONMENT, "SUDO_UID": str(10**6 + secrets.randbelow(10**8))}
    with shell(copy, env) as first:
        assert ask(first, "hostname shared; hostname") == "shared\n"
        with shell(copy, env) as second:
            assert ask(second, "hostname") == "shared\n"
            first.stdin.close()
            assert first.wait(5) == 0, first.stderr.read()
            assert ask(second, "hostname") == "shared\n"
            second.stdin.close()
            assert second.wait(PATIENCE) == 0


def shell(copy, env):
    """Start `make lab`, of which nobody else has the name, without a terminal."""
    words = [sys.executable, "-IBc", MAIN, str(copy), "lab"]
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    return subprocess.Popen(words, env=env, text=True, bufsize=1, **pipes)


def ask(shell, line):
    """Type a line; return the line that is answered."""
    shell.stdin.write(f"{line}\n")
    assert select.select([shell.stdout], [], [], PATIENCE)[0], "no answer"
    return shell.stdout.readline()

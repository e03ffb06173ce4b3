"""A class: programs handed in with care or without, judged at once, none in another's way."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

import pytest
from running import ENVIRONMENT, PATIENCE, run

from lab import ROOT, checks, course, progress
from lab.commands import grade as command
from lab.grade import machine, store, submissions, verdict, work
from lab.session import IS_EMULATED

SOURCE = course.read_source()
SOLUTION, STARTER = course.solution(SOURCE, 1), course.starter(SOURCE, 1)
UTS = "steps/01_uts/container.py"


def hand_in(folder, name, text, place=UTS):
    """Hand in a program as somebody of that name."""
    path = folder / name / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def taken(folder, name, step=1, last=5):
    """Return what is taken of somebody's submission, or why it cannot be."""
    found = {submission.name: submission for submission in submissions.find(str(folder))}
    try:
        return submissions.program(found[name], step, last)
    except submissions.CannotRead as error:
        return str(error)


# ---- What is taken, and what is not


def test_folders_zips_and_lists_are_submissions(tmp_path):
    """A person hands in a folder or a zip, or is in a list; what begins with a dot is nobody."""
    folder = tmp_path / "class"
    hand_in(folder, "alice", SOLUTION)
    hand_in(folder, ".git", STARTER)
    with zipfile.ZipFile(folder / "bob.zip", "w") as packed:
        packed.writestr(f"bob-main/{UTS}", STARTER)
    (folder / "notes.txt").write_text("nobody")
    assert [found.name for found in submissions.find(str(folder))] == ["alice", "bob"]
    assert taken(folder, "alice") == SOLUTION.encode()
    assert taken(folder, "bob") == STARTER.encode()
    (tmp_path / "list").write_text(f"# the class\nclass/alice\nsomebody {folder}/alice\n")
    listed = submissions.find(str(tmp_path / "list"))
    assert [found.name for found in listed] == ["alice", "somebody"]
    assert all(submissions.program(found, 1, 5) == SOLUTION.encode() for found in listed)


def test_what_was_not_handed_in_is_no_program(tmp_path):
    """A step that nobody has handed in is no mistake, and nothing is judged."""
    hand_in(tmp_path, "alice", SOLUTION)
    assert taken(tmp_path, "alice", step=2) is None


def test_program_in_the_one_folder_of_a_folder_is_found(tmp_path):
    """What was unpacked from a download has a folder more."""
    hand_in(tmp_path, "alice", SOLUTION, f"alice-main/{UTS}")
    assert taken(tmp_path, "alice") == SOLUTION.encode()


@pytest.mark.parametrize("place", ["01_uts/container.py", "01_uts.py", "a/01_uts.py"])
def test_upload_that_has_lost_its_folders_is_found(tmp_path, place):
    """Where files are dragged into a page, a program may be called as its step is."""
    hand_in(tmp_path, "alice", SOLUTION, f"alice/{place}")
    with zipfile.ZipFile(tmp_path / "bob.zip", "w") as packed:
        packed.writestr(place, STARTER)
        packed.writestr("__MACOSX/._x", "")
    assert taken(tmp_path, "alice") == SOLUTION.encode()
    assert taken(tmp_path, "bob") == STARTER.encode()


def test_program_in_its_own_place_is_preferred(tmp_path):
    """A file beside steps/ does not count where the step is there, and one elsewhere never."""
    hand_in(tmp_path, "alice", SOLUTION)
    hand_in(tmp_path, "alice", "", "01_uts.py")
    hand_in(tmp_path, "bob", SOLUTION, "solutions/01_uts/container.py")
    hand_in(tmp_path, "bob", SOLUTION, "notes/x")
    with zipfile.ZipFile(tmp_path / "carol.zip", "w") as packed:
        packed.writestr("repo/solutions/01_uts/container.py", SOLUTION)
        packed.writestr("repo/steps/README.md", "")
    assert taken(tmp_path, "alice") == SOLUTION.encode()
    assert taken(tmp_path, "bob") is taken(tmp_path, "carol") is None


def test_one_program_alone_is_the_last_steps(tmp_path):
    """Who hands in nothing but container.py has done the last of the steps that are asked for."""
    hand_in(tmp_path, "alice", SOLUTION, "container.py")
    hand_in(tmp_path, "bob", SOLUTION, "bob-main/container.py")
    with zipfile.ZipFile(tmp_path / "carol.zip", "w") as packed:
        packed.writestr("container.py", STARTER)
    found = {step: taken(tmp_path, "alice", step, last=3) for step in (1, 2, 3, 4)}
    assert found == {1: None, 2: None, 3: SOLUTION.encode(), 4: None}
    assert taken(tmp_path, "carol", 3, last=3) == STARTER.encode()
    assert taken(tmp_path, "carol", 3, last=5) is None
    assert taken(tmp_path, "bob", 3, last=3) is None


def test_two_people_of_one_name_are_an_error(tmp_path):
    """A folder and a zip of one name would overwrite each other's results."""
    hand_in(tmp_path, "alice", SOLUTION)
    with zipfile.ZipFile(tmp_path / "alice.zip", "w") as packed:
        packed.writestr(UTS, STARTER)
    with pytest.raises(ValueError, match="two submissions have one name: alice"):
        submissions.find(str(tmp_path))


def test_link_out_of_the_folder_is_not_followed(tmp_path):
    """Neither the file nor a folder above it may be a link."""
    secret = hand_in(tmp_path, "secret", "secret")
    file, folder = tmp_path / "class/file/steps/01_uts", tmp_path / "class/folder"
    file.mkdir(parents=True)
    folder.mkdir()
    (file / "container.py").symlink_to(secret)
    (folder / "steps").symlink_to(secret.parent.parent)
    for name in ("file", "folder"):
        assert "is no file that is simply there" in taken(tmp_path / "class", name)


def test_large_and_strange_files_are_not_read(tmp_path):
    """A gigabyte, a FIFO, a folder and a device cost nothing, and are told."""
    with open(hand_in(tmp_path, "large", ""), "w") as file:
        file.truncate(1 << 30)
    for name, make in (("fifo", os.mkfifo), ("folder", os.mkdir)):
        path = hand_in(tmp_path, name, "")
        path.unlink()
        make(path)
    assert taken(tmp_path, "large") == "container.py is larger than 256 KiB"
    assert taken(tmp_path, "fifo") == taken(tmp_path, "folder") == "container.py is no file"


def test_zip_that_is_none_or_a_bomb_is_told(tmp_path):
    """What cannot be unpacked, or would be too much, is told in a line."""
    (tmp_path / "none.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(UTS, b"\0" * (50 << 20))
    assert "the zip cannot be read" in taken(tmp_path, "none")
    assert taken(tmp_path, "bomb") == "container.py is larger than 256 KiB"


# ---- The checks without pytest


@pytest.mark.parametrize("step", range(1, len(course.STEPS) + 1))
def test_checks_of_a_class_are_those_of_pytest(step):
    """What is run without pytest is what pytest would run, in the same order."""
    name = f"tests/test_{course.STEPS[step - 1]}.py"
    collected = run(sys.executable, "-IBm", "pytest", "--collect-only", "-q", name, cwd=ROOT)
    names = [line.partition("::")[2] for line in collected.output.splitlines() if "::" in line]
    assert [check.__name__ for check in checks.of_step(step)] == names


# ---- Many at once

NO_LAB_ON_LAB = pytest.mark.skipif(IS_EMULATED, reason="a class is judged on a machine")


def done(jobs, do, budget=PATIENCE):
    """Do some jobs, two at once; return what came of each."""
    told = {}
    work.run(jobs, 2, do, lambda job, answer: told.update({job: answer}), budget)
    return told


def test_job_that_takes_too_long_costs_its_own_budget():
    """When its time is up there is no answer to it, and one to all others."""
    told = done([60, 0], lambda seconds, folder: time.sleep(seconds) or "done", budget=0.5)
    assert told[0] == "done"
    assert str(told[60]) == "no verdict within 0 seconds"


def test_program_that_kills_its_judge_costs_its_own_verdict():
    """Where the judge's process is gone without a word, only that answer is missing."""
    told = done(["bad", "good"], lambda job, folder: os._exit(9) if job == "bad" else "done")
    assert told["good"] == "done"
    assert str(told["bad"]) == "the checker ended without a word"


@NO_LAB_ON_LAB
def test_only_its_time_is_a_programs_own_fault(tmp_path, monkeypatch):
    """A program cannot end its judge, and loses no points where that has died."""

    def of(program, step, folder):
        return os._exit(9) if program == b"dies" else time.sleep(PATIENCE)

    monkeypatch.setattr(verdict, "of", of)
    monkeypatch.setattr(verdict, "BUDGET", 0.5)
    for name in ("dies", "hangs"):
        hand_in(tmp_path / "class", name, name)
    assert command.main([str(tmp_path / "class"), str(tmp_path / "out"), "2", "1"]) == 0
    with open(tmp_path / "out/results.jsonl") as lines:
        told = {line["learner"]: line["verdict"] for line in map(json.loads, lines)}
    assert told == {"dies": "checker_error", "hangs": "timeout"}


def test_what_a_machine_says_of_time_is_about_time():
    """A program that was late in a virtual machine is told apart from a judge that died there."""
    for said, error in (("late", work.Late), ("lost", work.Lost)):
        with pytest.raises(work.Lost, match="why") as raised:
            machine.accepted({"1": {said: "why"}}, 1)
        assert raised.type is error


def test_nothing_is_left_of_a_job(tmp_path, monkeypatch):
    """Each has an empty folder, which is gone afterwards, also when it was killed."""

    def fill(seconds, folder):
        os.mkdir(f"{folder}/more")
        time.sleep(seconds)
        return folder

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told = done([60, 0], fill, budget=0.5)
    assert os.path.dirname(told[0]) == str(tmp_path)
    assert os.listdir(tmp_path) == []


def grade(*words, **options):
    """Run the command; return how it ended."""
    return run(sys.executable, "-IBm", "lab", "grade", *words, **options)


@pytest.fixture
def class_(tmp_path):
    """Return a small class: right, wrong, hostile and unreadable."""
    folder = tmp_path / "class"
    hand_in(folder, "alice", SOLUTION)
    hand_in(folder, "bob", STARTER)
    hand_in(folder, "=carol", "import os\nwhile True: os.fork()\n")
    hand_in(folder, "dave", b"# \xe4\n")
    (folder / "erin").mkdir()
    (folder / "frank.zip").write_text("no zip")
    return folder


def table(results):
    """Return the rows of class.csv by name."""
    with open(results / "class.csv", newline="") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


@NO_LAB_ON_LAB
def test_class_is_judged_person_by_person(class_, tmp_path):
    """Each gets the verdict of make check-step, whatever the others have handed in."""
    answer = grade(class_, tmp_path / "out", "2", "1-1", timeout=10 * PATIENCE)
    assert answer.status == 0, answer.errors
    rows = table(tmp_path / "out")
    assert rows["alice"]["points"] == rows["alice"]["max_points"] == "12"
    assert rows["bob"]["check 01.2"] == "fail" and rows["bob"]["cause in step 1"] == "uts-shared"
    assert rows["'=carol"]["points"] == "0"
    assert rows["dave"]["cause in step 1"] == "syntax-error"
    assert "the zip cannot be read" in rows["frank"]["cause in step 1"]
    assert (rows["erin"]["points"], rows["erin"]["max_points"]) == ("0", "12")
    assert "nothing was handed in" in rows["erin"].values()
    files = {file.stem: json.loads(file.read_bytes()) for file in (tmp_path / "out").glob("*/*")}
    assert {name: file["score"] for name, file in files.items()} == {
        name.removeprefix("'"): int(row["points"]) for name, row in rows.items()
    }
    with open(tmp_path / "out/results.jsonl") as lines:
        kept = [json.loads(line) for line in lines]
    assert {result["learner"] for result in kept} == set(os.listdir(class_)) - {"frank.zip"} | {
        "frank"
    }


def test_last_program_of_a_step_is_what_counts(tmp_path):
    """Who hands in an older program again is judged again: the last verdict is on another one."""
    for content in (b"older", b"newer"):
        kept = store.Store(str(tmp_path))
        kept.add(verdict.lost(content, 1, "ann", "..."))
    kept = store.Store(str(tmp_path))
    assert kept.has("ann", 1, progress.digest(b"newer"))
    assert not kept.has("ann", 1, progress.digest(b"older"))


@pytest.mark.parametrize("nobodys", ["checker_error", "cannot_check"])
def test_what_was_no_mistake_is_tried_again(tmp_path, nobodys):
    """When the checker broke, or the machine could not, the next run is another try."""
    store.Store(str(tmp_path)).add(verdict.lost(b"x", 1, "ann", "...", nobodys))
    assert not store.Store(str(tmp_path)).has("ann", 1, progress.digest(b"x"))


@NO_LAB_ON_LAB
def test_second_run_goes_on_where_the_first_was_stopped(class_, tmp_path):
    """What was judged is not judged again; half a line, of a crash, is no result."""
    first = [sys.executable, "-IBm", "lab", "grade", str(class_), str(tmp_path / "out"), "1", "1"]
    with subprocess.Popen(first, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as stopped:
        for line in stopped.stderr:
            if " pass" in line:
                stopped.send_signal(signal.SIGINT)
                break
        stopped.stderr.read()
    assert stopped.returncode == 130
    with open(tmp_path / "out/results.jsonl") as lines:
        kept = lines.readlines()
    with open(tmp_path / "out/results.jsonl", "a") as file:
        file.write(kept[0][:100])
    answer = grade(class_, tmp_path / "out", "2", "1", timeout=10 * PATIENCE)
    assert answer.status == 0, answer.errors
    with open(tmp_path / "out/results.jsonl") as lines:
        assert lines.readlines()[: len(kept)] == kept
    assert len(table(tmp_path / "out")) == 6
    again = grade(class_, tmp_path / "out", "2", "1")
    assert again.status == 0 and " pass" not in again.errors


@pytest.mark.parametrize(
    "words",
    [[], ["", "out"], ["nowhere", "out"], ["{class}", "out", "0"], ["{class}", "out", "x"]]
    + [
        ["{class}", "out", "2", "0-3"],
        ["{class}", "out", "2", "6"],
        ["{class}", "out", "2", "3-1"],
        ["{class}", "out", "2", "1", "jail"],
        ["{class}", "out", "2", "1", "lab", "maybe"],
    ],
)
def test_odd_words_are_told_in_a_line(class_, tmp_path, words):
    """What cannot be meant is answered with what can, and nothing is judged."""
    answer = grade(*(word.format(**{"class": class_}) for word in words), cwd=tmp_path)
    assert answer.status == 2
    assert answer.errors.endswith(
        "[RESULTS=folder] [JOBS=4] [STEPS=1-5] [ISOLATE=lab|vm] [OPAQUE=yes]\n"
    )

"""A class of right, wrong and hostile people: each gets the verdict that is known of each program.

`make soak-class N=200` judges a larger one.
"""

import hashlib
import os
import re
import shutil
import signal
import sys
import tempfile
from typing import NamedTuple

import crowd
import pytest
from running import ENVIRONMENT, PATIENCE, run

from lab import ROOT, cgroup, checks
from lab import __version__ as VERSION
from lab.grade import store, submissions
from lab.host import Host
from lab.session import IS_EMULATED

PEOPLE = 40
DEAREST = 45.0  # seconds that no program may take, whatever it does
OURS = {"class.csv", "junit.xml", "results.jsonl", "report.html", "gradescope"}
GRADE = [sys.executable, "-IBm", "lab", "grade"]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or IS_EMULATED, reason="a class is judged by root, on a machine"
)


class Judged(NamedTuple):
    """A class that was judged, and what was seen of the machine."""

    class_: list
    folder: str
    results: str
    answer: "object"  # what was printed, and what was left running
    changed: set  # files of the class and of the checkout
    left: set  # control groups, and files in the folder for temporary ones


# Runs `make grade`, sends it a signal at a line, and then waits for all that it has started.
WATCH = """
import os, subprocess, sys
root, signum, last, *words = sys.argv[1:]
sys.path.insert(0, root)
from lab import confine
from lab.process import descendants
confine.adopt()
with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as grade:
    for line in grade.stderr:
        print(line, end="", file=sys.stderr)
        if last and line.startswith(last):
            grade.send_signal(int(signum))
            last = None
print(f"ended with {grade.returncode}, {len(descendants(os.getpid())) - 1} left", flush=True)
try:
    while True:
        os.wait()
except ChildProcessError:
    print("all gone")
"""


def watched(*words, signum=0, last="", **options):
    """Run `make grade`, and send it a signal at the line that begins so; return what is told."""
    watch = [sys.executable, "-IBc", WATCH, ROOT, int(signum), last]
    return run(*watch, *GRADE, *words, cwd=ROOT, **options)


@pytest.fixture(scope="module")
def judged():
    """Return a class that was judged, on a disk that every lab host has a copy of."""
    with Host() as host:
        if host.no_groups:
            pytest.skip(f"cannot check here: no control groups: {host.no_groups}")
    with tempfile.TemporaryDirectory(dir=crowd.SHOWN, prefix="class-") as top:
        folder, results, scratch = f"{top}/class", f"{top}/results", f"{top}/scratch"
        class_ = crowd.people(PEOPLE, folder, results)
        crowd.hand_in(class_, folder)
        os.mkdir(scratch)
        before, groups = {**hashes(folder), **hashes(ROOT)}, groups_left()
        environment = {**ENVIRONMENT, "TMPDIR": scratch}
        answer = watched(folder, results, "4", "1-5", env=environment, timeout=60 * PATIENCE)
        after = {**hashes(folder), **hashes(ROOT)}
        changed = {path for path in before | after if before.get(path) != after.get(path)}
        left = {*groups_left() - groups, *os.listdir(scratch)}
        yield Judged(class_, folder, results, answer, changed, left)


def hashes(top):
    """Return what is in the files of a folder, in short; of what is no file, what it is."""
    found = {}
    for folder, names, others in os.walk(top):
        names[:] = [name for name in names if name not in (".git", ".venv", "__pycache__")]
        for path in (os.path.join(folder, name) for name in others):
            known = os.lstat(path)
            found[path] = known.st_mode, known.st_size
            if os.path.isfile(path) and known.st_size < 1 << 20:
                with open(path, "rb") as file:
                    found[path] += (hashlib.sha256(file.read()).digest(),)
    return found


def groups_left():
    """Return the control groups of lab hosts that are gone."""
    tops = cgroup.Group("").directories.values()
    groups = {f"{top}/{name}" for top in tops for name in os.listdir(top)}
    numbers = {group: re.search(r"/lab-(\d+)$", group) for group in groups}
    return {g for g, found in numbers.items() if found and not os.path.exists(f"/proc/{found[1]}")}


# ---- One class, person by person


def test_each_person_has_the_verdict_that_is_known(judged):
    """Whatever the others have handed in, the checks that fail and their causes are the truth."""
    assert crowd.differences(judged.class_, crowd.verdicts(judged.results)) == []


def test_class_has_every_attack_and_every_odd_form(judged):
    """The class is not smaller than what is known to go wrong."""
    names = {program.name for person in judged.class_ for program in person.programs}
    forms = {person.form for person in judged.class_}
    assert names >= {p.name for p in crowd.attacks("", "")} | {p.name for p in crowd.unreadable()}
    assert forms == {*crowd.FORMS, *crowd.ODD}
    assert len({person.name for person in judged.class_}) == len(judged.class_) >= PEOPLE


def test_hostile_programs_change_nothing(judged):
    """What was handed in is what it was, and so is the workshop; the results are ours alone."""
    assert judged.changed == set()
    assert set(os.listdir(judged.results)) == OURS
    assert "forged" not in open_text(f"{judged.results}/results.jsonl")


def test_nothing_of_a_class_stays(judged):
    """No process, no control group and no temporary file is left."""
    assert judged.answer.output.endswith("ended with 0, 0 left\nall gone\n")
    assert judged.left == set()


def test_no_program_costs_more_than_its_budget(judged):
    """The dearest program is no minute, and so are its names no trouble for the terminal."""
    told = crowd.verdicts(judged.results)
    costs = {key: sum(r["ms"] for r in results) / 1000 for key, results in told.items()}
    assert max(costs.values()) < DEAREST, crowd.dearest(judged.class_, told)
    assert "\x1b" not in judged.answer.errors


def test_list_of_the_same_people_has_nothing_to_judge(judged, tmp_path):
    """Who is in a list is who was in the folder: a second run reads it, and judges nobody."""
    entries = {name.removesuffix(".zip"): name for name in os.listdir(judged.folder)}
    named = [name for name in entries if re.fullmatch(r"[!-~]+", name)]  # a blank ends a name
    lines = [f"{name} {judged.folder}/{entries[name]}\n" for name in named]
    assert len(lines) > 5
    (tmp_path / "list").write_text("# the class\n" + "".join(lines))
    answer = run(*GRADE, tmp_path / "list", judged.results, "4", "1-5", timeout=10 * PATIENCE)
    assert answer.status == 0, answer.errors
    assert " pass" not in answer.errors


def open_text(path):
    """Return the text of a file."""
    with open(path) as file:
        return file.read()


# ---- What is taken of what is handed in


@pytest.mark.parametrize("form", crowd.FORMS, ids=lambda form: form.name)
def test_program_is_taken_from_every_form(form, tmp_path):
    """However somebody hands in, it is the same programs."""
    programs = [p for p in crowd.right() if p.name == "solution: as it is"]
    form.write(f"{tmp_path}/ann", programs)
    (found,) = submissions.find(str(tmp_path))
    assert found.name == "ann"
    taken = [submissions.program(found, program.step, 5) for program in programs]
    assert taken == [program.content for program in programs]


@pytest.mark.parametrize("form", crowd.ODD, ids=lambda form: form.name)
def test_odd_form_is_told_in_a_line(form, tmp_path):
    """What cannot be taken is told by the reason, and read no further."""
    form.write(f"{tmp_path}/ann", [])
    (found,) = submissions.find(str(tmp_path))
    try:
        why = submissions.program(found, 1, 5) or "nothing was handed in"
    except submissions.CannotRead as error:
        why = str(error)
    assert form.known.words in why and "\n" not in why


# ---- What stops the work, and what does not


@pytest.fixture
def small(tmp_path):
    """Return the folder of a class of twelve right ones."""
    programs = [p for p in crowd.right() if p.name == "solution: as it is" and p.step == 1]
    for number in range(12):
        crowd.as_folder()(f"{tmp_path}/class/{number}", programs)
    return f"{tmp_path}/class"


@pytest.mark.parametrize("signum, status", [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_run_that_was_ended_leaves_nothing_and_is_gone_on_with(small, tmp_path, signum, status):
    """After kill -9 and Ctrl-C nothing runs on, and what was judged by then is kept as it is."""
    words, before = [small, tmp_path / "out", "2", "1"], groups_left()
    holds = [p for p in crowd.of_corpus("hostile") if p.name.endswith("traces_process_1")]
    crowd.as_folder()(f"{small}/12 holds its lab host", holds)
    ended = watched(*words, signum=signum, last="6 of", timeout=5 * PATIENCE)
    assert re.search(rf"ended with {status}, \d+ left\nall gone\n$", ended.output), ended
    assert groups_left() <= before
    kept = open_text(tmp_path / "out/results.jsonl")
    assert kept.count("\n") >= 6 * len(checks.of_step(1))
    shutil.rmtree(f"{small}/12 holds its lab host")
    answer = run(*GRADE, *words, timeout=10 * PATIENCE)
    assert answer.status == 0, answer.errors
    assert open_text(tmp_path / "out/results.jsonl").startswith(kept)
    assert len(crowd.verdicts(tmp_path / "out")) == 12


def test_full_disk_is_told_in_a_line_and_gone_on_with(small, tmp_path):
    """Where the results have no room there is a line that says so, and nothing is half kept."""
    out = tmp_path / "out"
    out.mkdir()
    script = f"""
        mount -t tmpfs -o size=64k results {out} || exit 77
        "$@"; echo "first: $?" >&2
        tail -c 1 {out}/results.jsonl | od -An -c >&2
        mount -o remount,size=4m {out}
        "$@"; echo "second: $?" >&2
        wc -l <{out}/results.jsonl >&2
        """
    words = ["unshare", "--mount", "sh", "-c", script, "sh", *GRADE, small, out, "2", "1"]
    answer = run(*words, timeout=10 * PATIENCE)
    said, _, then = answer.errors.partition("first: 1")
    last = said.splitlines()[-1]
    assert re.match(rf"{out}.*: No space left on device\.  What was judged is kept", last)
    assert "Traceback" not in answer.errors and "\\n" in then and "second: 0" in then
    assert int(then.split()[-1]) == 12 * len(checks.of_step(1))


@pytest.mark.parametrize("half", [0.2, 0.5, 0.99], ids=str)
def test_half_of_a_program_is_judged_again(half, tmp_path):
    """What a crash has left of a program's lines is no verdict, and does no harm to the next."""
    first, second = ({"learner": name} for name in ("ann", "bob"))
    kept = store.Store(str(tmp_path))
    for one in (first, second):
        kept.add(results_of(one))
    whole = (tmp_path / store.NAME).read_bytes()
    length = len(whole) // 2
    (tmp_path / store.NAME).write_bytes(whole[: length + int(length * half)])
    kept = store.Store(str(tmp_path))
    assert kept.has("ann", 1, "1") and not kept.has("bob", 1, "1")
    kept.add(results_of(second))
    kept = store.Store(str(tmp_path))
    assert kept.has("bob", 1, "1")
    assert [(name, len(results)) for name, results in kept.people()] == [("ann", 12), ("bob", 12)]


def results_of(who):
    """Return results as they are kept."""
    run_id = os.urandom(8).hex()
    common = {"run_id": run_id, "of_step": 1, "submission_hash": "1", "checker_version": VERSION}
    common["verdict"] = "pass"
    numbers = range(1, len(checks.of_step(1)) + 1)
    return [{**common, **who, "check": f"01.{number}"} for number in numbers]


def test_class_of_nobody_is_judged(tmp_path):
    """Where nobody has handed in there is a table of nobody, and no error."""
    (tmp_path / "class").mkdir()
    answer = run(*GRADE, tmp_path / "class", tmp_path / "out", timeout=PATIENCE)
    assert (answer.status, answer.errors) == (0, "")
    (titles,) = open_text(tmp_path / "out/class.csv").splitlines()
    assert titles.startswith("learner,points,max_points")

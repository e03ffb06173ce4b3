"""`make gradescope`, `make classroom50`: what autograders run, in what their containers allow.

The packages are built from a commit, unpacked where nobody has been, and called as Gradescope and
Classroom 50 call them.  Only apt-get and pip are not run: what they would install is there.
"""

import contextlib
import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest
from running import AUTHOR, ENVIRONMENT, PATIENCE, as_nobody, commit_copy, run
from test_grade_formats import CLASSROOM50, GRADESCOPE, RUNNER, valid

from lab import ROOT, checks, course, vm
from lab.client import MAIN
from lab.grade import gradescope, single, told
from lab.session import IS_EMULATED

pytestmark = pytest.mark.skipif(IS_EMULATED, reason="an autograder is no machine in a machine")
SOURCE = course.read_source()
NAME = "containers-from-scratch"
LONG = 20 * PATIENCE  # a virtual machine judges in it
LARGEST = 10 << 20  # bytes that Classroom 50's runner fetches
RIGHT = course.solution(SOURCE, 1)
PROGRAMS = {
    "right": RIGHT,
    "wrong": f"{course.starter(SOURCE, 1)}\n# begun\n",
    "broken": "import nothing_of_the_kind\n",
}
STEP_1 = len(checks.of_step(1))


@pytest.fixture(scope="module")
def room():
    """Return a folder that everybody may look into, nobody too."""
    with tempfile.TemporaryDirectory(prefix="packages-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def checkout(room):
    """Return a copy of the checkout in which both packages have been built."""
    copy = room / "checkout"
    commit_copy(copy)
    for command in ("gradescope", "classroom50"):
        answer = build(copy, command)
        assert answer.status == 0, answer.errors
    return copy


def build(copy, *words):
    """Build a package in a copy of the checkout."""
    return run(sys.executable, "-IBc", MAIN, copy, *words)


def parts(path):
    """Return what is in a zip, by name: (mode, content)."""
    with zipfile.ZipFile(path) as packed:
        return {i.filename: (i.external_attr >> 16, packed.read(i)) for i in packed.infolist()}


# ---- What is built


def test_gradescope_zip_has_what_is_asked_for_at_its_top(checkout):
    """Both scripts can be executed, say by what, and have the ends of lines that Linux has."""
    packed = parts(checkout / "gradescope.zip")
    assert {"setup.sh", "run_autograder"} < set(packed)
    for name, (mode, content) in packed.items():
        is_script = name in ("setup.sh", "run_autograder")
        assert stat.S_IMODE(mode) == (0o755 if is_script else 0o644), name
        assert not is_script or (content.startswith(b"#!/") and b"\r" not in content)
    assert packed["steps"][1] == b"1-5\n"


def test_package_is_the_same_when_it_is_built_again(checkout):
    """Nothing in a package depends on the day, or on who built it."""
    paths = [checkout / "gradescope.zip", *(checkout / "classroom50").iterdir()]
    before = [path.read_bytes() for path in paths]
    for command in ("gradescope", "classroom50"):
        assert build(checkout, command).status == 0
    assert [path.read_bytes() for path in paths] == before


def test_package_has_what_git_has(checkout):
    """What is not committed is not packed, and that is said."""
    try:
        (checkout / "not-committed").write_text("mine")
        answer = build(checkout, "classroom50", "2-3")
        assert "what is not committed is not packed" in answer.output
        assert (checkout / "classroom50/steps").read_text() == "2-3\n"
        names = run("tar", "-tf", checkout / "classroom50/workshop.tar.gz").output
    finally:
        (checkout / "not-committed").unlink()
        assert build(checkout, "classroom50").status == 0
    assert f"{NAME}/lab/grade/single.py\n" in names and "not-committed" not in names


def test_classroom50_fetches_what_is_built(checkout):
    """The runner takes no more than ten megabytes, and the script is Python."""
    folder = checkout / "classroom50"
    assert sorted(os.listdir(folder)) == ["autograder.py", "steps", "workshop.tar.gz"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST / 5
    compile((folder / "autograder.py").read_text(), "autograder.py", "exec")


@pytest.mark.parametrize("command", ["gradescope", "classroom50"])
def test_package_for_no_step_is_not_built(checkout, command):
    """Which steps there are is said in a line."""
    for text in ("6", "x"):
        answer = build(checkout, command, text)
        assert (answer.status, answer.errors) == (2, f"steps are 1 to 5, not {text}\n")


def test_page_says_how_many_points_there_are():
    """What docs/grading.md promises is what the checks have."""
    page = Path(ROOT, "docs/grading.md").read_text()
    points = sum(len(checks.of_step(step + 1)) for step in range(len(course.STEPS)))
    assert f"**Each check is one point**, {points} in all." in page
    assert f"has 0 of {points}." in page


def test_make_names_the_steps():
    """`make gradescope STEPS=3` is what the command is given."""
    for command in ("gradescope", "classroom50"):
        said = run("make", "-n", command, "STEPS=2-3", "PYTHON=true", cwd=ROOT).output
        assert f'lab {command} "$GRADED"' in said


# ---- Gradescope


def readable_python():
    """Return a Python that nobody may execute too, as the one of a distribution."""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        modern = "import sys; sys.exit(sys.version_info < (3, 10))"
        with contextlib.suppress(FileNotFoundError):
            if run(*as_nobody(), python, "-c", modern, cwd="/").status == 0:
                return python
    pytest.skip("cannot check here: there is no Python that nobody may execute")


def install(workshop):
    """Make what pip would make in a workshop: an environment with what the checks need."""
    venv = workshop / ".venv"
    made = run(readable_python(), "-m", "venv", "--without-pip", venv)
    assert made.status == 0, made.errors
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "workshop.pth").write_text("../../../..\n")
    shutil.copytree(f"{sysconfig.get_path('purelib')}/ptrace", packages / "ptrace")
    (venv / ".here").write_text(str(workshop))
    for stamp in (".check", ".compiled"):
        (venv / stamp).touch()


def executable(path, script):
    """Write a program of shell."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def with_programs_of(room):
    """Return the environment, with programs of ours before those of the machine."""
    return {**ENVIRONMENT, "PATH": f"{room / 'bin'}:{ENVIRONMENT['PATH']}"}


@pytest.fixture(scope="module")
def autograder(checkout, room):
    """Return the folder of an autograder as Gradescope has it after its setup.sh has run."""
    folder = room / "autograder"
    (folder / "submission").mkdir(parents=True)
    assert run("unzip", "-q", checkout / "gradescope.zip", "-d", folder / "source").status == 0
    shutil.copy(folder / "source/run_autograder", folder)
    (folder / "source" / NAME).mkdir()
    install(folder / "source" / NAME)
    executable(room / "bin/apt-get", f'echo "$*" >>{room}/installed; [ "$5" != user-mode-linux ]')
    env = {**with_programs_of(room), "AUTOGRADER": str(folder)}
    answer = run("bash", folder / "source/setup.sh", env=env, timeout=LONG)
    assert answer.status == 0, answer.errors
    assert "there will be no virtual machine" in answer.output
    return folder


def graded(autograder, steps="1-1", before=(), **files):
    """Hand in files, run the autograder, and return its results by the numbers of the tests."""
    shutil.rmtree(autograder / "submission")
    for name, text in files.items():
        path = autograder / "submission" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(f"{path}.py").write_text(text)
    (autograder / "submission").mkdir(exist_ok=True)
    (autograder / "source/steps").write_text(steps)
    (autograder / "results/results.json").unlink(missing_ok=True)
    env = {**ENVIRONMENT, "AUTOGRADER": str(autograder)}
    answer = run(*before, autograder / "run_autograder", env=env, cwd=autograder, timeout=LONG)
    assert answer.status == 0
    text = (autograder / "results/results.json").read_text()
    document = valid(json.loads(text), GRADESCOPE)
    return document, {test["number"]: test for test in document["tests"]}


def test_setup_installs_what_the_checks_need(autograder, room):
    """The packages of the distribution are named once, and the tree of step 5 is made."""
    update, *installs = (room / "installed").read_text().splitlines()
    assert update == "update -q"
    wanted = {word for line in installs for word in line.split() if word[0] != "-"} - {"install"}
    assert wanted == {"busybox-static", "make", "python3-venv", "user-mode-linux"}
    assert os.path.lexists(autograder / "source" / NAME / "rootfs/bin/sh")


@pytest.fixture
def lab_host():
    """Skip where there is no lab host with control groups."""
    if os.geteuid():
        pytest.skip("cannot check here: an autograder is root")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_gradescope_tells_of_a_program(lab_host, autograder, kind):
    """A right program has all points, another as many as `make check-step` has passes."""
    document, tests = graded(autograder, steps__01_uts__container=PROGRAMS[kind])
    assert sum(test["max_score"] for test in tests.values()) == len(tests) == STEP_1
    passed = {number for number, test in tests.items() if test["status"] == "passed"}
    assert document["score"] == len(passed)
    if kind == "right":
        assert len(passed) == STEP_1
    elif kind == "wrong":
        assert "01.1" in passed and "[uts-shared]" in tests["01.2"]["output"]
    else:
        assert not passed and "nothing_of_the_kind" in tests["01.1"]["output"]


def test_gradescope_takes_what_was_dragged_into_its_page(lab_host, autograder):
    """A file named as its step is, and a step that nobody handed in, with its points to lose."""
    document, tests = graded(autograder, "1-2", **{"01_uts": RIGHT})
    assert document["score"] == STEP_1
    assert set(tests) == {*(f"01.{number + 1}" for number in range(STEP_1)), "02.0"}
    test = tests["02.0"]
    assert (test["score"], test["max_score"]) == (0, len(checks.of_step(2)))
    assert test["output"] == "nothing was handed in"


def test_gradescope_takes_one_program_for_the_last_step(lab_host, autograder):
    """container.py alone is the last of the steps, and has those before it in it."""
    document, tests = graded(autograder, "1-2", container=course.solution(SOURCE, 2))
    assert document["score"] == sum(test["max_score"] for test in tests.values())
    assert document["score"] == STEP_1 + len(checks.of_step(2))


def test_gradescope_without_a_submission(lab_host, autograder):
    """Who hands in nothing has nothing, of all the points there are."""
    document, tests = graded(autograder, "1-5")
    assert document["score"] == 0 and list(tests) == [f"0{step}.0" for step in range(1, 6)]
    points = sum(test["max_score"] for test in tests.values())
    assert points == sum(len(checks.of_step(step)) for step in range(1, 6))


# A container without privileges, as Docker makes it: docs.docker.com/engine/security/seccomp and
# .../containers/run say what is refused, and moby's profiles/seccomp/default.json how.
KEPT = "chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap"
KEPT += " net_bind_service sys_chroot kill audit_write"
REFUSED = "umount2 mount pivot_root unshare setns bpf finit_module keyctl perf_event_open"
NUMBERS = dict(umount2=166, mount=165, pivot_root=155, unshare=272, setns=308, bpf=321)
NUMBERS.update(finit_module=313, keyctl=250, perf_event_open=298, ptrace=101)
CONTAINER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from lab import confine, linux
from lab.confine import ALLOW, JUMP_IF_EQUAL, LOAD, NUMBER, REFUSE, RETURN

linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWPID)
if pid := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
linux.mount("proc", "/proc", "proc")
flags = linux.MS_NOEXEC | linux.MS_NOSUID | linux.MS_NODEV
linux.mount("shm", "/dev/shm", "tmpfs", flags, "size=64m")
refused = [line for call in sys.argv[2].split()
           for line in ((JUMP_IF_EQUAL, 0, 1, int(call)), (RETURN, 0, 0, REFUSE))]
confine.install_filter([(LOAD, 0, 0, NUMBER), *refused, (RETURN, 0, 0, ALLOW)])
kept = ",".join(["-all", *("+" + name for name in sys.argv[3].split())])
os.execvp("setpriv", ["setpriv", "--bounding-set", kept, *sys.argv[4:]])
"""


def in_container(*more):
    """Return the words that run a command as root of a container that may do little."""
    if os.geteuid():
        pytest.skip("cannot check here: only root can give up rights")
    if os.uname().machine != "x86_64":
        pytest.skip("cannot check here: the calls' numbers are those of x86_64")
    numbers = " ".join(str(NUMBERS[name]) for name in [*REFUSED.split(), *more])
    return sys.executable, "-IBc", CONTAINER, ROOT, numbers, KEPT


def test_container_is_what_it_says():
    """What stands for Gradescope's container refuses what a container needs, even to root."""
    for words in (["unshare", "--uts", "true"], ["mount", "-t", "tmpfs", "x", "/mnt"]):
        answer = run(*in_container(), *words)
        assert answer.status and ("not permitted" in answer.errors or "denied" in answer.errors)
    assert run(*in_container(), "id", "-u").output == "0\n"


def test_gradescope_judges_in_a_virtual_machine_where_no_lab_host_can_be(autograder):
    """In a container without privileges the verdicts are those of a lab host."""
    try:
        vm.find_kernel()
    except vm.Missing as missing:
        pytest.skip(f"cannot check here: {missing}")
    wrong = {"01_uts": PROGRAMS["wrong"], "02_pid": course.solution(SOURCE, 2)}
    document, tests = graded(autograder, "1-2", in_container(), **wrong)
    assert not any("cannot be checked" in test["name"] for test in tests.values())
    assert "[uts-shared]" in tests["01.2"]["output"] and tests["02.1"]["status"] == "passed"
    assert sum(test["max_score"] for test in tests.values()) == STEP_1 + len(checks.of_step(2))


def test_gradescope_says_what_cannot_be_checked(autograder):
    """Where there can be no virtual machine either, nothing is wrong, and nothing has a score."""
    document, tests = graded(autograder, "1-5", in_container("ptrace"), container="import nope\n")
    assert document["score"] == 0 and document["output"] == gradescope.NOTHING
    assert len(tests) == sum(len(checks.of_step(step)) for step in range(1, 6))
    for test in tests.values():
        assert not {"score", "max_score"} & set(test)
        assert test["name"].startswith("cannot be checked here: ")
        assert "unshare(" in test["output"] and "virtual machine" in test["output"]


def test_gradescope_has_results_when_the_autograder_is_broken(autograder):
    """Where Python itself is gone, the teacher is told, and nobody has lost a point."""
    python = autograder / "source" / NAME / ".venv/bin/python"
    target = os.readlink(python)
    python.unlink()
    try:
        document, tests = graded(autograder, "1-1", container=RIGHT)
    finally:
        python.symlink_to(target)
    assert document["output"] == told.FOR_TEACHER
    for test in tests.values():
        assert not {"score", "max_score"} & set(test) and test["output"] == told.FOR_TEACHER


def test_submission_whose_time_is_up_is_told(lab_host, tmp_path):
    """A judge that does not come to an end is ended, and that is nobody's mistake but its own."""
    (tmp_path / "container.py").write_text(RIGHT)
    results = single.judged(str(tmp_path), range(1, 2), budget=0.001)
    assert [(r["check"], r["verdict"]) for r in results] == [("01.0", "checker_error")]
    assert "the judge ended with status" in results[0]["observed"]


# ---- Classroom 50


@pytest.fixture
def learner(checkout, room, tmp_path):
    """Return a learner's repository with one commit, and make what installs nothing."""
    executable(room / "bin/apt-get", "true")
    executable(room / "bin/sudo", '[ "$1" = -n ] && shift; exec "$@"')
    prepared = room / "prepared"
    if not prepared.exists():
        prepared.mkdir()
        install(prepared)
    there = f'cp -a {prepared}/.venv . && printf %s "$PWD" >.venv/.here'
    executable(room / "bin/make", f'{there} && exec {shutil.which("make")} "$@"')
    (tmp_path / "steps/01_uts").mkdir(parents=True)
    (tmp_path / "runner").mkdir()
    for words in ("init -q", f"{AUTHOR} commit -q --allow-empty -m mine"):
        subprocess.run(["git", "-C", tmp_path, *words.split()], check=True)
    return tmp_path


def autograded(learner, room, script, **environment):
    """Call autograder.py as Classroom 50's runner does; return how it ended, and the result."""
    env = {**with_programs_of(room), **RUNNER, "RUNNER_TEMP": str(learner / "runner")}
    answer = run(sys.executable, script, cwd=learner, env={**env, **environment}, timeout=LONG)
    with contextlib.suppress(FileNotFoundError):
        return answer, json.loads((learner / "result.json").read_text())
    return answer, None


@pytest.fixture
def script(checkout, learner):
    """Return the autograder for step 1, in the folder into which the runner puts it."""
    folder = learner / "runner/containers"
    shutil.copytree(checkout / "classroom50", folder)
    (folder / "steps").write_text("1-1\n")
    return folder / "autograder.py"


@pytest.mark.parametrize("kind", PROGRAMS)
def test_classroom50_tells_of_a_program(lab_host, learner, room, script, kind):
    """The result has the runner's facts and a test for each check; a mistake is no error."""
    (learner / "steps/01_uts/container.py").write_text(PROGRAMS[kind])
    answer, result = autograded(learner, room, script)
    assert answer.status == 0, answer.errors
    valid(result, CLASSROOM50)
    assert (result["owner"], result["submission"]) == ("ann", RUNNER["SUBMISSION_TAG"])
    assert result["max-score"] == len(result["tests"]) == STEP_1
    assert (result["score"] == STEP_1) is (kind == "right")
    assert result["score"] == sum(test["passed"] for test in result["tests"])


def test_classroom50_without_a_program_is_not_0_of_0(lab_host, learner, room, script):
    """Who hands in nothing has 0 of the points there are, and not a pass of nothing."""
    answer, result = autograded(learner, room, script)
    assert answer.status == 0, answer.errors
    assert (result["score"], result["max-score"]) == (0, STEP_1)
    (test,) = valid(result, CLASSROOM50)["tests"]
    assert test["passed"] is False and test["output"] == "nothing was handed in"


@pytest.mark.parametrize("name", ["COMMIT_URL", "SUBMISSION_TAG"])
def test_classroom50_without_a_fact_is_an_error(learner, room, script, name):
    """Called by something else than the runner there is no result, and a status that says so."""
    answer, result = autograded(learner, room, script, **{name: ""})
    assert answer.status and result is None
    assert f"no grade: this is not Classroom 50's runner: there is no {name}" in answer.errors


def test_classroom50_script_alone_is_an_error(checkout, learner, room):
    """A script that was copied without what is beside it does not pass everybody."""
    script = shutil.copy(checkout / "classroom50/autograder.py", learner / "runner")
    answer, result = autograded(learner, room, script)
    assert answer.status and result is None
    assert "copy the whole folder" in answer.output


def test_classroom50_that_cannot_check_is_an_error(learner, room, script):
    """Where no check can be made there is no grade."""
    (learner / "steps/01_uts/container.py").write_text(RIGHT)
    env = {**with_programs_of(room), **RUNNER, "RUNNER_TEMP": str(learner / "runner")}
    words = [*in_container("ptrace"), sys.executable, script]
    answer = run(*words, cwd=learner, env=env, timeout=LONG)
    assert answer.status and "no grade: 01.1 " in answer.errors
    assert not (learner / "result.json").exists()

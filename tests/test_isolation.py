"""A virtual machine for each submission: what a program that takes it can reach, and say."""

import json
import os
import subprocess
import sys
import time

import pytest
from running import PATIENCE, run

from lab import ROOT, course, judge, vm
from lab.grade import machine, work
from lab.session import IS_EMULATED

pytestmark = pytest.mark.skipif(IS_EMULATED, reason="a machine is not made in a machine")
BOOTS = f"""
import os, sys
from lab import jail, vm
jail.enter(sys.argv[1], {machine.MEMORY})
sys.exit(vm.run(["/bin/sh", "-c", sys.argv[2]]))
"""
STEP = 2


def in_machine(folder, command):
    """Run a command as root of a machine as submissions have it; return how it ended."""
    try:
        vm.find_kernel()
    except vm.Missing as missing:
        pytest.skip(f"cannot check here: {missing}")
    if os.geteuid():
        pytest.skip("cannot check here: a machine for each submission is made by root")
    words = [sys.executable, "-IBc", BOOTS, folder, command]
    return run(*words, stdin=subprocess.DEVNULL, timeout=5 * PATIENCE)


def test_taken_machine_reads_and_writes_nothing_of_this_one(tmp_path):
    """Root of the machine sees through to files that are nobody's secret, and changes none."""
    secret, view = tmp_path / "secret", tmp_path / "view"
    secret.write_text("hidden")
    view.mkdir()
    secret.chmod(0o666)
    reaches = "mount -t hostfs none /mnt -o / || exit 9; "
    tries = f"cat /mnt{secret} /mnt/etc/shadow; echo x >/mnt{secret}; echo x >/mnt{ROOT}/lab/x; "
    lists = "cd /mnt && ls; id -u; ls /sys/class/net"
    answer = in_machine(view, f"{reaches}({tries}) 2>/dev/null; {lists}")
    assert answer.status == 0, answer.output
    shown = answer.output.split()
    assert "hidden" not in shown and "root:" not in answer.output
    assert "usr" in shown and "0" in shown and "lo" in shown and "eth0" not in shown
    assert not os.path.exists(f"{ROOT}/lab/x")
    assert secret.read_text() == "hidden"
    assert os.listdir(view) == []


def test_machine_does_not_outlive_who_started_it(tmp_path):
    """kill -9 of the grader leaves no process of a machine."""
    view = tmp_path / "view"
    view.mkdir()
    in_machine(view, "true")
    words = [sys.executable, "-IBc", BOOTS, view, "echo up; sleep 1000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout.readline() == "up\n"
        started.kill()
        # Everything that the machine consists of has this pipe open: its end is their end.
        begin = time.monotonic()
        assert started.stdout.read() == ""
    assert time.monotonic() - begin < PATIENCE


def told(**changes):
    """Return what a machine tells of a program that passes, with one line changed."""
    lines = [dict(line) for line in machine._all_pass(STEP)]
    for line in lines:
        line["see"] = None
    lines[3].update(changes)
    answer = {"step": str(STEP), "results": lines, "env": judge.environment()}
    return json.loads(json.dumps({str(STEP): answer}))


def test_what_a_machine_tells_is_made_anew():
    """Whose it is, which check and how many points is not for the machine to say."""
    lies = {"points": 1000, "max_points": 0, "title": "x", "learner": "bob", "step": 9}
    results = machine.accepted(told(**lies, verdict="fail", observed="y" * 10**6), STEP)
    honest = machine._all_pass(STEP)
    for key in ("step", "check", "title", "max_points", "depends_on"):
        assert [r[key] for r in results] == [r[key] for r in honest]
    assert results[3]["points"] == 0 and "learner" not in results[3]
    assert len(results[3]["observed"]) == machine.LONGEST


@pytest.mark.parametrize(
    "changes",
    [{"verdict": "splendid"}, {"cause": "x"}, {"evidence": 5}, {"ms": "soon"}, {"verdict": []}]
    + [{"cause": {}}],
)
def test_what_is_no_verdict_is_none(changes):
    """A machine that was taken may say anything; the grader goes on."""
    with pytest.raises(work.Lost, match="said what is no verdict"):
        machine.accepted(told(**changes), STEP)


@pytest.mark.parametrize("said", [None, [], "x", {}, {"results": []}, {"results": [1] * 16}])
def test_what_are_no_results_are_none(said):
    """Neither a line that is cut short nor one of another shape is a verdict."""
    with pytest.raises(work.Lost):
        machine.accepted({str(STEP): said}, STEP)


def test_class_is_judged_in_machines(tmp_path):
    """Each person's programs get the verdict that they get on a lab host."""
    in_machine(tmp_path, "true")
    place = f"steps/{course.STEPS[0]}"
    for name, text in (
        ("right", course.solution(course.read_source(), 1)),
        ("wrong", course.starter(course.read_source(), 1)),
        ("hostile", "import os\nos.kill(-1, 9)\n"),
    ):
        (tmp_path / "class" / name / place).mkdir(parents=True)
        (tmp_path / "class" / name / place / "container.py").write_text(text)
    results = tmp_path / "out"
    words = [tmp_path / "class", results, "2", "1", "vm"]
    answer = run(sys.executable, "-IBm", "lab", "grade", *words, timeout=20 * PATIENCE)
    assert answer.status == 0, answer.errors
    with open(results / "results.jsonl") as lines:
        kept = [json.loads(line) for line in lines]
    passed = {
        name: [r["points"] for r in kept if r["learner"] == name]
        for name in os.listdir(tmp_path / "class")
    }
    assert sum(passed["right"]) == len(passed["right"]) == 12
    assert 0 < sum(passed["wrong"]) < 12
    assert sum(passed["hostile"]) == 0
    assert {result["env"]["cgroup"] for result in kept} == {"v2"}

"""The corpus: programs whose verdict is known, and the workers that judge them.

A program says in its first lines what must be reported of it:

    # The host is renamed before unshare(2).
    # fails: test_host_keeps_its_name name-before-unshare

with a line for each check that fails, and the cause that it names.  `# fails: *` is any
failure, for the hostile; without such a line every check must pass.

Run as a program this is a worker: it reads requests as JSON lines, tries each program on a
lab host, and answers each with a JSON line.
"""

import glob
import importlib
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from concurrent.futures import Future
from queue import Empty, Queue
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from lab import cgroup, course  # noqa: E402
from lab.attempt import Attempt  # noqa: E402
from lab.sheet import Sheet  # noqa: E402

KINDS = ("wrong", "right", "spoof", "hostile")
ROOTLESS = "without root"
LANE = f"v{cgroup.version()}" if os.geteuid() == 0 else ROOTLESS
AT_ONCE = 3  # programs that are judged at the same time
ANY = "*"

# Where a lane reports something else than the header says: what, and why that is right.
# The headers are for root with control groups v1; steps 4 and 5 need root everywhere.
DIFFERENCES = {
    ("v2", "04_controllers_not_enabled"): (
        ("test_memory_is_limited controller-off", "test_processes_are_limited controller-off"),
        "what a group does not pass on has no files in the groups below it",
    ),
    ("v2", "04_launcher_beside_its_group"): (
        ("test_runs_the_command group-inner-processes",),
        "only version 2 has a file for what is passed on, and the rule about processes",
    ),
    ("v2", "04_only_memory_joined"): ((), "one group counts for all controllers: nothing is wrong"),
    ("v2", "04_killed_by_the_launcher"): (
        ("test_runs_the_command group-file-unknown",),
        "version 2 has no file to keep the kernel from killing",
    ),
    ("v2", "04_names_of_version_2"): (
        ("test_runs_the_command group-out-of-reach",),
        "the names are right there, and the folder that is meant is version 1's",
    ),
    ("v2", "04_only_launcher_joined"): (
        (
            "test_exits_as_the_command_did crashed-late",
            "test_command_has_its_own_group only-launcher-in-group",
        ),
        "the launcher cannot leave to the group above: that one has controllers for those below it",
    ),
    (ROOTLESS, "01_group_left"): (
        ("test_runs_the_command group-out-of-reach",),
        "there are no control groups that the program could leave",
    ),
    (ROOTLESS, "01_uname_replaced"): (
        ("test_runs_the_command crashed",),
        "the files of the machine's root are nobody's, and cannot be replaced",
    ),
    (ROOTLESS, "01_proc_sys_hostname"): (
        ("test_runs_the_command crashed",),
        "the kernel lets only the machine's own root write to /proc/sys/kernel",
    ),
    (ROOTLESS, "03_each_mount_private"): (
        ("test_no_mount_is_shared_with_the_host mounts-not-recursive",),
        "a mount that another one covers has no path by which it could be changed",
    ),
}


class Program(NamedTuple):
    """A program of the corpus, and what is known about it."""

    kind: str
    name: str  # "01_no_unshare"
    path: str
    sentence: str
    fails: tuple  # of "check cause"; ANY, or nothing

    @property
    def step(self) -> int:
        """The step that it was written for."""
        return int(self.name[:2])

    def __str__(self):
        return f"{self.kind}/{self.name}"


def programs(*kinds) -> list:
    """Return the programs of some kinds, of all kinds if none is named."""
    paths = [(k, p) for k in kinds or KINDS for p in sorted(glob.glob(f"{HERE}/{k}/[0-9]*.py"))]
    return [_program(kind, path) for kind, path in paths]


def _program(kind, path):
    """Read the header of a program."""
    with open(path, errors="replace") as file:
        header = re.match(r"(?:#.*\n)*", file.read())[0]
    lines = [line[1:].strip() for line in header.splitlines() if not line.startswith("#!")]
    fails = tuple(line[6:].strip() for line in lines if line.startswith("fails:"))
    sentence = " ".join(line for line in lines if not re.match("(fails|passes):?", line))
    return Program(kind, os.path.basename(path)[:-3], path, sentence, fails)


def asked_for(request, name) -> list:
    """Return what the tests of a pytest session are about, by a parameter's name."""
    specs = (getattr(item, "callspec", None) for item in request.session.items)
    return [spec.params[name] for spec in specs if spec and name in spec.params]


def failures(results) -> tuple:
    """Return which checks did not pass, and the cause of each: "check cause"."""
    failed = [r for r in results if r["verdict"] not in ("pass", "blocked")]
    return tuple(
        f"{r['name']} {r['cause'] or 'unknown'}"
        if r["verdict"] in ("fail", "timeout")
        else f"{r['name']} {r['verdict']}: {r['observed']}"
        for r in failed
    )


def is_as_known(program, failed, lane=LANE) -> bool:
    """Whether what failed in a lane is what must fail."""
    if program.fails == (ANY,):
        return bool(failed) and not any("checker_error" in words for words in failed)
    expected, _ = DIFFERENCES.get((lane, program.name), (program.fails, None))
    return sorted(failed) == sorted(expected)


def checks(step: int, load=importlib.import_module) -> list:
    """Return (step, check) for the checks of 1 to `step`, in their order."""
    modules = [(n, load(f"test_{name}")) for n, name in enumerate(course.STEPS[:step], 1)]
    return [
        (number, value)
        for number, module in modules
        for name, value in vars(module).items()
        if name.startswith("test_")
    ]


def results(facts, result, step, load=importlib.import_module) -> list:
    """Return the results of the checks of 1 to `step` on a trial, without pytest."""
    sheet = Sheet(facts)
    for number, check in checks(step, load):
        sheet.add(check, number, lambda check=check: _raised(check, result))
    return sheet.results


def _raised(check, result):
    """Return what a check raises, or None."""
    try:
        check(result())
    except Exception as error:
        return error


def work():
    """Answer requests until there are no more."""
    for line in sys.stdin:
        request = json.loads(line)
        with Attempt(request["program"], request["step"]) as attempt:
            answer = results(attempt.facts, attempt.result, request["step"])
            if request["keep"]:
                _keep(attempt, request["keep"])
        print(json.dumps(answer), flush=True)


def _keep(attempt, path):
    """Keep the facts, or what there is in their place, for tests/mutate.py."""
    try:
        kept = attempt.result(), None
    except Exception as error:
        kept = None, error
    with open(path, "wb") as file:
        pickle.dump(kept, file)


class Worker:
    """A worker in a process of its own."""

    def __init__(self, python=(sys.executable,)):
        """Start it; `python` are the words that run Python."""
        words = [*python, "-IB", os.path.abspath(__file__)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(words, cwd="/", **pipes)

    def judge(self, program, step, keep=None) -> list:
        """Return the results of the checks of 1 to `step` on a program."""
        request = {"program": program, "step": step, "keep": keep}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        """End it."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def judge_all(wanted, say, keep=None, **options) -> dict:
    """Judge programs, some at a time; `say` is called with each and its results.

    The facts are kept in a folder if one is named; the options are those of a worker.
    """
    queue, found = Queue(), {}
    for program in wanted:
        queue.put(program)

    def go():
        worker = Worker(**options)
        try:
            while True:
                program = queue.get_nowait()
                kept = keep and f"{keep}/{program.kind}-{program.name}"
                found[program] = worker.judge(program.path, program.step, kept)
                say(program, found[program])
        except Empty:
            worker.close()

    threads = [threading.Thread(target=go) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def promised(wanted, **options) -> dict:
    """Begin to judge programs, and return a promise of results for each of them."""
    promises = {program: Future() for program in dict.fromkeys(wanted)}

    def say(program, answer):
        promises[program].set_result(answer)

    everything = {"target": judge_all, "args": (list(promises), say), "kwargs": options}
    threading.Thread(**everything, daemon=True).start()
    return promises


if __name__ == "__main__":
    work()

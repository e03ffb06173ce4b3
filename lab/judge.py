"""The judge: runs the checks of steps 1 to N on one program, and tells what came of it.

The checks are pytest tests, tests/test_NN_topic.py.  pytest runs them in this process
and prints nothing; what the judge returns are results, one for each check.
"""

import contextlib
import hashlib
import io
import os
import pickle
import select
import signal
import sys
import time

from lab import ROOT, __version__, cgroup, confine, course
from lab.host import LabDied, LabError
from lab.session import IS_EMULATED
from lab.trial import Trial
from lab.verdict import CannotCheck, CheckFailed

SCHEMA = "lab-result/v1"
FIRST = "test_runs_the_command"  # what every check comes after that names no other
BUDGET = 1200.0 if IS_EMULATED else 120.0  # seconds for one trial, whatever the program does
VM = 'in the virtual machine: make vm CMD="make check-step {}"'
# What pytest would bring beside tests and fixtures takes time, and reads the learner's
# folders; and rewritten assertions explain less than our own words.
OPTIONS = ("-c", os.devnull, f"--rootdir={ROOT}/tests", f"--confcutdir={ROOT}/tests")
OPTIONS += ("--assert=plain", "--capture=no", "--quiet")
WITHOUT = ("cacheprovider", "doctest", "junitxml", "logging", "pastebin", "unittest")
WITHOUT += ("nose", "stepwise", "setuponly", "setupplan", "faulthandler", "debugging")


class CheckerError(Exception):
    """The judge did not get as far as a check; str() says what pytest said."""


def judge(program: str, step: int) -> list:
    """Judge `program` by the checks of 1 to `step`; return a result for each, in order.

    A result is a dict, as lab-result/v1 has it.  FileNotFoundError without the program;
    CheckerError if the judge itself is broken.
    """
    with open(program, "rb") as file:
        submission = hashlib.sha256(file.read()).hexdigest()
    with _Trial(program, step) as trial:  # on its way while pytest is imported
        import pytest

        for name in [name for name in os.environ if name.startswith("PYTEST_")]:
            del os.environ[name]
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        plugin = _Plugin(trial)
        files = [f"{ROOT}/tests/test_{name}.py" for name in course.STEPS[:step]]
        options = [*OPTIONS, *(word for name in WITHOUT for word in ("-p", f"no:{name}"))]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            pytest.main([*options, *files], plugins=[plugin])
    if not plugin.results:
        raise CheckerError(said.getvalue())
    common = {
        "schema": SCHEMA,
        "run_id": os.urandom(8).hex(),
        "learner": os.environ.get("SUDO_USER") or os.environ.get("USER", ""),
        "env": environment(),
        "checker_version": __version__,
        "submission_hash": submission,
    }
    return [{**common, **result} for result in plugin.results]


def exit_status(results) -> int:
    """Return what the command should exit with: 0 pass, 1 fail, 3 cannot check, 4 error."""
    verdicts = {result["verdict"] for result in results}
    if "checker_error" in verdicts or not verdicts:
        return 4
    if verdicts & {"fail", "timeout", "blocked"}:
        return 1
    return 3 if "cannot_check" in verdicts else 0


def environment() -> dict:
    """Return what a verdict may depend on beside the program."""
    with open("/proc/self/status") as status:
        caps = status.read().partition("CapEff:")[2].split()[0]
    return {
        "kernel": os.uname().release,
        "cgroup": f"v{cgroup.version()}",
        "python": sys.version.split()[0],
        "in_container": os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"),
        "caps": caps,
    }


class _Trial:
    """A trial beside the import of pytest, in a process of its own.

    In a thread it would have to wait for that import whenever it wants to go on.  pytest is
    not there yet, and nothing else runs here: this is the moment when a fork is harmless.
    """

    def __init__(self, program, step):
        self._way_out, self._told = VM.format(step), None
        self._answer, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _tell(theirs, program, step)
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        os.close(self._answer)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def result(self):
        """Return the trial when it is done; CannotCheck if the machine does not allow it."""
        if not self._told:
            if not select.select([self._answer], [], [], BUDGET)[0]:
                raise TimeoutError(f"the trial did not end in {BUDGET} s")
            with open(self._answer, "rb", closefd=False) as answer:
                self._told = pickle.load(answer)
        trial, no_groups, error = self._told
        if no_groups:
            raise CannotCheck(f"no control groups: {no_groups}", self._way_out)
        if isinstance(error, LabDied):
            raise CheckFailed("a host that goes on", "the whole lab host is gone", "host-destroyed")
        if isinstance(error, LabError):
            raise CannotCheck(f"there can be no lab host: {error}", self._way_out)
        if error:
            raise error
        return trial


def _tell(pipe, program, step):
    """In the child: do a trial, and write what came of it to a pipe."""
    try:
        confine.die_with_parent()
        told = pickle.dumps(_try(program, step))
        with open(pipe, "wb") as answer:
            answer.write(told)
    finally:
        os._exit(0)


def _try(program, step):
    """Do a trial; return it, why there are no groups where it needs them, and an error."""
    trial = Trial(program, step)
    try:
        no_groups = trial.lab.pid and trial.lab.no_groups
        if no_groups and step >= 4:
            return None, no_groups, None
        trial.run()
    except Exception as error:
        return None, None, error
    finally:
        trial.close()
    return trial, None, None


class _Plugin:
    """What pytest asks before, and tells after, each check."""

    def __init__(self, trial):
        self._trial, self.results = trial, []
        self._errors = {}

    def trial(self):
        """Return the one trial that all checks look at."""
        return self._trial.result()

    def pytest_configure(self, config):
        """Be found by the fixture of the checks."""
        config.judge = self

    def pytest_runtest_protocol(self, item, nextitem):
        """Run one check in place of pytest's own protocol, and keep its result."""
        name, begin = item.function.__name__, time.perf_counter()
        needed = getattr(item.function, "after", None if name == FIRST else FIRST)
        result = self._result(item, needed)
        before = next((r for r in self.results if r["name"] == needed), None)
        if before and before["verdict"] == "cannot_check":
            same = ("verdict", "points", "expected", "observed")
            result.update({key: before[key] for key in same})
        elif before and before["verdict"] != "pass":
            result.update(verdict="blocked", points=0)
        else:
            result.update(self._run(item))
        result["ms"] = round((time.perf_counter() - begin) * 1000, 1)
        self.results.append(result)
        return True

    def _run(self, item):
        """Run one check; return what its result says if it does not pass."""
        from _pytest.runner import runtestprotocol

        # The next one may be blocked and never run: pytest must put everything away now.
        runtestprotocol(item, nextitem=None, log=False)
        return _told(self._errors[item]) if item in self._errors else {}

    def pytest_runtest_makereport(self, item, call):
        """Keep what a check raised, for its result."""
        if call.excinfo:
            self._errors.setdefault(item, call.excinfo.value)

    def _result(self, item, needed):
        """Return the result of a check that passes."""
        step = int(item.module.__name__.split("_")[1])
        number = 1 + sum(result["step"] == step for result in self.results)
        return {
            "step": step,
            "check": f"{step:02}.{number}",
            "name": item.function.__name__,
            "title": _title(item.function.__doc__),
            "verdict": "pass",
            "expected": None,
            "observed": None,
            "cause": None,
            "evidence": [],
            "hints_available": 3,
            "depends_on": [r["check"] for r in self.results if r["name"] == needed],
            "points": 1,
            "max_points": 1,
        }


def _title(docstring):
    """Return a check's sentence as a line of a list: no capital, no full stop."""
    sentence = docstring.strip().rstrip(".")
    return sentence if sentence[1:2].isupper() else sentence[0].lower() + sentence[1:]


def _told(error):
    """Return what a result says when its check raised `error`."""
    told = {"points": 0}
    if isinstance(error, CheckFailed):
        told.update(verdict=error.verdict, cause=error.cause, evidence=error.evidence)
        told.update(expected=error.expected, observed=error.observed)
    elif isinstance(error, CannotCheck):
        told.update(verdict="cannot_check", observed=error.reason, expected=error.way_out)
    else:
        told.update(verdict="checker_error", observed=f"{type(error).__name__}: {error}")
    return told

"""The judge: runs the checks of steps 1 to N on one program, and tells what came of it.

The checks are pytest tests, tests/test_NN_topic.py.  pytest runs them in this process
and prints nothing; what the judge returns are results, one for each check.
"""

import contextlib
import hashlib
import io
import os
import sys

from lab import ROOT, __version__, cgroup, course, see
from lab.attempt import Attempt
from lab.sheet import Sheet

SCHEMA = "lab-result/v1"
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
    with Attempt(program, step) as attempt:  # on its way while pytest is imported
        import pytest

        for name in [name for name in os.environ if name.startswith("PYTEST_")]:
            del os.environ[name]
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        plugin = _Plugin(attempt)
        files = [f"{ROOT}/tests/test_{name}.py" for name in course.STEPS[:step]]
        options = [*OPTIONS, *(word for name in WITHOUT for word in ("-p", f"no:{name}"))]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            ended = pytest.main([*options, *files], plugins=[plugin])
    if ended == pytest.ExitCode.INTERRUPTED:  # by Ctrl-C: some results are no verdict
        raise KeyboardInterrupt
    if not plugin.sheet.results:
        raise CheckerError(said.getvalue())
    see.add_lines(plugin.sheet.results, program, step)
    return signed(plugin.sheet.results, submission)


def signed(results: list, submission: str, learner: "str | None" = None) -> list:
    """Return results with what they have in common: whose they are, of what, and where."""
    common = {
        "schema": SCHEMA,
        "run_id": os.urandom(8).hex(),
        "learner": learner or os.environ.get("SUDO_USER") or os.environ.get("USER", ""),
        "env": environment(),
        "checker_version": __version__,
        "submission_hash": submission,
    }
    return [{**common, **result} for result in results]


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


class _Plugin:
    """What pytest asks before, and tells after, each check."""

    def __init__(self, attempt):
        self._attempt, self._errors = attempt, {}
        self.sheet = Sheet(attempt.facts)

    def trial(self):
        """Return the one trial that all checks look at."""
        return self._attempt.result()

    def pytest_configure(self, config):
        """Be found by the fixture of the checks."""
        config.judge = self

    def pytest_runtest_protocol(self, item, nextitem):
        """Run one check in place of pytest's own protocol, and keep its result."""
        step = int(item.module.__name__.split("_")[1])
        self.sheet.add(item.function, step, lambda: self._run(item))
        return True

    def _run(self, item):
        """Run one check; return what it raised, or None."""
        from _pytest.runner import runtestprotocol

        # The next one may be blocked and never run: pytest must put everything away now.
        runtestprotocol(item, nextitem=None, log=False)
        return self._errors.get(item)

    def pytest_runtest_makereport(self, item, call):
        """Keep what a check raised, for its result."""
        if call.excinfo:
            self._errors.setdefault(item, call.excinfo.value)

"""The sheet of results: a line for each check, as lab-result/v1 has it."""

import time

from lab import causes
from lab.verdict import CannotCheck, CheckFailed

FIRST = "test_runs_the_command"  # what every check comes after that names no other


class Sheet:
    """The results of the checks of one program, in order."""

    def __init__(self, facts):
        """Begin it; `facts` returns the trial, for the causes to look at."""
        self.results, self._facts = [], facts

    def add(self, check, step: int, run) -> None:
        """Add the result of a check of a step: `run` returns what it raises, or None.

        A check is not run where one that must come first has not passed.
        """
        begin = time.perf_counter()
        result = self._blank(check, step)
        needed = [r for r in self.results if r["check"] in result["depends_on"]]
        missing = [r for r in needed if r["verdict"] != "pass"]
        if missing and missing[0]["verdict"] == "cannot_check":
            same = ("verdict", "points", "expected", "observed")
            result.update({key: missing[0][key] for key in same})
        elif missing:
            result.update(verdict="blocked", points=0)
        else:
            result.update(self._outcome(run))
        result["ms"] = round((time.perf_counter() - begin) * 1000, 1)
        self.results.append(result)

    def _blank(self, check, step):
        """Return the result of a check that passes."""
        name = check.__name__
        number = 1 + sum(result["step"] == step for result in self.results)
        needed = getattr(check, "after", [FIRST])
        return {
            "step": step,
            "check": f"{step:02}.{number}",
            "name": name,
            "title": title(check.__doc__),
            "verdict": "pass",
            "expected": None,
            "observed": None,
            "cause": None,
            "evidence": [],
            "hints_available": 3,
            "depends_on": [r["check"] for r in self.results if r["name"] in needed],
            "points": 1,
            "max_points": 1,
        }

    def _outcome(self, run):
        """Run a check; return what its result says if it does not pass."""
        try:
            return self._told(run())
        except Exception as error:  # in the search for the cause
            return self._told(error)

    def _told(self, error):
        """Return what a result says when its check raised `error`, or nothing."""
        if isinstance(error, CheckFailed):
            cause = causes.find(error.suspects, self._facts())
            told = {"verdict": error.verdict, "cause": cause, "evidence": error.evidence}
            told.update(expected=error.expected, observed=error.observed)
        elif isinstance(error, CannotCheck):
            told = {"verdict": "cannot_check", "observed": error.reason, "expected": error.way_out}
        elif error:
            observed = f"{type(error).__name__}: {error}"
            told = {"verdict": "checker_error", "observed": observed}
        return {**told, "points": 0} if error else {}


def title(docstring: str) -> str:
    """Return a check's sentence as a line of a list: no capital, no full stop."""
    sentence = docstring.strip().rstrip(".")
    return sentence if sentence[1:2].isupper() else sentence[0].lower() + sentence[1:]

"""The results of one person as Classroom 50's result.json."""

import datetime
import os
import subprocess
from typing import NamedTuple

from lab.grade import told

SCHEMA = "classroom50/result/v1"


class Facts(NamedTuple):
    """What Classroom 50 says of a submission; the names are those of its fields."""

    classroom: str
    assignment: str
    owner: str
    submission: str  # the tag, submit/...
    commit: str  # links, these three
    release: str
    review: str
    datetime: "datetime.datetime"  # of the submission, with its time zone
    assignment_type: str = "individual"


# What Classroom 50's runner has in the environment of autograder.py.
VARIABLES = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "owner": "OWNER",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
    "assignment_type": "ASSIGNMENT_TYPE",
}


def facts(environment: dict, checkout: str) -> Facts:
    """Return what the runner says in the environment, and git of the checkout.

    NoGrade if something is missing: nothing of it is made up here.
    """
    missing = [name for name in VARIABLES.values() if not environment.get(name)]
    if missing:
        raise NoGrade(f"this is not Classroom 50's runner: there is no {', '.join(missing)}")
    known = {field: environment[name] for field, name in VARIABLES.items()}
    return Facts(**known, datetime=_committed(checkout))


def _committed(checkout):
    """Return when the commit was made that is checked out."""
    # Git believes nothing of a folder that is somebody else's, as it is in a container.
    git = ["git", "-c", "safe.directory=*", "-C", os.fspath(checkout)]
    words = ["log", "-1", "--format=%cI"]
    done = subprocess.run([*git, *words], capture_output=True, text=True)
    if done.returncode:
        raise NoGrade(f"git does not know when this was submitted: {done.stderr.strip()}")
    # Python 3.10 does not know that Z is UTC.
    return datetime.datetime.fromisoformat(done.stdout.strip().replace("Z", "+00:00"))


class NoGrade(Exception):
    """There are no points to be written; end with a status that is not 0.  str() says why."""


def document(results: list, facts: Facts) -> dict:
    """Return the results of one person, to be written as JSON.

    NoGrade if something could not be checked, or nothing was: no grade is better than 0 of 0.
    """
    checks = told.once(results)
    unknown = [result for result in checks if result["verdict"] in told.NO_VERDICTS]
    if unknown or not checks:
        first = [f"{told.name(r)}: {told.line(r['observed'])}" for r in unknown[:1]]
        raise NoGrade(*first or ["nothing was checked"])
    when = facts.datetime.astimezone(datetime.timezone.utc)
    return {
        "schema": SCHEMA,
        **facts._asdict(),
        "datetime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(result["points"] for result in checks),
        "max-score": sum(result["max_points"] for result in checks),
        "tests": [_test(result, results) for result in checks],
    }


def _test(result, results):
    """Return one test: what is required, and below that our own fields."""
    return {
        "test-name": told.name(result),
        "passed": result["verdict"] == "pass",
        "score": result["points"],
        "max-score": result["max_points"],
        "verdict": result["verdict"],
        "expected": told.plain(result["expected"]),
        "observed": told.plain(result["observed"]),
        "cause": result["cause"],
        "output": told.about(result, results),
    }

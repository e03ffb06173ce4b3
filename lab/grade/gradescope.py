"""The results of one person as Gradescope's /autograder/results/results.json."""

import json
import urllib.parse

from lab import course, files, progress
from lab.grade import told

NOTES = {
    "cannot_check": "Not everything can be checked on this machine; what cannot has no score.",
    "checker_error": told.FOR_TEACHER,
}
NOTHING = "Nothing can be checked on this machine, so the score means nothing: tell your teacher."
TEXT = ("output_format", "test_output_format", "test_name_format")
LONGEST_NAME = 200  # letters of a file's name; file systems take 255 bytes


def write(people, folder: str) -> None:
    """Write the results of a class into a folder, a file for each person.

    `people` are pairs, a name and all results of that person.
    """
    for person, results in people:
        text = json.dumps(document(results), indent=1)
        files.write(f"{folder}/{file_name(person)}.json", f"{text}\n")


def file_name(person: str) -> str:
    """Return a name for a person's file: theirs, if any file system takes that.

    Other letters are told as in an address of the web, so no two people share a file.
    """
    name = urllib.parse.quote(person, safe=" @+,=", errors="surrogateescape")
    name = name.replace(".", "%2E", 1) if name.startswith(".") else name
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}-{progress.digest(name.encode())[:16]}"


def document(results: list) -> dict:
    """Return the results of one person, to be written as JSON.

    The score is the sum of the points.  No test is hidden: one would hide the total.
    """
    checks = told.once(results)
    return {
        "score": sum(result["points"] for result in checks),
        "execution_time": round(sum(result["ms"] for result in results) / 1000, 3),
        "output": "\n".join(_notes({result["verdict"] for result in checks})),
        **dict.fromkeys(TEXT, "text"),
        "tests": [_test(result, results) for result in checks],
    }


def _notes(verdicts):
    """Return what is to be said of the whole."""
    if verdicts == {"cannot_check"}:
        return [NOTHING]
    return [note for verdict, note in NOTES.items() if verdict in verdicts]


def _test(result, results):
    """Return one test."""
    passed = result["verdict"] == "pass"
    unknown = "cannot be checked here: " if result["verdict"] == "cannot_check" else ""
    return {
        **_score(result),
        "status": "passed" if passed else "failed",
        "name": unknown + told.line(result["title"], told.SHORT),
        "number": result["check"],
        "output": told.about(result, results),
        "tags": [f"step {result['step']}", course.title(result["step"])],
        "extra_data": _extra(result),
    }


def _score(result):
    """Return the points of a test; none where the program is not to blame: a status alone."""
    if result["verdict"] in NOTES:
        return {}
    points = result["max_points"] if result["verdict"] == "pass" else 0
    return {"score": points, "max_score": result["max_points"]}


def _extra(result):
    """Return what is for the teacher: the verdict in our words, and what broke the checker."""
    extra = {"verdict": result["verdict"], "cause": result["cause"]}
    if result["verdict"] == "checker_error":
        extra["detail"] = told.plain(result["observed"])
    return extra

"""The results of one person as Gradescope's /autograder/results/results.json."""

from lab import course
from lab.grade import told

NOTES = {
    "cannot_check": "Not everything can be checked on this machine; what cannot has no score.",
    "checker_error": told.FOR_TEACHER,
}
TEXT = ("output_format", "test_output_format", "test_name_format")


def document(results: list) -> dict:
    """Return the results of one person, to be written as JSON.

    The score is the sum of the points.  No test is hidden: one would hide the total.
    """
    checks = told.once(results)
    verdicts = {result["verdict"] for result in checks}
    return {
        "score": sum(result["points"] for result in checks),
        "execution_time": round(sum(result["ms"] for result in results) / 1000, 3),
        "output": "\n".join(note for verdict, note in NOTES.items() if verdict in verdicts),
        **dict.fromkeys(TEXT, "text"),
        "tests": [_test(result, results) for result in checks],
    }


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

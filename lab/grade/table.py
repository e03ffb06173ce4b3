"""The results of a class as a table, class.csv."""

import csv
from typing import NamedTuple

from lab.grade import told

FORMULA = tuple("=+-@＝＋－＠")  # what a spreadsheet computes, and perhaps runs


class _Row(NamedTuple):
    """What the table says of one person; of a class in full there may be too much to keep."""

    person: str
    points: list  # and how many there could be
    verdicts: dict  # by the check
    causes: dict  # by the step whose program it was


def write(people, file) -> None:
    """Write the results of a class to a file opened with newline="": a row for each person.

    `people` are pairs, a name and all results of that person.  After the points come the
    verdict of each check, and for the program of each step the first cause.
    """
    rows = [_row(person, results) for person, results in people]
    checks = sorted({check for row in rows for check in row.verdicts}, key=told.place)
    steps = sorted({step for row in rows for step in row.causes})
    titles = [f"check {check}" for check in checks] + [f"cause in step {n}" for n in steps]
    out = csv.writer(file)
    out.writerow(["learner", "points", "max_points", *titles])
    for row in sorted(rows, key=lambda row: row.person):
        verdicts = [row.verdicts.get(check, "") for check in checks]
        causes = [row.causes.get(step, "") for step in steps]
        out.writerow([row.person, *row.points, *verdicts, *causes])


def _row(person, results):
    """Return the row of one person."""
    checks, causes = told.once(results), {}
    for result in results:
        step = told.of_step(result)
        causes[step] = causes.get(step) or _cell(_cause(result))
    points = [sum(result[key] for result in checks) for key in ("points", "max_points")]
    verdicts = {r["check"]: r["verdict"] for r in checks if not told.is_unread(r)}
    return _Row(_cell(person), points, verdicts, causes)


def _cause(result):
    """Return the cause of a failure, or why a program could not be judged."""
    return result["observed"] if told.is_unread(result) else result["cause"]


def _cell(text):
    """Return text in one line that no spreadsheet takes for a formula."""
    shown = told.line(text, told.SHORT).replace(";", ",")  # some spreadsheets split at ; alone
    return f"'{shown}" if shown.startswith(FORMULA) else shown

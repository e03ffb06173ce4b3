"""The results of a class as a table, class.csv."""

import csv

from lab.grade import summary, told

FORMULA = tuple("=+-@＝＋－＠")  # what a spreadsheet computes, and perhaps runs


def write(people, file) -> None:
    """Write the results of a class to a file opened with newline="": a row for each person.

    `people` are pairs, a name and all results of that person.  After the points comes whether the
    program of each step passes as a whole, then the verdict of each check, and for each program
    the first cause.
    """
    rows = [summary.of(person, results) for person, results in people]
    checks = sorted({check for row in rows for check in row.verdicts}, key=told.place)
    steps = sorted({step for row in rows for step in row.steps})
    titles = [f"step {step}" for step in steps] + [f"check {check}" for check in checks]
    titles += [f"cause in step {step}" for step in steps]
    out = csv.writer(file)
    out.writerow(["learner", "points", "max_points", *titles])
    for row in sorted(rows, key=lambda row: row.person):
        outcomes = [row.steps.get(step, ("", "")) for step in steps]
        cells = [word for word, _ in outcomes] + [row.verdicts.get(check, "") for check in checks]
        cells += [cell(why) for _, why in outcomes]
        out.writerow([cell(row.person), row.points, row.max_points, *cells])


def cell(text) -> str:
    """Return text in one line that no spreadsheet takes for a formula."""
    shown = told.line(text, told.SHORT).replace(";", ",")  # some spreadsheets split at ; alone
    return f"'{shown}" if shown.startswith(FORMULA) else shown

"""The heat map of a class: people down, checks across, and a mark in each cell."""

from typing import NamedTuple

from lab import course
from lab.grade import summary, told
from lab.verdict import MARKS

CLASSES = {
    "pass": "y",
    "fail": "n",
    "timeout": "n",
    "blocked": "b",
    "cannot_check": "q",
    "checker_error": "e",
}
MEANINGS = {
    "pass": "passes",
    "fail": "fails",
    "blocked": "waits for another check to pass",
    "cannot_check": "cannot be checked on the machine that judged",
    "checker_error": "the checker failed, not the program",
}
MISSING = "–"  # there is no verdict
MEANT = "nothing was handed in, or it could not be judged"
SORTED = (  # and which way by a first click
    '<th scope="col" data-sort="ascending">person</th>',
    '<th class="c" scope="col" data-sort="descending">steps</th>',
    '<th class="c" scope="col" data-sort="descending">points</th>',
)
WHOLE = "the program as a whole, with the checks of the steps before"


class Row(NamedTuple):
    """A person in the page."""

    anchor: str  # of the person's own section
    person: summary.Summary


def write(rows: list, checks: dict, file) -> None:
    """Write the table; `checks` are by the step the titles of its checks, by their number.

    A column more for each step says whether its program passes as a whole.
    """
    marks = [(_mark(verdict), words) for verdict, words in MEANINGS.items()]
    marks.append((f'<b class="w">{MISSING}</b>', MEANT))
    legend = " ".join(f"<span>{mark} {words}</span>" for mark, words in marks)
    file.write(f'<p class="legend">{legend}</p>\n<div class="map" tabindex="0"><table>\n')
    file.write(_head(checks))
    file.write("<tbody>\n")
    for row in sorted(rows, key=_how_far):
        file.write(_line(row, checks))
    file.write(f"</tbody>\n{_foot(rows, checks)}</table></div>\n")
    file.write(_titles(checks))


def style(checks: dict) -> str:
    """Return the widths of the table, in cells: rows that are no table's are laid out alone."""
    groups = {len(titles) + 1 for titles in checks.values()}
    total = sum(len(titles) + 1 for titles in checks.values())
    rules = [f".map .k{size}{{width:calc({size}*var(--cell))}}" for size in sorted(groups)]
    return f":root{{--cells:{total}}}\n{''.join(rules)}"


def _how_far(row):
    """Return what sorts people: who got furthest comes first."""
    person = row.person
    return -person.steps_done, -person.points, person.person


def _mark(verdict):
    """Return a mark as it stands in a cell."""
    return f'<b class="{CLASSES[verdict]}">{MARKS[verdict]}</b>'


def _head(checks):
    """Return the two lines above: the steps, and the numbers of their checks."""
    steps, numbers = ['<td colspan="3"></td>'], list(SORTED)
    for step, titles in checks.items():
        name = f"step {step} · {course.title(step)}"
        size = len(titles) + 1
        steps.append(f'<th class="g k{size}" colspan="{size}" scope="colgroup">{name}</th>')
        numbers.append(f'<th class="g" scope="col" title="step {step}: {WHOLE}">all</th>')
        for check, title in titles.items():
            about = f"{check} {told.html(title, told.SHORT)}"
            numbers.append(f'<th scope="col" title="{about}">{told.place(check)[1]}</th>')
    widths = f'<colgroup><col/><col class="c" span="2"/><col span="{len(numbers) - 3}"/></colgroup>'
    return f"{widths}\n<thead>\n<tr>{''.join(steps)}</tr>\n<tr>{''.join(numbers)}</tr>\n</thead>\n"


def _line(row, checks):
    """Return the line of one person."""
    person, cells = row.person, []
    name = told.html(person.person)
    for step, titles in checks.items():
        cells += _group(person, name, step, titles)
    head = f'<th scope="row"><a href="#{row.anchor}" title="{name}">{name}</a></th>'
    counts = f'<td class="c">{person.steps_done}</td><td class="c">{person.points}</td>'
    return f"<tr>{head}{counts}{''.join(cells)}</tr>\n"


def _group(person, name, step, titles):
    """Yield the cells of one step, first that of the program as a whole."""
    word = person.steps[step].word if step in person.steps else summary.NOT_JUDGED
    yield _cell(f"{name}, all of step {step}", word, "g ")
    for check in titles:
        yield _cell(f"{name}, {check}", person.verdicts.get(check, summary.NOT_JUDGED))


def _cell(about, word, group=""):
    """Return one cell, and in words what it says of whom."""
    verdict = word.replace(" ", "_")
    style, mark = CLASSES.get(verdict, "w"), MARKS.get(verdict, MISSING)
    return f'<td class="{group}{style}" title="{about}: {verdict.replace("_", " ")}">{mark}</td>'


def _foot(rows, checks):
    """Return the line below: of those who were judged, how many in a hundred pass."""
    cells = []
    for step, titles in checks.items():
        words = [row.person.steps[step].word for row in rows if step in row.person.steps]
        cells.append(f'<td class="g">{_percent(words)}</td>')
        for check in titles:
            verdicts = (row.person.verdicts.get(check) for row in rows)
            cells.append(f"<td>{_percent([verdict for verdict in verdicts if verdict])}</td>")
    head = '<th scope="row" title="of those whose program was judged">% that pass</th>'
    counts = '<td class="c"></td>' * 2
    return f"<tfoot><tr>{head}{counts}{''.join(cells)}</tr></tfoot>\n"


def _percent(words):
    """Return how many in a hundred of some verdicts are passes."""
    judged = [word for word in words if word not in (summary.NOT_HANDED_IN, summary.NOT_JUDGED)]
    return round(100 * judged.count(summary.PASS) / len(judged)) if judged else ""


def _titles(checks):
    """Return the list of the checks: what the numbers above the columns mean."""
    parts = []
    for step, titles in checks.items():
        lines = "".join(f"<li>{n} {told.prose(text)}</li>" for n, text in titles.items())
        parts.append(f"<div><h3>Step {step} · {course.title(step)}</h3><ul>{lines}</ul></div>\n")
    return f'<div class="titles">{"".join(parts)}</div>\n'

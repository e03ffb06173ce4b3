"""The X-ray as text, for a terminal of 96 columns, for a log, and inside the picture."""

import textwrap

from lab.xray import story
from lab.xray.record import Trace

WIDTH = 96
CALL, EFFECT = 8, 9  # columns that they begin in
NAMES, HOST = 16, 30  # columns of the comparison
STYLES = {"bold": "1", "red": "1;31", "green": "32", "dim": "2"}


def lines(trace: Trace, title: str, program: str, paint=lambda text, style: text) -> list:
    """Return the lines of the report; `paint` colours a piece of text."""
    found = [paint(_apart(title, story.counts(trace)), "bold")]
    for paragraph in story.paragraphs(trace, program):
        found += _paragraph(paragraph, paint)
    found += ["", paint(f"{'':{NAMES}} {'the host':{HOST}} the container", "bold")]
    rows = story.comparison(trace.worlds) if trace.worlds else []
    if not rows:
        found.append(f"{'':{NAMES}} COMMAND was never executed: there is no container to show")
    return found + [_row(row, paint) for row in rows + story.processes(trace)]


def coloured(text: str, style: str) -> str:
    """Return text as a terminal shows it in a style."""
    return f"\033[{STYLES[style]}m{text}\033[0m"


def _paragraph(paragraph, paint):
    """Yield a line of the program, its calls, and what each changed."""
    number = paragraph.line or "·"
    room = WIDTH - 6 - len(paragraph.process) - 2
    text = _cut(paragraph.text, room)
    yield ""
    yield paint(f"{number:>4}  {text:{room}}", "bold") + paint(f"  {paragraph.process}", "dim")
    for entry in paragraph.entries:
        mark, style = ("✗", "red") if entry.failed else ("", "dim")
        for place, line in enumerate(_wrapped(entry.call, CALL)):
            yield paint(f"{mark if place == 0 else '':>6}  {line}", style)
        for place, line in enumerate(_wrapped(entry.effect, EFFECT + 2)):
            arrow = "→" if place == 0 else " "
            yield paint(f"{arrow:>{EFFECT}} {line}", "red" if entry.failed else "green")


def _row(row, paint):
    """Return one line of the comparison."""
    line = f"{row.name:{NAMES}} {row.host:{HOST}} {row.container}"
    return line if row.own else paint(line, "dim")


def _wrapped(text, indent):
    """Return a text in lines, whole words if possible."""
    return textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False)


def _cut(text, room):
    """Return a text that fits."""
    return text if len(text) <= room else f"{text[: room - 4]} ..."


def _apart(left, right):
    """Return two texts at both ends of a line."""
    return f"{left}{right:>{max(WIDTH - len(left), len(right) + 2)}}"

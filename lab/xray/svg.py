"""The X-ray as a picture, 800 pixels wide."""

import textwrap

from lab import ink
from lab.xray import story, text
from lab.xray.record import Trace

WIDTH, EDGE = 800, 20
LINE, GAP = 19, 10  # pixels
CODE, PROSE, CELL = 80, 92, 38  # letters in a line: of a call, of an effect, of the comparison
COLUMNS = (EDGE + 12, 180, 440)


class _Canvas:
    """What was drawn so far, and how far down."""

    def __init__(self):
        self.parts, self.y = [], 0

    def write(self, x, words, style, anchor="start"):
        """Write a text at the present height."""
        self.parts.append(ink.write(x, self.y, words, style, anchor))

    def down(self, pixels=LINE):
        """Go down."""
        self.y += pixels


def picture(trace: Trace, title: str, program: str) -> str:
    """Return the picture as the text of an SVG file."""
    canvas = _Canvas()
    canvas.down(36)
    canvas.write(EDGE, title, "i-title")
    canvas.down(22)
    canvas.write(EDGE, story.counts(trace), "i-prose dim")
    canvas.down(GAP)
    for paragraph in story.paragraphs(trace, program):
        _draw_paragraph(canvas, paragraph)
    _draw_comparison(canvas, trace)
    twin = "\n".join(text.lines(trace, title, program))
    return ink.svg(canvas.parts, WIDTH, canvas.y, title, twin)


def _draw_paragraph(canvas, paragraph):
    """Draw one line of the program in a card, green inside the container."""
    inside, top, place = "inside" in paragraph.process, canvas.y, len(canvas.parts)
    canvas.down(22)
    room = CODE - 3 - len(paragraph.process) * 3 // 4
    canvas.write(EDGE + 44, str(paragraph.line or "·"), "i-line dim", "end")
    canvas.write(EDGE + 56, _cut(paragraph.text, room), "i-line")
    canvas.write(WIDTH - EDGE - 12, paragraph.process, "i-prose dim", "end")
    for entry in paragraph.entries:
        _draw_entry(canvas, entry)
    canvas.down(GAP)
    canvas.parts[place:place] = _card(top, canvas.y - top, inside)
    canvas.down(8)


def _draw_entry(canvas, entry):
    """Draw one call and what it changed."""
    for number, line in enumerate(textwrap.wrap(entry.call, CODE, break_on_hyphens=False)):
        canvas.down()
        if entry.failed and number == 0:
            canvas.write(EDGE + 44, "✗", "i-line bad", "end")
        canvas.write(EDGE + 56, line, "i-code" + " bad" * entry.failed)
    for number, line in enumerate(textwrap.wrap(entry.effect, PROSE, break_on_hyphens=False)):
        canvas.down()
        canvas.write(EDGE + 56, "→" if number == 0 else "", "i-prose dim")
        canvas.write(EDGE + 76, line, "i-prose " + ("bad" if entry.failed else "own"))


def _draw_comparison(canvas, trace):
    """Draw both worlds side by side, and the processes below."""
    top, place = canvas.y + 8, len(canvas.parts)
    canvas.down(32)
    for column, words in zip(COLUMNS[1:], ("the host", "the container"), strict=True):
        canvas.write(column, words, "i-head")
    rows = story.comparison(trace.worlds) if trace.worlds else []
    if not rows:
        canvas.down()
        canvas.write(COLUMNS[1], "COMMAND was never executed: no container to show", "i-prose bad")
    for row in rows + story.processes(trace):
        _draw_row(canvas, row)
    canvas.down(GAP + 4)
    canvas.parts[place:place] = _card(top, canvas.y - top, False)[:1]
    canvas.down(EDGE)


def _draw_row(canvas, row):
    """Draw one row of the comparison; names that are long go on below."""
    cells = [[row.name], *(textwrap.wrap(words, CELL) for words in (row.host, row.container))]
    if row.host.startswith(" "):
        cells[1] = [row.host]
    styles = ("i-prose dim", "i-code", "i-code own" if row.own else "i-code dim")
    for number in range(max(map(len, cells))):
        canvas.down()
        for column, cell, style in zip(COLUMNS, cells, styles, strict=True):
            if number < len(cell):
                canvas.write(column, cell[number], style)


def _card(top, height, inside):
    """Return a card, and the bar at its left that says in which world it is."""
    style, bar = ("inside", "own-bar") if inside else ("card", "bar")
    return [
        ink.box(EDGE, top, WIDTH - 2 * EDGE, height, style),
        ink.box(EDGE, top, 4, height, bar, 2),
    ]


def _cut(words, room):
    """Return a text that fits."""
    return words if len(words) <= room else f"{words[: room - 2]} …"

"""The X-ray as a picture: 800 pixels wide, light and dark, its text inside for who cannot see it.

In a notebook the colours are JupyterLab's, elsewhere those of the reader's system.
"""

import textwrap
from xml.sax.saxutils import escape

from lab.xray import story, text
from lab.xray.record import Trace

WIDTH, EDGE = 800, 20
LINE, GAP = 19, 10  # pixels
CODE, PROSE, CELL = 80, 92, 38  # letters in a line: of a call, of an effect, of the comparison
COLUMNS = (EDGE + 12, 180, 440)
STYLE = """
.x-bg{fill:var(--jp-layout-color0,#ffffff)} .x-card{fill:#f4f6f8;stroke:#c9d1d9}
.x-in{fill:#e8f3ec;stroke:#8fbf9f} text{fill:var(--jp-content-font-color0,#1f2328)}
.x-line{font:600 14px ui-monospace,monospace} .x-call{font:13px ui-monospace,monospace}
.x-prose{font:13.5px system-ui,sans-serif} .x-head{font:600 15px system-ui,sans-serif}
.x-title{font:600 20px system-ui,sans-serif} .x-dim{fill:#59636e} .x-own{fill:#1a7f37}
.x-bad{fill:#c5221f} .x-bar{fill:#8b949e} .x-bar-in{fill:#2da44e} .x-rule{stroke:#c9d1d9}
@media (prefers-color-scheme: dark){
.x-bg{fill:var(--jp-layout-color0,#0d1117)} .x-card{fill:#161b22;stroke:#3d444d}
.x-in{fill:#12261e;stroke:#2f6f46} text{fill:var(--jp-content-font-color0,#e6edf3)}
.x-dim{fill:#9198a1} .x-own{fill:#56d364} .x-bad{fill:#ff7b72} .x-bar{fill:#6e7681}
.x-bar-in{fill:#2ea043} .x-rule{stroke:#3d444d}}
"""


class _Canvas:
    """What was drawn so far, and how far down."""

    def __init__(self):
        self.parts, self.y = [], 0

    def write(self, x, words, style, anchor="start"):
        """Write a text at the present height."""
        place = f'x="{x}" y="{self.y}" text-anchor="{anchor}" xml:space="preserve"'
        self.parts.append(f'<text class="{style}" {place}>{escape(_printable(words))}</text>')

    def down(self, pixels=LINE):
        """Go down."""
        self.y += pixels


def picture(trace: Trace, title: str, program: str) -> str:
    """Return the picture as the text of an SVG file."""
    canvas = _Canvas()
    canvas.down(36)
    canvas.write(EDGE, title, "x-title")
    canvas.down(22)
    canvas.write(EDGE, story.counts(trace), "x-prose x-dim")
    canvas.down(GAP)
    for paragraph in story.paragraphs(trace, program):
        _draw_paragraph(canvas, paragraph)
    _draw_comparison(canvas, trace)
    twin = escape(_printable("\n".join(text.lines(trace, title, program))))
    size = f'viewBox="0 0 {WIDTH} {canvas.y}" width="{WIDTH}" height="{canvas.y}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="xt xd">',
            f'<title id="xt">{escape(title)}</title>',
            f'<desc id="xd">{twin}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="x-bg" width="{WIDTH}" height="{canvas.y}" rx="10"/>',
            *canvas.parts,
            "</svg>\n",
        ]
    )


def _draw_paragraph(canvas, paragraph):
    """Draw one line of the program in a card, green inside the container."""
    inside, top, place = "inside" in paragraph.process, canvas.y, len(canvas.parts)
    canvas.down(22)
    room = CODE - 3 - len(paragraph.process) * 3 // 4
    canvas.write(EDGE + 44, str(paragraph.line or "·"), "x-line x-dim", "end")
    canvas.write(EDGE + 56, _cut(paragraph.text, room), "x-line")
    canvas.write(WIDTH - EDGE - 12, paragraph.process, "x-prose x-dim", "end")
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
            canvas.write(EDGE + 44, "✗", "x-line x-bad", "end")
        canvas.write(EDGE + 56, line, "x-call" + " x-bad" * entry.failed)
    for number, line in enumerate(textwrap.wrap(entry.effect, PROSE, break_on_hyphens=False)):
        canvas.down()
        canvas.write(EDGE + 56, "→" if number == 0 else "", "x-prose x-dim")
        canvas.write(EDGE + 76, line, "x-prose " + ("x-bad" if entry.failed else "x-own"))


def _draw_comparison(canvas, trace):
    """Draw both worlds side by side, and the processes below."""
    top, place = canvas.y + 8, len(canvas.parts)
    canvas.down(32)
    for column, words in zip(COLUMNS[1:], ("the host", "the container"), strict=True):
        canvas.write(column, words, "x-head")
    rows = story.comparison(trace.worlds) if trace.worlds else []
    if not rows:
        canvas.down()
        canvas.write(
            COLUMNS[1], "COMMAND was never executed: no container to show", "x-prose x-bad"
        )
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
    styles = ("x-prose x-dim", "x-call", "x-call x-own" if row.own else "x-call x-dim")
    for number in range(max(map(len, cells))):
        canvas.down()
        for column, cell, style in zip(COLUMNS, cells, styles, strict=True):
            if number < len(cell):
                canvas.write(column, cell[number], style)


def _card(top, height, inside):
    """Return a card, and the bar at its left that says in which world it is."""
    box = f'x="{EDGE}" y="{top}" width="{WIDTH - 2 * EDGE}" height="{height}" rx="6"'
    bar = f'x="{EDGE}" y="{top}" width="4" height="{height}" rx="2"'
    return [
        f'<rect class="{"x-in" if inside else "x-card"}" {box}/>',
        f'<rect class="{"x-bar-in" if inside else "x-bar"}" {bar}/>',
    ]


def _cut(words, room):
    """Return a text that fits."""
    return words if len(words) <= room else f"{words[: room - 2]} …"


def _printable(words):
    """Return a text that XML can hold: names on a disk may be any bytes."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in words)

"""The picture of the finished container: one process, as the host sees it and as it sees itself."""

from lab import ink
from lab.pictures import Picture

TITLE = "One process, two views"
LEAD = "A container is an ordinary process to which the kernel shows a world of its own."
# What each step makes the container's own, and by what.
ROWS = (
    ("host name", "UTS namespace"),
    ("process number", "PID namespace, /proc"),
    ("scratch space", "mount namespace"),
    ("memory", "control group"),
    ("root directory", "chroot"),
)
SEERS = ("the host sees", "it sees")
WIDTH, EDGE, ROW, TOP = 800, 20, 58, 120
COLUMNS, BOX = (240, 520), 260


def picture(host: list, container: list) -> Picture:
    """Draw both views: what stands in each row, in the order of the steps."""
    bottom = TOP + ROW * len(ROWS)
    parts = [ink.write(EDGE, 36, TITLE, "i-title"), ink.write(EDGE, 60, LEAD, "i-prose dim")]
    for x, name, style in zip(COLUMNS, SEERS, ("card", "inside"), strict=True):
        parts.append(ink.box(x, 80, BOX, bottom - 80, style, 8))
        parts.append(ink.write(x + 16, 106, name, "i-head"))
    for number, row in enumerate(zip(ROWS, host, container, strict=True)):
        parts += _row(number, *row)
    rows = [(("", ""), *SEERS), *zip(ROWS, host, container, strict=True)]
    text = "\n".join([TITLE, LEAD, *(_line(*row) for row in rows)])
    return Picture(ink.svg(parts, WIDTH, bottom + EDGE, TITLE, text), text)


def _row(number, names, host, container):
    """Return one row: the step, what it is about, and both views."""
    y = TOP + ROW * number
    rule = f'<path d="M{EDGE},{y} H{WIDTH - EDGE}" style="stroke:var(--i-rule)"/>'
    parts = [rule, f'<circle class="own-bar" cx="33" cy="{y + 28}" r="13"/>']
    white = "fill:#ffffff;stroke:none"
    parts.append(f'<g style="--i-text:#ffffff;{white}">')
    parts.append(ink.write(33, y + 33, str(number + 1), "i-head", "middle") + "</g>")
    parts.append(ink.write(58, y + 26, names[0], "i-head"))
    parts.append(ink.write(58, y + 44, names[1], "i-prose dim"))
    parts.append(ink.write(COLUMNS[0] + 16, y + 34, host, "i-code"))
    return [*parts, ink.write(COLUMNS[1] + 16, y + 34, container, "i-code own")]


def _line(names, host, container):
    """Return one row in words."""
    return f"{names[0]:16} {names[1]:22} {host:24} {container}"

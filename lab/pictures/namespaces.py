"""The picture of the namespaces: one box where host and container share one, two where not."""

from lab import ink
from lab.pictures import Picture

WHAT = {
    "uts": "host name",
    "pid": "process numbers",
    "mnt": "mount table",
    "cgroup": "control groups",
    "ipc": "message queues",
    "net": "network",
    "time": "clocks",
    "user": "users",
}
WIDTH, EDGE = 800, 20
LEFT, RIGHT, BOX, GAP = 190, 495, 285, 20  # where the boxes are, and between them
ROW, HEIGHT, TOP = 42, 32, 112


def picture(worlds: "dict | None", title: str) -> Picture:
    """Draw the namespaces of the two worlds that the X-ray has compared."""
    if not worlds:
        said = "The command was never executed: there is no container to show."
        parts = [ink.write(EDGE, 36, title, "i-title"), ink.write(EDGE, 64, said, "i-prose bad")]
        return Picture(ink.svg(parts, WIDTH, 84, title, said), f"{title}\n{said}")
    rows = sorted(worlds["namespaces"], key=_place)
    own = sum(row["own"] for row in rows)
    count = f"{own} of {len(rows)} namespaces are the container's own"
    parts = [
        ink.write(EDGE, 36, title, "i-title"),
        ink.write(EDGE, 58, count, "i-prose dim"),
        ink.write(LEFT + BOX / 2, 96, "the host", "i-head", "middle"),
        ink.write(RIGHT + BOX / 2, 96, "the container", "i-head", "middle"),
    ]
    for number, row in enumerate(rows):
        parts += _row(row, TOP + number * ROW)
    text = "\n".join([title, count, *map(_line, rows)])
    return Picture(ink.svg(parts, WIDTH, TOP + len(rows) * ROW + 10, title, text), text)


def _row(row, y):
    """Return one kind of namespace: two boxes, or one for both."""
    middle = y + 21
    parts = [
        ink.write(EDGE, middle - 3, row["kind"], "i-line"),
        ink.write(EDGE, middle + 12, WHAT.get(row["kind"], ""), "i-prose dim"),
    ]
    if not row["own"]:
        center = (LEFT + RIGHT + BOX) / 2
        shared = f"{row['host']}   shared"
        whole = ink.box(LEFT, y, RIGHT + BOX - LEFT, HEIGHT)
        return [*parts, whole, ink.write(center, middle, shared, "i-code dim", "middle")]
    for x, name, style, colour in (
        (LEFT, row["host"], "card", ""),
        (RIGHT, row["container"], "inside", " own"),
    ):
        parts += [ink.box(x, y, BOX, HEIGHT, style)]
        parts += [ink.write(x + BOX / 2, middle, name, "i-code" + colour, "middle")]
    return parts


def _line(row):
    """Return one kind of namespace in words."""
    theirs = row["container"] if row["own"] else "the same"
    return f"{row['kind']:7} {WHAT.get(row['kind'], ''):16} {row['host']:20} {theirs}"


def _place(row):
    """Return where in the picture a kind is: the workshop's own first, in its order."""
    kinds = list(WHAT)
    return kinds.index(row["kind"]) if row["kind"] in kinds else len(kinds)

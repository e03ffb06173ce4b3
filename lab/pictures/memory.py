"""The picture of a container's memory: how much it uses, its limit, and where the kernel kills."""

from lab import ink
from lab.pictures import Picture

MEBIBYTE = 1 << 20
WIDTH, HEIGHT = 800, 300
LEFT, RIGHT, TOP, BOTTOM = 90, 780, 84, 256  # of the field
KILLED = 128 + 9  # the exit status after SIGKILL
BARS, LONGEST = 12, 48  # lines of the text twin, and letters in its longest bar
NO_LIMIT = "memory of the container, no limit"
STEPS = (8, 16, 32, 64, 128)  # mebibytes between the lines of the scale


def picture(told: list) -> Picture:
    """Draw what lab.curve has told, all of it or as much as there is yet."""
    facts = {key: value for fact in told for key, value in fact.items()}
    looks = [(fact["ms"], fact["bytes"]) for fact in told if "ms" in fact]
    if facts.get("kills"):  # what was killed uses nothing any more
        looks = looks[: 1 + max(range(len(looks)), key=lambda n: looks[n][1], default=0)]
    limit, title = facts.get("limit"), "memory of the container"
    ending = _ending(facts, looks)
    text = "\n".join([*_bars(looks, limit), ending])
    parts = [ink.write(20, 36, title, "i-title"), ink.write(20, 60, ending, "i-prose dim")]
    parts += _field(looks, limit, bool(facts.get("kills")))
    return Picture(ink.svg(parts, WIDTH, HEIGHT, title, text), text)


def _ending(facts, looks):
    """Say how it ended, or that it goes on."""
    most = f"{max((used for _, used in looks), default=0) / MEBIBYTE:.1f} MiB"
    status = facts.get("status")
    if "kills" not in facts:
        return f"{most}, and more ..."
    if facts["kills"]:
        how = f": exit status {status}" if status is not None else ""
        return f"the kernel killed the program when the container used {most}{how}"
    if status == 0:
        return f"nobody stopped the program: it took all that it wanted, {most}"
    return f"the program ended with status {status} at {most}, and not by the kernel's hand"


def _field(looks, limit, killed):
    """Return the field with its scale, the limit, and the curve."""
    longest = max([looks[-1][0] if looks else 0, 500.0])
    most = 1.2 * max([limit or 0, *(used for _, used in looks), 16 * MEBIBYTE])

    def place(ms, used):
        x = LEFT + (RIGHT - LEFT) * ms / longest
        return round(x, 1), round(BOTTOM - (BOTTOM - TOP) * min(used / most, 1), 1)

    parts = [ink.box(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP, "card", 0)]
    parts += _scale(most, place)
    parts.append(ink.write(RIGHT, BOTTOM + 20, f"{longest / 1000:.1f} s", "i-prose dim", "end"))
    parts.append(ink.write(LEFT, BOTTOM + 20, "0 s", "i-prose dim"))
    points = [place(*look) for look in looks]
    if points:
        line = " ".join(f"{x},{y}" for x, y in points)
        area = f"{points[0][0]},{BOTTOM} {line} {points[-1][0]},{BOTTOM}"
        parts.append(f'<polygon class="own-bar" points="{area}" fill-opacity=".25"/>')
        parts.append(f'<polyline points="{line}" {_stroke("own")} stroke-width="2.5"/>')
    if limit is not None:
        _, y = place(0, limit)
        dashed = f'{_stroke("bad")} stroke-width="1.5" stroke-dasharray="7 5"'
        parts.append(f'<path d="M{LEFT},{y} H{RIGHT}" {dashed}/>')
        words = f"limit {limit / MEBIBYTE:g} MiB"
        parts.append(ink.write(LEFT + 8, y - 7, words, "i-prose bad"))
    if killed and points:
        x, y = points[-1]
        cross = f"M{x - 6},{y - 6} l12,12 m0,-12 l-12,12"
        parts.append(f'<path d="{cross}" {_stroke("bad")} stroke-width="3"/>')
        parts.append(ink.write(x - 12, y + 48, "SIGKILL", "i-line bad", "end"))
    return parts


def _scale(most, place):
    """Return the lines of the scale, and what they stand for."""
    step = next((size for size in STEPS if most / MEBIBYTE / size <= 6), STEPS[-1]) * MEBIBYTE
    parts = []
    for number in range(int(most / step) + 1):
        _, y = place(0, number * step)
        parts.append(f'<path d="M{LEFT},{y} H{RIGHT}" {_stroke("rule")}/>')
        words = f"{number * step / MEBIBYTE:g} MiB"
        parts.append(ink.write(LEFT - 8, y + 4, words, "i-prose dim", "end"))
    return parts


def _stroke(name):
    """Return how a line of a colour is drawn."""
    return f'style="fill:none;stroke:var(--i-{name})"'


def _bars(looks, limit):
    """Yield the curve as bars, a line for each of some moments."""
    yield "memory of the container" + (
        f", limit {limit / MEBIBYTE:g} MiB" if limit else ", no limit"
    )
    most = max([limit or 0, *(used for _, used in looks), 1])
    every = max(1, -(-len(looks) // BARS))
    chosen = looks[::every]
    if looks and chosen[-1] != looks[-1]:
        chosen = [*chosen, looks[-1]]
    for ms, used in chosen:
        bar = "█" * round(LONGEST * used / most)
        yield f"{ms / 1000:6.2f} s {used / MEBIBYTE:6.1f} MiB {bar}"

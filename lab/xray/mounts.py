"""What a system call changed in a mount table, and whether the host sees it."""

import re
from typing import NamedTuple

_SHARED = re.compile(r" shared:(\d+)")
SHOWN = 4  # mounts that a sentence names


class Row(NamedTuple):
    """One line of mountinfo, as far as propagation is concerned."""

    number: int
    point: str
    kind: str
    device: str
    shared: int  # the peer group it tells of mounts, and hears from; 0 for none
    master: int  # the peer group it only hears from

    @property
    def propagation(self) -> str:
        """Return how it passes on what is mounted below it."""
        words = [f"shared:{self.shared}"] * bool(self.shared)
        words += [f"slave of {self.master}"] * bool(self.master)
        return ", ".join(words) or "private"


def table(pid) -> dict:
    """Return the lines of the mount table that a process sees, by the number of the mount."""
    with open(f"/proc/{pid}/mountinfo", errors="surrogateescape") as file:
        lines = file.read().splitlines()
    return {line.partition(" ")[0]: line for line in lines}


def row(line) -> Row:
    """Read one line of mountinfo: proc_pid_mountinfo(5)."""
    before, _, after = line.partition(" - ")
    number, _, device, _, point, _, *optional = before.split(" ")
    tags = dict(tag.split(":") for tag in optional if ":" in tag)
    shared, master = int(tags.get("shared", 0)), int(tags.get("master", 0))
    return Row(int(number), point, after.partition(" ")[0], device, shared, master)


def tied(lines, host) -> int:
    """Return how many mounts of a table still tell the host what is mounted below them."""
    hosts = {_group(line) for line in host.values()} - {None}
    return sum(_group(line) in hosts for line in lines.values())


def _group(line):
    """Return the peer group that a mount is in, or None, without reading all of its line."""
    found = _SHARED.search(line, 0, line.index(" - "))
    return found and found[1]


def changes(before, after) -> dict:
    """Return what is different: {"added": [Row], "removed": [Row], "changed": [(Row, Row)]}."""
    both = before.keys() & after.keys()
    return {
        "added": [row(after[n]) for n in after if n not in both],
        "removed": [row(before[n]) for n in before if n not in both],
        "changed": [
            (row(before[n]), row(after[n])) for n in after if n in both and before[n] != after[n]
        ],
    }


def sentence(change, who) -> str:
    """Say what changed in a mount table; `who` sees what was added."""
    parts = [f"{r.kind} mounted on {r.point}, {r.propagation}" for r in change["added"]]
    parts = _few(parts) + ([who] if change["added"] else [])
    parts += _few([f"{r.kind} on {r.point} is detached" for r in change["removed"]])
    turns = [(a.propagation, b.propagation) for a, b in change["changed"]]
    names = [b.point for _, b in change["changed"]]
    ways = {_kind_of(new) for old, new in turns if old != new}
    if ways:
        count = f"{len(turns)} mounts are" if len(turns) > 1 else f"the mount on {names[0]} is"
        parts.append(f"{count} now {' or '.join(sorted(ways))}")
    elif turns:
        parts += _few([f"the mount on {name} has other options" for name in names])
    return "; ".join(parts)


def _kind_of(propagation):
    """Return a propagation without numbers."""
    return propagation.partition(":")[0].partition(" ")[0]


def _few(parts):
    """Return the first of some parts, and how many more there are."""
    return parts[:SHOWN] + [f"and {len(parts) - SHOWN} more"] * (len(parts) > SHOWN)

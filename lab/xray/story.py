"""A trace as people are told it: by line of the program, without what nobody wants to know."""

import os
from typing import NamedTuple

from lab.xray.ledger import EXECS
from lab.xray.record import Trace

MEBIBYTE = 1 << 20
MOUNTS = 6  # of the container's own that are named
PARAGRAPHS, ENTRIES, PROCESSES = 120, 10, 40  # that are shown; more, and nobody reads it


class Entry(NamedTuple):
    """One call."""

    call: str  # and its result: 'chroot(".") = 0'
    effect: str
    failed: bool


class Paragraph(NamedTuple):
    """Calls that one line of the program made, one after the other."""

    line: "int | None"
    text: str  # of the line; for other programs, their name
    process: str
    entries: list


class Row(NamedTuple):
    """One line of the comparison."""

    name: str
    host: str
    container: str
    own: bool


def paragraphs(trace: Trace, program: str) -> list:
    """Return the calls of a trace, by line; `program` is the file whose lines need no name."""
    told, last = [], None
    for call, before in _visible(trace.calls):
        place = call.pid, call.file, call.line, call.program
        if place != last:
            told.append(Paragraph(call.line, _source(call, program), _who(call), []))
            last = place
        told[-1].entries.append(_entry(call, before))
    shown = [paragraph._replace(entries=_few(paragraph.entries)) for paragraph in told]
    more = sum(len(paragraph.entries) for paragraph in shown[PARAGRAPHS:])
    end = [Paragraph(None, f"... and {_many(more, 'call')} more: --json has all", "", [])]
    return shown[:PARAGRAPHS] + end * (more > 0)


def _few(entries):
    """Return the first calls of a line and those that failed, if there are many."""
    rest = entries[ENTRIES:]
    failed = [entry for entry in rest if entry.failed][:ENTRIES]
    more = len(rest) - len(failed)
    end = [Entry(f"... and {_many(more, 'call')} more", "", False)] * (more > 0)
    return entries[:ENTRIES] + failed + end


def _visible(calls):
    """Yield each call to be told, and how many of its kind came to nothing before it.

    execvp(3) tries one folder of PATH after the other: what counts is how that ends.
    """
    count = {}  # by process: how many came to nothing
    for call, following in zip(calls, _followers(calls), strict=True):
        if call.name in EXECS and call.error == "ENOENT" and following in EXECS:
            count[call.pid] = count.get(call.pid, 0) + 1
        elif not call.quiet:
            yield call, count.pop(call.pid, 0)


def _followers(calls):
    """Return, for each call, the name of the next one by the same process; None for the last."""
    following, names = {}, []
    for call in reversed(calls):
        names.append(following.get(call.pid))
        following[call.pid] = call.name
    return reversed(names)


def _entry(call, before):
    """Return a call with its result."""
    result = f"-1 {call.error}" if call.failed else "?" if call.result is None else call.result
    effect = call.effect
    if before:
        effect += f" (not in {_many(before, 'folder')} of PATH before)"
    return Entry(f"{call.shown} = {result}", effect, call.failed)


def _source(call, program):
    """Return the text of a line; with its file, if that is another."""
    if not call.line:
        return f"({call.program}: no line of Python)"
    where = "" if call.file == program else f"{os.path.basename(call.file)}: "
    return where + (call.text or f"in {call.function}")


def _who(call):
    """Return the numbers of a process."""
    own = call.pid_inside != call.pid_host
    return f"process {call.pid_host}" + (f", inside {call.pid_inside}" if own else "")


def counts(trace: Trace) -> str:
    """Say how much there was."""
    threads = sum(life.threads for life in trace.lives)
    failed = sum(call.failed for call, _ in _visible(trace.calls))
    words = [_many(len(trace.calls), "call"), _many(len(trace.lives), "process")]
    words += [_many(threads, "more thread")] * (threads > 0)
    words += [f"{failed} failed"] * (failed > 0)
    words += [f"exit status {trace.status}" if trace.status is not None else "it did not end"]
    return ", ".join(words + ["not all of it is here"] * (not trace.complete))


def processes(trace: Trace) -> list:
    """Return the tree of processes as rows."""
    rows, tree = [], _family(trace)
    for depth, life in tree[:PROCESSES]:
        name = " → ".join(life.names) or "?"
        ending = "went on" if life.status is None else f"ended with {life.status}"
        threads = f", {_many(life.threads, 'more thread')}" if life.threads else ""
        own = life.pid_inside != life.pid_host
        inside = f"{life.pid_inside}, {ending}{threads}" if own else f"the same, {ending}{threads}"
        host = f"{'  ' * depth}{life.pid_host} {name}"
        rows.append(Row("" if rows else "processes", host, inside, own))
    more = len(tree) - len(rows)
    return rows + [Row("", f"... and {more} more", "", False)] * (more > 0)


def _family(trace):
    """Return the tree of processes: (depth, Life), parents first."""
    children = {}
    for life in trace.lives:
        children.setdefault(life.parent, []).append(life)
    found, waiting = [], [(0, life) for life in reversed(children.get(0, []))]
    while waiting:
        depth, life = waiting.pop()
        found.append((depth, life))
        waiting += [(depth + 1, child) for child in reversed(children.get(life.pid, []))]
    return found


def comparison(worlds: dict) -> list:
    """Return host and container side by side, as rows."""
    rows = []
    for space in worlds["namespaces"]:
        theirs = space["container"] if space["own"] else "the same"
        rows.append(Row(f"{space['kind']} namespace", space["host"], theirs, space["own"]))
    return [*rows, *_mounts(worlds["mounts"]), *_root(worlds), *_limits(worlds["limits"])]


def _mounts(mounts):
    """Return what the mount tables differ in."""
    host = f"{mounts['host_count']} mounts"
    if mounts["is_host_table"]:
        return [Row("mount table", host, "the same", False)]
    tied = mounts["tied_to_host"]
    ties = f"{tied} tell the host of new mounts" if tied else "none tells the host"
    rows = [Row("mount table", host, f"{mounts['container_count']} in sight, {ties}", not tied)]
    own = [f"{mount['kind']} on {mount['point']}" for mount in mounts["own"]]
    shown = own[:MOUNTS] + [f"and {len(own) - MOUNTS} more"] * (len(own) > MOUNTS)
    return rows + [Row("", "", mount, True) for mount in shown]


def _root(worlds):
    """Return where the roots are."""
    root, cwd = worlds["root"]["container"], worlds["cwd"]
    outside = not f"{cwd}/".startswith(f"{root.rstrip('/')}/")
    where = root if root != "/" else "the same"
    where += f", but it stands outside, in {cwd}" * outside
    return [Row("root directory", "/", where, root != "/" and not outside)]


def _limits(limits):
    """Return what the control groups limit, and how much is used."""
    rows = []
    for controller, found in limits.items():
        what = "the same"
        if found["own"]:
            limit, used = (_amount(controller, found[key]) for key in ("limit", "used"))
            what = f"{found['group']}: " + (f"at most {limit}" if limit else "no limit")
            what += ", no swap" * (found.get("swap") == 0) + (f", {used} used" if used else "")
        rows.append(Row(f"{controller} group", "the lab host's own", what, found["own"]))
    return rows


def _amount(controller, number):
    """Write what a controller counts; None for no number."""
    if number is None:
        return None
    if controller != "memory":
        return str(number)
    return f"{number / MEBIBYTE:.1f}".removesuffix(".0") + " MiB"


def _many(count, noun):
    """Count something in words."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"

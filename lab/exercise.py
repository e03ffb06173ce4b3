"""The exercise cell of a notebook: one more editor of the learner's steps/NN_topic/container.py.

A cell may overwrite what it has seen, and nothing else.  What it has seen is known for each
cell of a kernel; a kernel that has just begun goes by what was saved last, kept in .lab/.
"""

import contextlib
import difflib
import os

from lab import ROOT, course, files, progress

SHOWN = 40  # lines of a difference
LETTERS = 8  # of a digest: enough to name one of a learner's versions
REMEMBERED = 100  # versions of a file

_refused = set()  # the steps whose cell says something else than the file, as far as we know
_seen = {}  # by step and cell: the digest of the file that the cell agreed with last


class NotSaved(Exception):
    """The cell was not written to the file; str() says why and what to do."""


class Newer(NotSaved):
    """The cell is as it was given, and the file has work in it; `text` is the file's."""

    def __init__(self, text):
        super().__init__("the file is ahead of this cell")
        self.text = text


def save(step: int, text: str, cell=None, over: "str | None" = None) -> str:
    """Write a cell's text to the learner's file of a step, whole or not at all; say what was done.

    `cell` is what the cell is known by.  NotSaved with the reason if it is no Python, or if
    the file was changed elsewhere; `over` names a version that may be overwritten all the
    same.  Newer if the cell has nothing to save.  OSError if the file cannot be written.
    """
    _refused.add(step)
    new = _compiled(text)
    name, path = _name(step), os.path.realpath(course.starter_path(step))
    old, kept = _read(path), ""
    if old == new:
        _agree(step, cell, new)
        return f"{name} is as this cell says"
    if old is not None:
        kept = _make_room(path, step, cell, old, new, over)
    files.write(path, new)
    _agree(step, cell, new)
    return f"saved: {name}, {len(text.splitlines())} lines{kept}"


def take(step: int, cell=None) -> str:
    """Return the learner's file for a cell to show.

    NotSaved if it is no text; OSError if it cannot be read.
    """
    with open(course.starter_path(step), "rb") as file:
        own = file.read()
    text = _text(step, own)
    _agree(step, cell, own)
    return text


def _compiled(text):
    """Return a text as bytes; NotSaved if it is no Python."""
    try:
        compile(text, "<cell>", "exec", dont_inherit=True)
        return text.encode()
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NotSaved(_syntax(error, text.split("\n"))) from None


def _syntax(error, lines):
    """Say where a text is no Python."""
    number = getattr(error, "lineno", None)
    if not number or number > len(lines):
        return f"not saved, this is no Python: {error or type(error).__name__}"
    # The first line of the cell is the magic's.
    said = [f"not saved, this is no Python: line {number + 1} of the cell, {error.msg}"]
    said += [f"    {lines[number - 1]}", f"    {' ' * ((error.offset or 1) - 1)}^"]
    return "\n".join(said)


def _make_room(path, step, cell, old, new, over):
    """Keep what is to be overwritten, and say where; NotSaved if this cell may not do so."""
    found = progress.digest(old)
    if new == progress.starter(step) and old != new:
        text = _text(step, old)
        _agree(step, cell, old)
        raise Newer(text)
    if over and found.startswith(over):
        return f"; what it was is kept as {os.path.basename(files.keep_copy(path))}"
    if not _has_seen(step, cell, found, progress.digest(new)):
        raise NotSaved(_question(step, found, old, new))
    files.write(f"{path}~", old)
    return ""


def _has_seen(step, cell, found, new):
    """Whether a cell has seen what is in the file now."""
    if (step, cell) in _seen:
        return found == _seen[step, cell]
    # The first time in this kernel: a cell with an older version is no editing, it is late.
    saved = files.load("cells").get(str(step), [])
    if not saved:
        return found == progress.digest(progress.starter(step))
    return saved[-1] == found and new not in saved


def _question(step, found, old, new):
    """Ask which of two versions is the right one."""
    return (
        f"not saved: {_name(step)} was changed outside this cell.  Which one is right?\n"
        f"  the file:   run  %exercise {step}  in a cell of its own, which then shows it\n"
        f"  this cell:  make its first line  %%exercise {step} --over {found[:LETTERS]}\n"
        + _difference(old.decode(errors="replace"), new.decode())
    )


def _difference(old, new):
    """Return how a cell differs from the file, or the beginning of that."""
    names = "the file", "this cell"
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="", n=1))
    more = [f"... and {len(lines) - SHOWN} lines more"] * (len(lines) > SHOWN)
    return "\n".join(lines[:SHOWN] + more)


def is_refused(step: int) -> bool:
    """Whether the cell of a step was run last without being saved."""
    return step in _refused


def _agree(step, cell, content):
    """Remember what a cell and the file agree on; the file is what counts, if that fails."""
    _refused.discard(step)
    _seen[step, cell] = now = progress.digest(content)
    with contextlib.suppress(OSError):
        saved = files.load("cells")
        before = [digest for digest in saved.get(str(step), []) if digest != now]
        files.save("cells", {**saved, str(step): [*before[1 - REMEMBERED :], now]})


def _text(step, content):
    """Return what is in a file as text; NotSaved if it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotSaved(f"{_name(step)} is no UTF-8: mend it in an editor") from None


def _read(path):
    """Return what is in a file; None if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _name(step):
    """Return what the file of a step is called, seen from the checkout."""
    return os.path.relpath(course.starter_path(step), ROOT)

"""The exercise cell of a notebook: one more editor of the learner's steps/NN_topic/container.py.

It never writes over work that it has not seen.  Its last content is remembered in .lab/, and
what it replaces is kept beside it as container.py~, as editors do.
"""

import difflib
import os

from lab import course, files, progress

SHOWN = 40  # lines of a difference
LETTERS = 8  # of a digest: enough to name one of a learner's versions


class NotSaved(Exception):
    """The cell was not written to the file; str() says why and what to do."""


class Newer(NotSaved):
    """The cell is as it was given, and the file has work in it; `text` is the file's."""

    def __init__(self, text):
        super().__init__("the file is ahead of this cell")
        self.text = text


def save(step: int, text: str, over: "str | None" = None) -> str:
    """Write a cell's text to the learner's file of a step, whole or not at all; say what was done.

    NotSaved with the reason if it is no Python, or if the file was changed elsewhere; `over`
    names the version that may be lost all the same.  Newer if the cell has nothing to save.
    """
    new, path = text.encode(), course.starter_path(step)
    _compile(text)
    old, name = _read(path), os.path.relpath(path, files.ROOT)
    if old == new:
        _remember(step, new)
        return f"{name} is as this cell says"
    if old is not None:
        _make_sure(step, old, new, over)
        files.write(f"{path}~", old)
    files.write(path, new)
    _remember(step, new)
    return f"saved: {name}, {len(text.splitlines())} lines"


def take(step: int) -> str:
    """Return the learner's file for a cell to show; FileNotFoundError if it is gone."""
    with open(course.starter_path(step), "rb") as file:
        own = file.read()
    _remember(step, own)
    return own.decode(errors="replace")


def _compile(text):
    """Raise NotSaved if the text is no Python."""
    try:
        compile(text, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise NotSaved(_syntax(error, text.splitlines())) from None


def _syntax(error, lines):
    """Say where a text is no Python."""
    number = getattr(error, "lineno", None)
    if not number or number > len(lines):
        return f"not saved: {error}"
    # The first line of the cell is the magic's.
    said = [f"not saved, this is no Python: line {number + 1} of the cell, {error.msg}"]
    said += [f"    {lines[number - 1]}", f"    {' ' * ((error.offset or 1) - 1)}^"]
    return "\n".join(said)


def _make_sure(step, old, new, over):
    """Raise NotSaved if somebody else has changed the file since the cell last agreed with it."""
    known, found = files.load("cells").get(str(step)), progress.digest(old)
    starter = progress.starter(step)
    if old == starter or (over and found.startswith(over)):
        return
    if new == starter:
        raise Newer(old.decode(errors="replace"))
    if found == known and progress.digest(new) != known:
        return
    name, version = os.path.relpath(course.starter_path(step), files.ROOT), found[:LETTERS]
    raise NotSaved(
        f"not saved: {name} was changed outside this cell.  Which one is right?\n"
        f"  the file:   run  %exercise {step}  in a cell of its own, which then shows it\n"
        f"  this cell:  make its first line  %%exercise {step} --over {version}\n"
        + _difference(old.decode(errors="replace"), new.decode())
    )


def _difference(old, new):
    """Return how a cell differs from the file, or the beginning of that."""
    names = "the file", "this cell"
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="", n=1))
    more = [f"... and {len(lines) - SHOWN} lines more"] * (len(lines) > SHOWN)
    return "\n".join(lines[:SHOWN] + more)


def _read(path):
    """Return what is in a file; None if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _remember(step, content):
    """Remember what the cell and the file agree on."""
    files.save("cells", {**files.load("cells"), str(step): progress.digest(content)})

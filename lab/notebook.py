"""A lesson as a notebook: cut from steps/NN_topic/README.md, with what is typed as cells.

A `console` block becomes cells that do the same: `$ make check-step 1` is `%check 1`, and
lines after `labhost# ` are a `%%lab` cell.  Two comments, which no reader of the Markdown
sees, are for us:

    <!-- notebook      the text until --> is for the notebook alone; a paragraph of it that
    ... -->            begins with % is a cell, and `%%exercise 1` takes in the starter
    <!-- terminal -->  the text until <!-- end --> is for everybody else
"""

import os
import re
from typing import NamedTuple

from lab import ROOT, course
from lab.lesson import console as read_console

SETUP = "%load_ext lab.magics"
HERE = (
    "**The next cell is your `steps/{}/container.py`**, the file that a terminal and an editor see "
    "as well. Write your lines where the TODO comments are. Running the cell saves the file, and "
    "runs nothing."
)
LEAD = "Run the cells one after the other: click into a cell, and press **Shift+Enter**."

_BLOCK = re.compile(
    r"^```console\n(?P<console>.*?)^```\n|^<!-- notebook\n(?P<ours>.*?)^-->\n"
    r"|^<!-- terminal -->\n.*?^<!-- end -->\n|^(?=##? )|^(?P<fence>```.*?^```\n)",
    re.M | re.S,
)
_LEFT = re.compile(r"^<!-- (notebook|terminal|end)\b", re.M)
_CODE = re.compile(r"`(make [^`\n]+)`")
_STEP = re.compile(r'(?<!")\bmake (?:check-step|hint|diff|reset|xray) \d\b')  # in a sentence
_LESSON = re.compile(r"\bsteps/(\d\d_\w+)/README\.md")
_MAKE = re.compile(r"make ([a-z-]+)(?: (\d))?(?: PROGRAM=(\S+))?(?: CMD=(.*))?", re.S)
_LINK = re.compile(r"(\]\()([^)#:\s]+)(\))")
_EXERCISE = re.compile(r"%%exercise (\d)")
MAGICS = {
    "check-step": "%check",
    "hint": "%hint",
    "run-step": "%run_step",
    "xray": "%xray",
    "memory-curve": "%memory_curve",
    "status": "%status",
    "diff": "%diff",
    "reset": "%reset_step",
    "lab": "%%lab",
}
BY_HAND = "make lab"  # in a sentence it is a terminal that is spoken of


class Cell(NamedTuple):
    """One cell: "markdown" or "code"."""

    kind: str
    text: str


def names() -> list:
    """Return the names of the notebooks, the opening one first."""
    return ["00_start", *course.STEPS]


def path(name: str) -> str:
    """Return where a notebook is kept."""
    return f"{ROOT}/notebooks/{name}.ipynb"


def lesson(name: str) -> str:
    """Return where the lesson of a notebook stands."""
    return f"{ROOT}/steps/{name}/README.md" if name in course.STEPS else f"{ROOT}/steps/README.md"


def read(name: str) -> list:
    """Return the cells of a notebook."""
    with open(lesson(name)) as page:
        return cells(page.read(), os.path.dirname(lesson(name)))


def cells(text: str, folder: str) -> list:
    """Return the cells of a lesson that stands in a folder."""
    found, prose, position = [], "", 0
    for block in _BLOCK.finditer(text):
        prose += text[position : block.start()]
        position = block.end()
        if block["fence"]:
            prose += block["fence"]
            continue
        more = []
        if block["console"]:
            more = list(_typed(block["console"]))
        elif block["ours"]:
            more = list(_ours(block["ours"]))
        elif block.group():  # for the terminal
            continue
        found += _markdown(prose, folder)
        found += more
        prose = ""
    found += _markdown(prose + text[position:], folder)
    for cell in found:
        if cell.kind == "markdown" and _LEFT.search(cell.text):
            raise ValueError(f"a direction for the notebook has no end: {cell.text[:80]}")
    found += _onwards(folder)
    found[1:1] = [Cell("markdown", LEAD), Cell("code", SETUP)]
    return list(_merged(found))


def _onwards(folder):
    """Return a cell that leads from the notebook of a step to the next."""
    names_, name = names(), os.path.basename(folder)
    after = names_[names_.index(name) + 1 :] if name in names_ else []
    return [Cell("markdown", f"→ [{after[0]}]({after[0]}.ipynb)")] if after else []


def _merged(found):
    """Yield cells, with neighbours of text as one, unless the second begins a section."""
    waiting = None
    for cell in found:
        joins = waiting and waiting.kind == cell.kind == "markdown" and cell.text[0] != "#"
        if joins:
            waiting = Cell("markdown", f"{waiting.text}\n\n{cell.text}")
            continue
        if waiting:
            yield waiting
        waiting = cell
    yield waiting


def _markdown(text, folder):
    """Return a cell of text, or none; the links lead from the notebook's folder."""
    text = _CODE.sub(_named, text.strip())
    text = _LINK.sub(lambda found: found[1] + _moved(found[2], folder) + found[3], text)
    return [Cell("markdown", text)] if text else []


def _moved(link, folder):
    """Return a link of a lesson as it is from the folder of the notebooks."""
    target = os.path.normpath(os.path.join(folder, link))
    for name in names():
        if target == lesson(name):
            return f"{name}.ipynb"
    return os.path.relpath(target, f"{ROOT}/notebooks")


def _typed(body):
    """Yield the cells for what is typed in a console block."""
    block = read_console(body)
    if block.prompt == "labhost#":
        yield Cell("code", "\n".join(["%%lab", *block.commands]))
        return
    for command in block.commands:
        yield Cell("code", magic(command) or f"%%host\n{command}")


def _ours(body):
    """Yield the cells of what is for the notebook alone."""
    for paragraph in body.strip().split("\n\n"):
        exercise = _EXERCISE.fullmatch(paragraph)
        if exercise:
            yield Cell("markdown", HERE.format(course.STEPS[int(exercise[1]) - 1]))
            starter = course.starter(course.read_source(), int(exercise[1]))
            yield Cell("code", f"{paragraph}\n{starter.rstrip()}")
        else:
            yield Cell("code" if paragraph.startswith("%") else "markdown", paragraph)


def magic(command: str) -> "str | None":
    """Return what is typed in a notebook for a command of make; None if there is no such thing."""
    found = _MAKE.fullmatch(command)
    if not found or found[1] not in MAGICS:
        return None
    name, typed = MAGICS[found[1]], _unquoted(found[4])
    if name == "%%lab":
        return f"%%lab\n{typed}" if typed else "%%lab"
    program = f"--program {found[3]}" if found[3] else ""
    return " ".join(filter(None, [name, found[2], program, typed]))


def _named(found):
    """Return a command in a sentence as a notebook names it."""
    command = found[1]
    return f"`{command if command == BY_HAND else magic(command) or command}`"


def _unquoted(text):
    """Return what a shell makes of a quoted word."""
    if text and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].replace('\\"', '"') if text[0] == '"' else text[1:-1]
    return text or ""


def in_notebook(text: str) -> str:
    """Return what is said at a terminal as a notebook says it: magics and notebooks."""
    if text.startswith("make lab, then: "):
        return text.replace("make lab, then: ", "%%lab\n", 1)
    text = _CODE.sub(_named, text)
    text = _STEP.sub(lambda found: magic(found[0]) or found[0], text)
    text = _LESSON.sub(r"\1.ipynb", text)
    return magic(text) or text.replace("../steps/", "steps/")

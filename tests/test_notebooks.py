"""The notebooks are their lessons: nothing in them is written twice, and nothing is stale."""

import json
import os
import re

import nbformat
import pytest

from lab import ROOT, course, notebook
from lab.commands.notebooks import build

NAMES = notebook.names()
MEND = "make notebooks"


def committed(name):
    """Return the text of a notebook as it is in the checkout."""
    with open(notebook.path(name)) as file:
        return file.read()


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_what_its_lesson_makes_it(name):
    """A notebook that is committed says what its lesson says now, byte by byte."""
    assert committed(name) == build(name), f"{name}.ipynb is stale: {MEND}"


def test_there_are_no_other_notebooks():
    """Each notebook has its lesson."""
    found = {file for file in os.listdir(f"{ROOT}/notebooks") if file.endswith(".ipynb")}
    assert found == {f"{name}.ipynb" for name in NAMES}, MEND


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_valid_and_nobody_has_run_it(name):
    """A notebook has no outputs, no counts, given ids, and no version of any Python."""
    read = json.loads(committed(name))
    nbformat.validate(read)
    code = [cell for cell in read["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    ids = [cell["id"] for cell in read["cells"]]
    assert len(set(ids)) == len(ids)
    assert set(read["metadata"]) == {"kernelspec", "language_info"}
    assert read["metadata"]["language_info"] == {"name": "python"}


@pytest.mark.parametrize("name", course.STEPS)
def test_notebook_of_a_step_has_what_it_takes(name):
    """Each step's notebook has the starter to edit, the check, and the pictures."""
    cells, step = notebook.read(name), int(name[:2])
    code = [cell.text for cell in cells if cell.kind == "code"]
    starter = course.starter(course.read_source(), step).rstrip()
    assert code[0] == notebook.SETUP
    assert f"%%exercise {step}\n{starter}" in code
    for magic in ("%check", "%xray", "%namespaces"):
        assert f"{magic} {step}" in code
    assert code.index(f"%%exercise {step}\n{starter}") < code.index(f"%check {step}")


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_a_wall(name):
    """A cell of text has one heading, and no more than a screen of words."""
    for cell in notebook.read(name):
        if cell.kind == "markdown":
            assert len(re.findall(r"^#+ ", cell.text, re.M)) <= 1, cell.text
            assert len(cell.text.split()) <= 400, cell.text


@pytest.mark.parametrize("name", NAMES)
def test_links_of_a_notebook_lead_somewhere(name):
    """What a notebook links to is there, seen from its own folder."""
    for cell in notebook.read(name):
        for link in re.findall(r"\]\(([^)]+)\)", cell.text) if cell.kind == "markdown" else []:
            target = link.partition("#")[0]
            assert "://" in link or os.path.exists(f"{ROOT}/notebooks/{target}"), link


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_directions_is_left(name):
    """No reader of a notebook sees a comment that was for its builder."""
    assert not any("<!--" in cell.text or "-->" in cell.text for cell in notebook.read(name))


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("make check-step 3", "%check 3"),
        ("make hint 1", "%hint 1"),
        ("make reset 2", "%reset_step 2"),
        ("make run-step 1 CMD=hostname", "%run_step 1 hostname"),
        ('make run-step 1 CMD="ps ax"', "%run_step 1 ps ax"),
        ("""make run-step 2 CMD='sh -c "echo $$"'""", '%run_step 2 sh -c "echo $$"'),
        ('make run-step 2 CMD="say \\"a\\""', '%run_step 2 say "a"'),
        ("make xray 1 PROGRAM=a.py CMD=ls", "%xray 1 --program a.py ls"),
        ("make memory-curve 4", "%memory_curve 4"),
        ('make lab CMD="hostname oops; hostname"', "%%lab\nhostname oops; hostname"),
        ("make watch 1", None),
        ("make", None),
        ("hostname", None),
    ],
)  # fmt: skip
def test_command_of_make_is_a_magic(command, typed):
    """What a lesson types at a terminal has its like in a notebook, or stays what it is."""
    assert notebook.magic(command) == typed


def test_what_is_typed_elsewhere_stays_as_it_is():
    """A command for the virtual machine is no command for the notebook."""
    said = 'in the virtual machine: make vm CMD="make check-step 4"'
    assert notebook.in_notebook(said) == said
    assert notebook.in_notebook("once this passes: make check-step 4").endswith("%check 4")


def cells(text):
    """Return the cells of a lesson of a few lines, without the ones that every notebook has."""
    found = notebook.cells(f"# Title\n\n## S\n\n{text}", f"{ROOT}/steps")
    return [cell.text for cell in found if cell.text != notebook.SETUP][1:]


def test_console_blocks_become_cells():
    """Lines for a lab host are one cell, and lines for the machine one each; outputs go."""
    lesson = "So:\n\n```console\nlabhost# a \\\n  b\nout\nlabhost# c\n```\n\nAnd\n\n"
    lesson += "```console\n$ make check-step 1\nstep 1 ...\n$ ls\nx\n```\n"
    code = [text for text in cells(lesson) if text[0] == "%"]
    assert code == ["%%lab\na \\\n  b\nc", "%check 1", "%%host\nls"]


def test_text_for_one_of_both_is_not_in_the_other():
    """What is for a terminal is not in a notebook; what is in a comment is, as text and cells."""
    lesson = (
        "One.\n\n<!-- terminal -->\nTwo.\n<!-- end -->\n<!-- notebook\nThree.\n\n%check 1\n-->\n"
    )
    assert "Two" not in " ".join(cells(lesson))
    assert cells(lesson)[-2:] == ["## S\n\nOne.\n\nThree.", "%check 1"]


def test_code_that_is_only_shown_stays_text():
    """A block of Python in a lesson is to be read, and runs nowhere."""
    lesson = "```python\n# a comment, and no heading\nos.fork()\n```\n"
    assert cells(lesson) == [f"## S\n\n{lesson.strip()}"]

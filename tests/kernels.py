"""Notebooks that the tests execute: in a copy of the checkout, each with a kernel of its own."""

import json
import os
import subprocess
import sys

from running import ENVIRONMENT, PATIENCE

from lab import course, notebook

SETUP = notebook.SETUP
EXECUTE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "execute.py")


def environment(copy) -> dict:
    """Return the environment of a kernel that finds the copy's `lab`, and nothing of ours."""
    kept = {name: value for name, value in ENVIRONMENT.items() if "JUPYTER" not in name}
    return {**kept, "PYTHONPATH": str(copy), "IPYTHONDIR": f"{copy}/.ipython"}


def execute(copy, *sources) -> list:
    """Run cells in the folder of the notebooks; return the outputs of each."""
    return [outputs for _, outputs in execute_cells(copy, [("code", s) for s in sources])]


def execute_cells(copy, cells) -> list:
    """Run cells, (kind, text) each; return (text, outputs) of those that are code."""
    made = [_cell(number, *cell) for number, cell in enumerate(cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}}
    done = subprocess.run(
        [sys.executable, "-B", EXECUTE, f"{copy}/notebooks"],
        input=json.dumps({**about, "cells": made}),
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        env=environment(copy),
    )
    assert done.returncode == 0, done.stderr
    after = json.loads(done.stdout)["cells"]
    return [("".join(c["source"]), c["outputs"]) for c in after if c["cell_type"] == "code"]


def _cell(number, kind, text):
    """Return a cell as a notebook has it."""
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": f"c{number}", "metadata": {}, "source": text, **more}


def cells_of(name, solved=False) -> list:
    """Return the cells of a notebook; solved, the solution is in its exercise cell."""
    found, step = [], int(name[:2])
    for cell in notebook.read(name):
        is_exercise = cell.text.startswith(f"%%exercise {step}")
        if solved and is_exercise:
            solution = course.solution(course.read_source(), step)
            cell = notebook.Cell("code", f"%%exercise {step}\n{solution}")
        found.append(tuple(cell))
    return found


def text(outputs) -> str:
    """Return what is to be read of outputs, the last of those that replace each other."""
    said = [o["text"] if "text" in o else o.get("data", {}).get("text/plain", "") for o in outputs]
    return "".join("".join(part) for part in said)


def errors(outputs) -> list:
    """Return what was raised, in words."""
    return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]


def html(outputs) -> str:
    """Return what is to be seen of outputs."""
    return "".join("".join(o.get("data", {}).get("text/html", "")) for o in outputs)

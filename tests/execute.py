"""Execute a notebook as a program: execute.py FOLDER < NOTEBOOK > THE SAME WITH OUTPUTS.

A cell that raises is no end: what it raised is among its outputs.
"""

import sys

import nbformat
from nbclient import NotebookClient

PATIENCE = 120  # seconds for a cell

if __name__ == "__main__":
    notebook = nbformat.read(sys.stdin, as_version=4)
    where = {"metadata": {"path": sys.argv[1]}}
    how = {"allow_errors": True, "shutdown_kernel": "immediate"}
    NotebookClient(notebook, timeout=PATIENCE, resources=where, **how).execute()
    nbformat.write(notebook, sys.stdout)

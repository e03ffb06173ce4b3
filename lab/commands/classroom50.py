"""`make classroom50`: the folder of an autograder for Classroom 50, classroom50/."""

from lab import ROOT, files
from lab.commands import _package

FOLDER = f"{ROOT}/classroom50"
SCRIPT = "autograder.py"
SAID = """\
classroom50/ is made, for the steps {steps}: {points} points.  Put all of it into the repository
classroom50 of your organization, as CLASSROOM/autograders/ASSIGNMENT/, and push.
docs/grading.md has the rest.
"""


def main(words):
    """Make it, for [STEPS]; what is in it from before is overwritten."""
    return _package.make(words, _write, SAID)


def _write(steps):
    """Write the files of the folder."""
    parts = {
        SCRIPT: _package.script(f"classroom/classroom50/{SCRIPT}"),
        _package.STEPS: _package.steps(steps),
        _package.WORKSHOP: _package.workshop(),
    }
    for name, content in parts.items():
        files.write(f"{FOLDER}/{name}", content)

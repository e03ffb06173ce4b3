"""`make gradescope`: one file to be uploaded as the autograder of a Gradescope assignment."""

import json
import zipfile

from lab import ROOT, files
from lab.commands import _package
from lab.grade import gradescope, single

PATH = f"{ROOT}/gradescope.zip"
SCRIPTS = ("setup.sh", "run_autograder")
BROKE = "the autograder ended without a word"
SAID = """\
gradescope.zip is packed, for the steps {steps}: {points} points.
In the assignment on Gradescope: Configure Autograder, Ubuntu 22.04 or newer, and upload it.
What it needs there, and what people hand in: docs/grading.md
"""


def main(words):
    """Pack it, for [STEPS]."""
    return _package.make(words, _write, SAID)


def _parts(steps):
    """Yield the files of the package: (name, content)."""
    for name in SCRIPTS:
        yield name, _package.script(f"classroom/gradescope/{name}")
    broken = gradescope.document(single.without_verdict(steps, BROKE))
    yield "broken.json", json.dumps(broken, indent=1).encode()
    yield _package.STEPS, _package.steps(steps)
    yield _package.WORKSHOP, _package.workshop()


def _write(steps):
    """Write a zip in which nothing depends on the day; its scripts can be executed."""
    parts = list(_parts(steps))
    with zipfile.ZipFile(PATH, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts:
            member = zipfile.ZipInfo(name)
            member.create_system = 3  # Unix: the mode counts
            member.external_attr = (0o100755 if name in SCRIPTS else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, content)
    files.own(PATH)

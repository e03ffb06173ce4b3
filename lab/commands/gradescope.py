"""`make gradescope`: one file to be uploaded as the autograder of a Gradescope assignment."""

import json
import sys
import zipfile

from lab import ROOT, checks, files
from lab.commands import CANNOT, USAGE, _package, bundle
from lab.commands.grade import read_steps
from lab.grade import gradescope, single

NAME = "gradescope.zip"
SCRIPTS = ("setup.sh", "run_autograder")
BROKE = "the autograder ended without a word"
SAID = """\
{name} is packed, for the steps {steps}: {points} points.
In the assignment on Gradescope: Configure Autograder, Ubuntu 22.04 or newer, and upload it.
What it needs there, and what people hand in: docs/grading.md
"""


def main(words):
    """Pack it, for [STEPS]."""
    try:
        steps = read_steps("".join(words))
        parts = dict(_parts(steps))
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    except bundle.CannotPackError as error:
        print(error, file=sys.stderr)
        return CANNOT
    _zip(f"{ROOT}/{NAME}", parts)
    files.own(f"{ROOT}/{NAME}")
    points = sum(len(checks.of_step(step)) for step in steps)
    print(SAID.format(name=NAME, steps=f"{steps[0]}-{steps[-1]}", points=points), end="")
    return 0


def _parts(steps):
    """Yield the files of the package: (name, content)."""
    for name in SCRIPTS:
        yield name, _package.script(f"classroom/gradescope/{name}")
    broken = gradescope.document(single.without_verdict(steps, BROKE))
    yield "broken.json", json.dumps(broken, indent=1).encode()
    yield _package.STEPS, _package.steps(steps)
    yield _package.WORKSHOP, _package.workshop()


def _zip(path, parts):
    """Write a zip in which nothing depends on the day; its scripts can be executed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            member = zipfile.ZipInfo(name)
            member.create_system = 3  # Unix: the mode counts
            member.external_attr = (0o100755 if name in SCRIPTS else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, content)

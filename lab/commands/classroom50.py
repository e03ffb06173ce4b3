"""`make classroom50`: the folder of an autograder for Classroom 50, classroom50/."""

import os
import sys

from lab import ROOT, files
from lab.commands import CANNOT, USAGE, _package, bundle
from lab.commands.grade import read_steps

NAME = "classroom50"
SCRIPT = "autograder.py"
SAID = """\
{name}/ is made, for the steps {steps}.  Put all of it into the repository classroom50 of your
organization, as CLASSROOM/autograders/ASSIGNMENT/, and push.  docs/grading.md has the rest.
"""


def main(words):
    """Make it, for [STEPS]; what is in it from before is overwritten."""
    try:
        steps = read_steps("".join(words))
        parts = {
            SCRIPT: _package.script(f"classroom/classroom50/{SCRIPT}"),
            _package.STEPS: _package.steps(steps),
            _package.WORKSHOP: _package.workshop(),
        }
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    except bundle.CannotPackError as error:
        print(error, file=sys.stderr)
        return CANNOT
    for name, content in parts.items():
        files.write(os.path.join(ROOT, NAME, name), content)
    print(SAID.format(name=NAME, steps=parts[_package.STEPS].decode().strip()), end="")
    return 0

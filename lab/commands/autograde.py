"""`lab autograde KIND SUBMISSION RESULTS [STEPS]`: one submission, where an autograder runs.

classroom/gradescope/run_autograder and classroom/classroom50/autograder.py call it.
"""

import json
import os
import sys

from lab import files
from lab.commands import CANNOT, USAGE
from lab.commands.grade import read_steps
from lab.grade import classroom50, gradescope, single

USE = "lab autograde gradescope|classroom50 SUBMISSION RESULTS [STEPS]"


def main(words):
    """Judge the submission, and write the results as the kind of autograder asks for them."""
    try:
        kind, submission, path, *steps = words
        document = KINDS[kind]
        steps = read_steps("".join(steps))
    except (ValueError, KeyError) as error:
        print(f"{error}\n{USE}", file=sys.stderr)
        return USAGE
    try:
        told = document(submission, steps)
    except classroom50.NoGrade as error:
        print(f"no grade: {error}", file=sys.stderr)
        return CANNOT
    files.write(path, json.dumps(told, indent=1) + "\n")
    return 0


def _gradescope(submission, steps):
    """Return the document for Gradescope."""
    return gradescope.document(single.judged(submission, steps))


def _classroom50(submission, steps):
    """Return the document for Classroom 50; what is missing of its facts is known at once."""
    facts = classroom50.facts(os.environ, submission)
    return classroom50.document(single.judged(submission, steps), facts)


KINDS = {"gradescope": _gradescope, "classroom50": _classroom50}

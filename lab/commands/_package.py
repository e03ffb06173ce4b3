"""What an autograder's package is made of: the workshop as git has it, and what calls it."""

import gzip
import sys
import tempfile

from lab import checks
from lab.commands import CANNOT, USAGE, bundle
from lab.commands.grade import read_steps

WORKSHOP, STEPS = "workshop.tar.gz", "steps"


def make(words, write, said: str) -> int:
    """Have `write` make the package for the steps that the words name; return the exit status.

    It takes the steps, and writes; `said` is what people read then.
    """
    try:
        numbers = read_steps("".join(words))
        write(numbers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    except bundle.CannotPackError as error:
        print(error, file=sys.stderr)
        return CANNOT
    points = sum(len(checks.of_step(step)) for step in numbers)
    print(said.format(steps=f"{numbers[0]}-{numbers[-1]}", points=points), end="")
    return 0


def workshop() -> bytes:
    """Return what git has of the last commit, packed; of one commit always the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        bundle.archive_commit(f"{folder}/workshop.tar")
        with open(f"{folder}/workshop.tar", "rb") as file:
            return gzip.compress(file.read(), mtime=0)


def script(path: str) -> bytes:
    """Return a file of the last commit."""
    return bundle.git("show", f"HEAD:{path}").encode()


def steps(numbers: range) -> bytes:
    """Return which steps are judged, as a word for `lab autograde`."""
    return f"{numbers[0]}-{numbers[-1]}\n".encode()

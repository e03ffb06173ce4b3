"""One module for each command: main(words) returns the exit status.

0 all is well; 1 something fails; 2 wrong usage; 3 it cannot be done on this machine;
4 an error of the workshop itself.
"""

import sys

from lab import course

FAIL, USAGE, CANNOT, ERROR = 1, 2, 3, 4
NO_LAB_HOST = "there can be no lab host here: "


def no_lab_host(error) -> int:
    """Say why a command that needs a lab host has none, and return its exit status."""
    print(f"{NO_LAB_HOST}{error}\nsee: make doctor", file=sys.stderr)
    return CANNOT


def step_number(words, verb):
    """Return the number of a step from the words of a command; exit with a line if wrong."""
    text = words[0] if words else ""
    if len(words) == 1 and text.isdecimal() and 1 <= int(text) <= len(course.STEPS):
        return int(text)
    steps = " ".join(str(number + 1) for number in range(len(course.STEPS)))
    what = f"there is no step {' '.join(words)!r}" if words else "which step?"
    print(f"{what}; steps are {steps}, for example: make {verb} 1", file=sys.stderr)
    sys.exit(USAGE)

"""What a check says: it passes, or raises one of these."""

import os
import re

# The verdicts of lab-result/v1, and the mark that each has on a terminal.
MARKS = {
    "pass": "✓",
    "fail": "✗",
    "blocked": "·",
    "timeout": "✗",
    "cannot_check": "?",
    "checker_error": "!",
}


LONGEST = 300  # characters of a line that a program printed
MOST = 3  # things of a list
FRAME = re.compile(r' *File "(.*)", line (\d+)(?:, in (.*))?')


class CheckFailed(AssertionError):
    """The program does not do what the check asks for."""

    verdict = "fail"

    def __init__(self, expected, observed, suspects=(), evidence=()):
        super().__init__(expected, observed, suspects, evidence)  # so that it can be pickled
        self.expected, self.observed = expected, observed
        self.suspects, self.evidence = suspects, list(evidence)

    def __str__(self):
        return f"expected {self.expected}; observed {self.observed}"


class TookTooLong(CheckFailed):
    """The program did not come to an end, or to an answer, in time."""

    verdict = "timeout"


class CannotCheck(Exception):
    """This machine cannot show what the check asks for; the way out says what could."""

    def __init__(self, reason, way_out):
        super().__init__(f"{reason}: {way_out}")
        self.reason, self.way_out = reason, way_out


def check(condition, expected: str, observed, *suspects, evidence=()) -> None:
    """Raise CheckFailed unless `condition` holds.

    `suspects` are the ids of mistakes that may be behind it, the most particular first;
    lab.causes finds out which of them the facts support.
    """
    if not condition:
        raise CheckFailed(expected, str(observed), suspects, evidence)


def check_ended(run, expected: str) -> None:
    """Raise TookTooLong if a run of the program had to be stopped."""
    if run.status is None:
        words = " ".join(["container.py", *run.arguments[:2]])
        raise TookTooLong(expected, f"{words} had not ended, and was stopped", ["never-ends"])


def check_second(session) -> None:
    """Raise CheckFailed unless the second run of the program came as far as COMMAND."""
    check(
        session.view,
        "a second container beside the first",
        f"exit status {session.status}; {last_line(session.errors)}",
        "group-shared",
        "rootfs-required",
        "second-fails",
    )


def after(*names):
    """Say which checks must pass first; none for a check that stands by itself."""

    def mark(function):
        function.after = names
        return function

    return mark


def listed(things) -> str:
    """Return a list in words, not all of it if it is long."""
    shown, more = list(things)[:MOST], len(things) - MOST
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def last_line(text: str) -> str:
    """Return the last line of what a program printed, the gist of a traceback."""
    lines = [line for line in text.splitlines() if line.strip()][-1:]
    return "".join(map(_shown, lines))


def own_lines(text: str, program: str) -> str:
    """Return what a program wrote to stderr, of a traceback only what is the learner's.

    Of each frame in the program itself there is the line; then comes the error.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    frames, last = [], 0
    for number, line in enumerate(lines):
        frame = FRAME.match(line)
        if frame:
            last = number + 1
        if frame and frame[1] == program:
            source = "".join(lines[number + 1 : number + 2])
            # After chroot(2) there is no file to read, and no line of it here.
            if FRAME.match(source) or source[:4].strip():
                source = f"in {frame[3]}"
            frames.append(f"{os.path.basename(program)}:{frame[2]}  {source.strip()}")
    rest = lines[last:] if frames else lines
    error = [line for line in rest if not line.startswith((" ", "Traceback"))]
    return "\n".join(map(_shown, [*frames[-3:], *error[-4:]]))


def _shown(line):
    """Return a line that a program printed, fit for a terminal."""
    return "".join(letter for letter in line if letter.isprintable())[:LONGEST]

"""What a check says: it passes, or raises one of these."""

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


class CheckFailed(AssertionError):
    """The program does not do what the check asks for."""

    verdict = "fail"

    def __init__(self, expected, observed, cause=None, evidence=()):
        super().__init__(f"expected {expected}; observed {observed}; cause {cause}")
        self.expected, self.observed, self.cause = expected, observed, cause
        self.evidence = list(evidence)


class TookTooLong(CheckFailed):
    """The program did not come to an end, or to an answer, in time."""

    verdict = "timeout"


class CannotCheck(Exception):
    """This machine cannot show what the check asks for; the way out says what could."""

    def __init__(self, reason, way_out):
        super().__init__(f"{reason}: {way_out}")
        self.reason, self.way_out = reason, way_out


def check(condition, expected: str, observed, cause=None, evidence=()) -> None:
    """Raise CheckFailed unless `condition` holds.

    `cause` is the id of the mistake that the facts point to, from lab.causes.
    """
    if not condition:
        raise CheckFailed(expected, str(observed), cause, evidence)


def check_ended(run, expected: str) -> None:
    """Raise TookTooLong if a run of the program had to be stopped."""
    if run.status is None:
        words = " ".join(["container.py", *run.arguments])
        raise TookTooLong(expected, f"{words} had not ended and was stopped", "never-ends")


def after(name):
    """Say which check must pass first; None for a check that stands by itself."""

    def mark(function):
        function.after = name
        return function

    return mark


def last_lines(text: str, count: int = 1) -> str:
    """Return the last lines of what a program printed, the gist of a traceback."""
    lines = [line for line in text.splitlines() if line.strip()][-count:]
    shown = ("".join(letter for letter in line if letter.isprintable()) for line in lines)
    return "\n".join(line[:LONGEST] for line in shown)

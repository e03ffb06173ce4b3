"""A person in short: the points, the verdict of each check, and how the program of each step is."""

from typing import NamedTuple

from lab import progress
from lab.grade import told

PASS, FAIL = "pass", "fail"
NOT_HANDED_IN, NOT_JUDGED = "not handed in", "not judged"


class Summary(NamedTuple):
    """What is kept of one person; of a class in full there may be too much to keep."""

    person: str
    points: int
    max_points: int
    verdicts: dict  # by the check
    steps: dict  # an Outcome by the step whose program it is of

    @property
    def steps_done(self) -> int:
        """How many programs pass as a whole."""
        return sum(outcome.word == PASS for outcome in self.steps.values())


class Outcome(NamedTuple):
    """How one program is as a whole: it passes only if every check of its step and before does."""

    word: str  # "pass", "fail", "cannot check", "checker error", "not handed in", "not judged"
    why: "str | None"  # the cause of a failure, or why it was not judged


def of(person: str, results: list) -> Summary:
    """Return what there is to say in short of a person; `results` are all of theirs."""
    checks = told.once(results)
    points, most = (sum(result[key] for result in checks) for key in ("points", "max_points"))
    verdicts = {r["check"]: r["verdict"] for r in checks if not told.is_unread(r)}
    steps = {step: Outcome(_word(own), _why(own)) for step, own in told.by_program(results).items()}
    return Summary(person, points, most, verdicts, steps)


def _word(results):
    """Return how a program is as a whole; `results` are all of it."""
    verdicts = {result["verdict"] for result in results}
    if told.is_unread(results[0]):
        return NOT_HANDED_IN if told.is_missing(results[0]) else NOT_JUDGED
    if verdicts & set(progress.FAILED):
        return FAIL
    unknown = [verdict for verdict in told.NO_VERDICTS if verdict in verdicts]
    return unknown[0].replace("_", " ") if unknown else PASS


def _why(results):
    """Return the first cause that was found, of the step's own checks if there is one."""
    if told.is_unread(results[0]):
        return results[0]["observed"]
    own_first = sorted(results, key=lambda result: result["step"] != told.of_step(result))
    return next((result["cause"] for result in own_first if result["cause"]), None)

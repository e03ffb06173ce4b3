"""Results, written for the person who wrote the program."""

import os
import sys
import textwrap

from lab import course, difference, lesson, mistakes
from lab.verdict import MARKS

WIDTH = 88
SHOWN_OF_OLDER = ("fail", "timeout", "checker_error")
COLOURS = {"✓": "32", "✗": "31", "?": "33", "!": "35", "·": "2"}
PLAIN = {"✓": "ok", "✗": "no", "·": "-"}


def write_report(results: list, stream=None, notes=None) -> None:
    """Write results to a stream: the newest step in full, of the others what fails."""
    stream = stream or sys.stdout
    newest = sorted(results, key=lambda result: -result["step"])
    print(*lines(newest, stream, notes=notes), sep="\n", file=stream)


def lines(results: list, stream, width: int = WIDTH, notes=None):
    """Yield the lines of a report for a stream: the steps in the order of the results.

    `notes` are what else there is to say of a check that does not pass, by its id.
    """
    steps = list(dict.fromkeys(result["step"] for result in results))
    judged, page = max(steps), _Page(stream, min(width, WIDTH), notes or {})
    for step in steps:
        yield from page.step(step, [r for r in results if r["step"] == step], judged)
    yield ""
    if all(result["verdict"] == "pass" for result in results):
        yield from page.passed(judged, results[0]["submission_hash"])
    yield _next(results, judged)


class _Page:
    """How results are written: in which colours, how wide, and with which notes."""

    def __init__(self, stream, width, notes):
        self._paint, self._width, self._notes = _painter(stream), width, notes
        self._mistakes = mistakes.read()

    def step(self, step, results, judged):
        """Yield the lines of one step: how many pass, and each that is shown."""
        in_full = step == judged
        name = f"step {step} · {course.title(step)}"
        count = f"{sum(r['verdict'] == 'pass' for r in results)} of {len(results)} checks pass"
        if all(result["verdict"] == "cannot_check" for result in results):
            count = "cannot be checked here"
        yield self._paint.bold(f"{name}{count:>{max(len(count) + 2, self._width - len(name))}}")
        shown = results if in_full else [r for r in results if r["verdict"] in SHOWN_OF_OLDER]
        for result in shown:
            mark = self._paint.mark(MARKS[result["verdict"]])
            first, *rest = textwrap.wrap(result["title"], self._width - 2) or [""]
            yield from (f"{mark} {first}", *(f"  {line}" for line in rest))
            yield from self._details(result, judged)
        if any(result["verdict"] == "blocked" for result in shown):
            yield f"    ({self._paint.mark('·')} waits for another check to pass)"
        if any(result["verdict"] == "cannot_check" for result in shown):
            yield from self._cannot(shown)

    def passed(self, step, submission):
        """Yield what there is to say when all is well: what was seen, and what comes next."""
        seen, question = lesson.ending(step)
        yield from self._field("seen", seen)
        differs = difference.summary(step, submission)
        if differs:
            yield from self._field("solution", differs)
        yield from self._field("question", question)

    def _details(self, result, step):
        """Yield what a learner of `step` needs to go on, under a check that does not pass."""
        if result["verdict"] in ("fail", "timeout"):
            yield from self._field("expected", result["expected"])
            yield from self._field("observed", result["observed"])
            mistake = self._mistakes.get(result["cause"])
            likely = f"{mistake.sentence}  [{result['cause']}]" if mistake else "cause unknown"
            yield from self._field("likely", likely)
            if result.get("see"):
                yield from self._field("see", result.get("see"))
            for text in filter(None, result["evidence"]):
                yield from (f"    {'':10} | {line}" for line in text.splitlines())
            if result["check"] in self._notes:
                yield from self._field("before", self._notes[result["check"]])
            yield from self._field("next", f"make hint {step}")
            if mistake:
                prove = mistake.proof(step)
                where = "" if prove.startswith("make") else "make lab, then: "
                yield f"    {'prove it':10} {where}{prove}"
        elif result["verdict"] == "checker_error":
            yield from self._field(
                "error", f"in the checker, not in your program: {result['observed']}"
            )

    def _cannot(self, results):
        """Yield why checks of a step cannot be made here, once for all."""
        result = next(r for r in results if r["verdict"] == "cannot_check")
        yield from self._field("cannot check here", result["observed"])
        yield from self._field("way out", result["expected"])

    def _field(self, name, text):
        """Yield a named field, wrapped under itself."""
        indent = " " * 15
        room = max(20, self._width - len(indent))
        wrapped = textwrap.wrap(str(text), room, break_on_hyphens=False) or [""]
        yield f"    {name:10} {wrapped[0]}" if len(name) < 11 else f"    {name}  {wrapped[0]}"
        yield from (indent + line for line in wrapped[1:])


def _next(results, step):
    """Return the last line: what to do now."""
    verdicts = {result["verdict"] for result in results}
    if "checker_error" in verdicts:
        return "The checker failed.  Please report it with the lines above."
    if verdicts & {"fail", "timeout", "blocked"}:
        path = os.path.relpath(course.starter_path(step))
        return f"Step {step} is not done yet.  Mend what fails first in {path}, and check again."
    if "cannot_check" in verdicts:
        return "Not everything can be checked on this machine; see: make doctor"
    if step == len(course.STEPS):
        return "All five steps pass: you have built a container.  Read on in docs/beyond.md"
    return f"Step {step} is done.  Next: steps/{course.STEPS[step]}/README.md"


def _painter(stream):
    """Return the painter that fits a stream: colours for a terminal that wants them."""
    colours = stream.isatty() and "NO_COLOR" not in os.environ
    unicode = (stream.encoding or "").lower().startswith("utf")
    return _Painter(colours, unicode)


class _Painter:
    """Marks and bold text, as the stream can show them."""

    def __init__(self, colours, unicode):
        self._colours, self._unicode = colours, unicode

    def bold(self, text):
        """Return text that stands out."""
        return f"\033[1m{text}\033[0m" if self._colours else text

    def mark(self, mark):
        """Return a mark, coloured, or in ASCII."""
        shown = mark if self._unicode else PLAIN.get(mark, mark)
        return f"\033[{COLOURS[mark]}m{shown}\033[0m" if self._colours else shown

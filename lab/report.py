"""Results, written for the person who wrote the program."""

import os
import sys
import textwrap

from lab import course, difference, lesson, mistakes, progress
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


def lines(results: list, stream, width: int = WIDTH, notes=None, say=str):
    """Yield the lines of a report for a stream: the steps in the order of the results.

    `notes` are what else there is to say of a check that does not pass, by its id; `say` puts
    a text in the words of another place than a terminal.
    """
    steps = list(dict.fromkeys(result["step"] for result in results))
    judged, page = max(steps), _Page(stream, min(width, WIDTH), notes or {}, say)
    for step in steps:
        yield from page.step(step, [r for r in results if r["step"] == step], judged)
    yield ""
    for field in ending(results, judged):
        yield from page.field(*field)
    yield say(advice(results, judged))


def details(result: dict, step: int, note: str = ""):
    """Yield what a learner of `step` needs to go on, for a check that does not pass: (name, text).

    A field without a name is evidence: lines to be shown as they are.
    """
    if result["verdict"] in ("fail", "timeout"):
        mistake = mistakes.read().get(result["cause"])
        yield "expected", result["expected"]
        yield "observed", result["observed"]
        likely = f"{mistake.sentence}  [{result['cause']}]" if mistake else "cause unknown"
        yield "likely", likely
        if result.get("see"):
            yield "see", result["see"]
        yield from (("", text) for text in result["evidence"] if text)
        if note:
            yield "before", note
        yield "next", f"make hint {step}"
        if mistake:
            prove = mistake.proof(step)
            yield "prove it", prove if prove.startswith("make") else f"make lab, then: {prove}"
    elif result["verdict"] == "checker_error":
        yield "error", f"in the checker, not in your program: {result['observed']}"


def how_many(results: list) -> str:
    """Say how many of some results are passes."""
    if all(result["verdict"] == "cannot_check" for result in results):
        return "cannot be checked here"
    return f"{progress.count_passed(results)} of {len(results)} checks pass"


def ending(results: list, step: int):
    """Yield what there is to say when all is well: what was seen, and what comes next."""
    if any(result["verdict"] != "pass" for result in results):
        return
    seen, question = lesson.ending(step)
    yield "seen", seen
    differs = difference.summary(step, results[0]["submission_hash"])
    if differs:
        yield "solution", differs
    yield "question", question


class _Page:
    """How results are written: in which colours and words, how wide, and with which notes."""

    def __init__(self, stream, width, notes, say):
        self._paint, self._width, self._notes = _painter(stream), width, notes
        self._say = say

    def step(self, step, results, judged):
        """Yield the lines of one step: how many pass, and each that is shown."""
        in_full = step == judged
        name = f"step {step} · {course.title(step)}"
        count = how_many(results)
        yield self._paint.bold(f"{name}{count:>{max(len(count) + 2, self._width - len(name))}}")
        shown = results if in_full else [r for r in results if r["verdict"] in SHOWN_OF_OLDER]
        for result in shown:
            mark = self._paint.mark(MARKS[result["verdict"]])
            first, *rest = textwrap.wrap(result["title"], self._width - 2) or [""]
            yield from (f"{mark} {first}", *(f"  {line}" for line in rest))
            for name, text in details(result, judged, self._notes.get(result["check"])):
                yield from self.field(name, text) if name else self._evidence(text)
        if any(result["verdict"] == "blocked" for result in shown):
            yield f"    ({self._paint.mark('·')} waits for another check to pass)"
        if any(result["verdict"] == "cannot_check" for result in shown):
            yield from self._cannot(shown)

    def _evidence(self, text):
        """Yield lines as they were printed."""
        yield from (f"    {'':10} | {line}" for line in text.splitlines())

    def _cannot(self, results):
        """Yield why checks of a step cannot be made here, once for all."""
        result = next(r for r in results if r["verdict"] == "cannot_check")
        yield from self.field("cannot check here", result["observed"])
        yield from self.field("way out", result["expected"])

    def field(self, name, text):
        """Yield a named field, wrapped under itself; what is to be typed stays in one line."""
        text = self._say(str(text))
        indent = " " * 15
        room = max(20, self._width - len(indent))
        wrapped = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        if name == "prove it":
            wrapped = text.splitlines()
        yield f"    {name:10} {wrapped[0]}" if len(name) < 11 else f"    {name}  {wrapped[0]}"
        yield from (indent + line for line in wrapped[1:])


def advice(results: list, step: int) -> str:
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

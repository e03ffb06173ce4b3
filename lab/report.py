"""Results, written for the person who wrote the program."""

import os
import sys
import textwrap

from lab import course
from lab.causes import CAUSES
from lab.verdict import MARKS

WIDTH = 88
SHOWN_OF_OLDER = ("fail", "timeout", "checker_error")
COLOURS = {"✓": "32", "✗": "31", "?": "33", "!": "35", "·": "2"}
PLAIN = {"✓": "ok", "✗": "no", "·": "-"}


def write_report(results: list, stream=None) -> None:
    """Write results to a stream: the newest step in full, of the others what fails."""
    stream = stream or sys.stdout
    steps = sorted({result["step"] for result in results}, reverse=True)
    paint = _painter(stream)
    for step in steps:
        of_step = [result for result in results if result["step"] == step]
        for line in _step_lines(step, of_step, steps[0], paint):
            print(line, file=stream)
    print(file=stream)
    print(_next(results, steps[0]), file=stream)


def _step_lines(step, results, judged, paint):
    """Yield the lines of one step: how many pass, and each that is shown."""
    in_full = step == judged
    passed = sum(result["verdict"] == "pass" for result in results)
    name = f"step {step} · {course.title(step)}"
    count = f"{passed} of {len(results)} checks pass"
    if all(result["verdict"] == "cannot_check" for result in results):
        count = "cannot be checked here"
    yield paint.bold(f"{name}{count:>{WIDTH - len(name)}}")
    shown = results if in_full else [r for r in results if r["verdict"] in SHOWN_OF_OLDER]
    for result in shown:
        yield f"{paint.mark(MARKS[result['verdict']])} {result['title']}"
        yield from _details(result, judged)
    if any(result["verdict"] == "blocked" for result in shown):
        yield f"    ({paint.mark('·')} waits for a check above it to pass)"
    if any(result["verdict"] == "cannot_check" for result in shown):
        yield from _cannot(shown)


def _details(result, step):
    """Yield what a learner of `step` needs to go on, under a check that does not pass."""
    topic = course.STEPS[step - 1]
    if result["verdict"] in ("fail", "timeout"):
        yield from _field("expected", result["expected"])
        yield from _field("observed", result["observed"])
        cause = CAUSES.get(result["cause"])
        likely = f"{cause.sentence}  [{result['cause']}]" if cause else "cause unknown"
        yield from _field("likely", likely)
        for lines in filter(None, result["evidence"]):
            yield from (f"    {'':10} | {line}" for line in lines.splitlines())
        yield from _field("next", f"make hint {result['step']}")
        if cause:
            prove = cause.prove.format(step=step, topic=topic)
            where = "" if prove.startswith("make") else "make lab, then: "
            yield f"    {'prove it':10} {where}{prove}"
    elif result["verdict"] == "checker_error":
        yield from _field("error", f"in the checker, not in your program: {result['observed']}")


def _cannot(results):
    """Yield why checks of a step cannot be made here, once for all."""
    result = next(r for r in results if r["verdict"] == "cannot_check")
    yield from _field("cannot check here", result["observed"])
    yield from _field("way out", result["expected"])


def _field(name, text):
    """Yield a named field, wrapped under itself."""
    indent = " " * 15
    wrapped = textwrap.wrap(str(text), WIDTH - len(indent), break_on_hyphens=False) or [""]
    yield f"    {name:10} {wrapped[0]}" if len(name) < 11 else f"    {name}  {wrapped[0]}"
    yield from (indent + line for line in wrapped[1:])


def _next(results, step):
    """Return the last line: what to do now."""
    verdicts = {result["verdict"] for result in results}
    if "checker_error" in verdicts:
        return "The checker failed.  Please report it with the lines above."
    if verdicts & {"fail", "timeout", "blocked"}:
        path = os.path.relpath(course.starter_path(step))
        return f"Step {step} is not done yet.  Mend the first ✗ in {path}, and check again."
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

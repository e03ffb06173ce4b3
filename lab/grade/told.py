"""What is told of a result where no terminal is: plain text, whatever a program has printed."""

import functools
import itertools
import re
from html import escape

from lab import ink, mistakes, progress, report

LONGEST = 2000  # characters of one text; a program may print a megabyte
SHORT = 200  # characters of a name
MOST = 5  # pieces of evidence
NO_VERDICTS = ("checker_error", "cannot_check")  # nobody's mistake; the worse one first
FOR_TEACHER = "The checker failed, not your program: tell your teacher."
HANDED_IN = "is_handed_in"  # the name of what is told of a step of which there is no program


def plain(text, longest: int = LONGEST) -> str:
    """Return text that JSON, XML and a table can hold, and not too much of it."""
    text = "" if text is None else str(text)
    more = f" ... and {len(text) - longest} characters more" if len(text) > longest else ""
    return ink.printable(text[:longest].replace("\t", " ")) + more


def html(text, longest: int = LONGEST) -> str:
    """Return plain text as it stands in a page or an attribute, quotes and all."""
    return escape(plain(text, longest))


def prose(text) -> str:
    """Return a sentence of ours as HTML: of Markdown it has `code`."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html(text))


def line(text, longest: int = LONGEST) -> str:
    """Return plain text in one line."""
    return " ".join(plain(text, longest).split())


def name(result: dict) -> str:
    """Return what a check is called in a list: "01.2 its title"."""
    return f"{result['check']} {line(result['title'], SHORT)}"


def is_unread(result: dict) -> bool:
    """Whether a result stands for all checks of a step: its program could not be judged."""
    return result["check"].endswith(".0")


def once(results: list) -> list:
    """Return the results of one person with each check once, in order.

    The checks of step 1 are made on the programs of all steps.  Those that count are of the
    program of their own step, also if it could not be judged; if none was handed in, of the
    next one, which has all steps before it in it.
    """
    counts = {}
    for result in sorted(results, key=_rank):
        counts.setdefault(result["step"], of_step(result))
    counting = [result for result in results if of_step(result) == counts[result["step"]]]
    return sorted(counting, key=lambda result: place(result["check"]))


def _rank(result):
    """Return how near the program of a result is to the check's own step.

    Who has not begun a later step was given the ones before it, and has not made them.
    """
    program = of_step(result)
    if program == result["step"]:
        return (2 if is_missing(result) else 0), program
    return (3 if result["submission_hash"] == _starter(program) else 1), program


@functools.cache
def _starter(step):
    """Return the hash of the file of a step as it was given."""
    return progress.digest(progress.starter(step))


def is_missing(result: dict) -> bool:
    """Whether a result stands for all checks of a step whose program was not handed in."""
    return is_unread(result) and result["name"] == HANDED_IN


def of_step(result: dict) -> int:
    """Return the step whose program a result is of; without a word on it, the check's own."""
    return result.get("of_step", result["step"])


def by_program(results: list) -> dict:
    """Return somebody's results by the step whose program they are of, in order."""
    ordered = sorted(results, key=of_step)
    return {step: list(own) for step, own in itertools.groupby(ordered, of_step)}


def place(check: str) -> list:
    """Return where a check stands: 01.10 comes after 01.9."""
    return [int(number) for number in check.split(".")]


def about(result: dict, results: list) -> str:
    """Return in lines why a check has not passed, and how to go on; "" if it has.

    `results` are all of that person: what a blocked check waits for is one of them.
    """
    shown = [(field, plain(text)) for field, text in fields(result, results)]
    return "\n".join(f"{field:10} {text}" if field else text for field, text in shown)


def waits_for(result: dict, results: list) -> str:
    """Return which check a blocked one comes after: "after 01.2"."""
    missing = [missed["check"] for missed in _missing(result, results)]
    return f"after {missing[0] if missing else 'another check'}"


def _missing(result, results):
    """Return the results on the same program that a check waits for."""
    same = (r for r in results if of_step(r) == of_step(result) and r["verdict"] != "pass")
    return [r for r in same if r["check"] in result["depends_on"]]


def fields(result: dict, results: list):
    """Yield what there is to say of a check that has not passed: (name, text)."""
    if result["verdict"] == "blocked":
        yield "", waits_for(result, results)
        missed = _missing(result, results)[:1]
        if missed and missed[0]["step"] < of_step(result):  # it may have passed in its own step
            yield from fields(missed[0], results)
    elif result["verdict"] == "cannot_check":
        yield "not here", result["observed"]
        yield "way out", result["expected"]
    elif result["verdict"] == "checker_error":
        yield "", FOR_TEACHER
    elif is_unread(result):
        yield "", result["observed"]
    elif result["verdict"] != "pass":
        yield from _failure({**result, "evidence": result["evidence"][:MOST]})


def _failure(result):
    """Yield what a report says of a failure, with the first hint itself for how to get it."""
    for field, text in report.details(result, of_step(result)):
        if field != "next":
            yield field, text
            continue
        mistake = mistakes.read().get(result["cause"])
        yield from [("hint 1", hint) for hint in mistake.hints[:1]] if mistake else ()

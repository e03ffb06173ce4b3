"""The X-ray of a program that fails, for the page of its author.

The verdict is there before, and whatever goes wrong here costs only the X-ray.  Where the judge
has had one to find the line of a mistake, it is that one.
"""

import contextlib

from lab import course, progress, see
from lab.grade import told
from lab.session import IS_EMULATED
from lab.trial import setting

FIELD = "xray"  # of the first result that fails: the lines of the text
MOST = 200  # lines
PATIENCE = 20.0 if IS_EMULATED else 2.0  # seconds to end; most programs need a tenth of one


def add(results: list, program: str, step: int, trace=None) -> None:
    """Give the first result that fails the X-ray of its program, if there can be one."""
    failed = next((result for result in results if result["verdict"] in progress.FAILED), None)
    with contextlib.suppress(Exception):
        if failed:
            failed[FIELD] = _lines(trace or see.traced(program, step, PATIENCE), program, step)


def accepted(result: dict) -> dict:
    """Return the X-ray in a result from a machine that nobody trusts: texts, and not too many."""
    lines = [str(line)[: told.SHORT] for line in result.get(FIELD, [])[: MOST + 1]]
    return {FIELD: lines} if lines else {}


def first(results: list) -> tuple:
    """Return somebody's first program that fails: its step, and the lines of its X-ray."""
    failed = [r for r in results if r["verdict"] in progress.FAILED and not told.is_unread(r)]
    failed.sort(key=told.of_step)
    step = told.of_step(failed[0]) if failed else None
    return step, next((r[FIELD] for r in failed if told.of_step(r) == step and FIELD in r), [])


def _lines(trace, program, step):
    """Return an X-ray as `make xray` prints it, and not too much of it."""
    from lab.xray import text  # whoever passes does not need it

    title = f"x-ray · step {step} · {course.title(step)}"
    lines = text.lines(trace, title, setting(program, step)[0])
    more = [f"... and {len(lines) - MOST} lines more"] if len(lines) > MOST else []
    return [line[: told.SHORT] for line in lines[:MOST]] + more

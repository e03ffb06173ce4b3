"""`make check-step N`: judge step N by the checks of 1 to N, and say what to do."""

import json
import os
import sys

from lab import course, judge, progress
from lab.commands import CANNOT, ERROR, USAGE, step_number
from lab.host import LabError
from lab.report import write_report


def main(words):
    """Judge a step: STEP [PROGRAM] [--json]; the learner's own file if no program is named.

    With --json it prints the results as they are, one a line.
    """
    as_json, words = "--json" in words, [word for word in words if word != "--json"]
    step = step_number(words[:1], "check-step")
    program = words[1] if words[1:] else course.starter_path(step)
    if words[2:] or not os.path.isfile(program):
        print(f"there is no program {' '.join(words[1:]) or program}", file=sys.stderr)
        return USAGE
    try:
        results = judge.judge(program, step)
    except LabError as error:
        print(f"cannot check here: {error}\nsee: make doctor", file=sys.stderr)
        return CANNOT
    except judge.CheckerError as error:
        print(f"the checker failed, not your program:\n{error}", file=sys.stderr)
        return ERROR
    sys.stdout.reconfigure(errors="backslashreplace")  # names on a disk may be any bytes
    is_own, notes = not words[1:], {}
    if is_own:
        _keep(step, results)
        notes = progress.regressions(results, progress.history(step))
    if as_json:
        print(*map(json.dumps, results), sep="\n")
    else:
        write_report(results, notes=notes)
    if is_own and os.environ.get("BOARD"):
        _tell_board(step, results)
    return judge.exit_status(results)


def _tell_board(step, results):
    """Tell the board what passes: the learner has opted in, and has the verdict already."""
    from lab.board.tell import Telling

    try:
        sys.stdout.flush()
        said = Telling(os.environ["BOARD"], step, results).finish()
    except OSError as error:
        said = f"the board is not told: {error}"
    if said:
        print(said, file=sys.stderr)


def _keep(step, results):
    """Remember what came of it, if that can be."""
    try:
        progress.keep(step, results)
    except OSError as error:
        print(f"this verdict is not remembered: {error}", file=sys.stderr)

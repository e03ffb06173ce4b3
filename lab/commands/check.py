"""`make check-step N`: judge step N by the checks of 1 to N, and say what to do."""

import json
import os
import sys
import time

from lab import course, files, judge
from lab.commands import CANNOT, ERROR, USAGE, step_number
from lab.host import LabError
from lab.report import write_report


def main(words):
    """Judge a step: STEP [PROGRAM]; the learner's own file if no program is named."""
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
    write_report(results)
    if not words[1:]:
        lines = "".join(json.dumps(result) + "\n" for result in results)
        files.write(f"{files.STATE}/check-step-{step}.jsonl", lines)
        remember(step, results)
    return judge.exit_status(results)


def remember(step, results):
    """Keep what came of a learner's own file, for `make status`."""
    status = files.load("status")
    status[str(step)] = {
        "hash": results[0]["submission_hash"],
        "passed": sum(result["verdict"] == "pass" for result in results),
        "checks": len(results),
        "exit": judge.exit_status(results),
        "when": time.strftime("%Y-%m-%d %H:%M"),
    }
    files.save("status", status)

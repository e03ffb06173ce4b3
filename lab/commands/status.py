"""`make status`: which steps pass; a file that has changed since is judged again.

Status 0 if nothing is broken, 1 if a step that has passed does not any more, 3 or 4 if a
step could not be judged.  When all pass, all are judged again and certified.
"""

import os
import sys
import time

from lab import certificate, course, files, judge, progress
from lab.commands import CANNOT, ERROR, FAIL
from lab.host import LabError

STEPS = range(1, len(course.STEPS) + 1)
SAID = {0: "passes", 1: "does not pass yet", 3: "cannot all be checked here"}


def main(words):
    """Show a line for each step, and at the end of the road a certificate: [NAME]."""
    sys.stdout.reconfigure(errors="backslashreplace")
    fresh, statuses = {}, []
    for step in STEPS:
        name = f"step {step} · {course.title(step)}"
        status, said = _state(step, fresh)
        print(f"{name:18} {said}", flush=True)
        statuses.append(status)
    if set(statuses) == {0}:
        return _certify(" ".join(words).strip(), fresh)
    bad = {CANNOT, ERROR, FAIL} & set(statuses)
    return max(bad, default=0)


def _state(step, fresh):
    """Return an exit status and what to say of a step, judging it if its file has changed.

    The status is None if there is nothing wrong, and no pass either.
    """
    try:
        with open(course.starter_path(step), "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return _absent(step)
    except OSError as error:
        return CANNOT, f"its file cannot be read: {error.strerror}"
    before = progress.known(step)
    if text == progress.starter(step):
        last = before.get("last_pass")
        return None, f"begun again; it last passed {last}" if last else "not begun"
    changed = before.get("hash") != progress.digest(text)
    if changed:
        error = _judge(step, fresh)
        if error:
            return error
    return _judged(step, changed and bool(before))


def _absent(step):
    """Return what to say of a step without a file."""
    lost = FAIL if progress.known(step).get("first_pass") else None
    return lost, f"its file is gone; make reset {step} brings it back"


def _judge(step, fresh):
    """Judge a step and remember it; return an exit status and words if that cannot be done."""
    try:
        fresh[step] = judge.judge(course.starter_path(step), step)
    except LabError as error:
        return CANNOT, f"cannot be judged here: {error}; see: make doctor"
    except judge.CheckerError as error:
        return ERROR, f"the checker failed: {' '.join(str(error).split())[-200:]}"
    progress.keep(step, fresh[step])
    return None


def _judged(step, changed):
    """Return the exit status of a step that was judged, and what to say."""
    known = progress.known(step)
    count = f"{known['passed']} of {known['checks']} checks"
    since = "; it has changed and was judged again" if changed else ""
    if known["exit"] == 0:
        return 0, f"passes, {count}, first {known['first_pass']}, last {known['last_pass']}{since}"
    if known["exit"] == 1 and known.get("last_pass"):
        text = f"is broken: {count} pass; it last passed {known['last_pass']}{since}"
        return FAIL, f"{text}; make check-step {step}"
    said = SAID.get(known["exit"], "the checker failed")
    return known["exit"] if known["exit"] != 1 else None, f"{said}, {count}, {known['when']}{since}"


def _certify(name, fresh):
    """Judge all steps again, and certify them if they still pass."""
    print("\nAll steps pass.  For the certificate each is judged as it is now ...", flush=True)
    for step in STEPS:
        error = None if step in fresh else _judge(step, fresh)
        status = error[0] if error else judge.exit_status(fresh[step])
        if status:
            said = error[1] if error else f"it does not pass any more: make check-step {step}"
            print(f"no certificate, for step {step}: {said}", file=sys.stderr)
            return status
    proven = certificate.Certificate(name, fresh, time.strftime("%Y-%m-%d %H:%M %Z"))
    print("", *proven.text(), sep="\n")
    files.write(certificate.PATH, proven.html())
    print(f"\nwritten as a page: {os.path.relpath(certificate.PATH)}")
    return 0

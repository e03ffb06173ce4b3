"""What is remembered of a learner's own files: the last verdict, and when what passed.

It is kept in .lab/, by step, for the commands that come later.
"""

import hashlib
import json
import time

from lab import course, files, judge

FAILED = ("fail", "timeout")
NOT_PASSED = (*FAILED, "blocked")
WHEN = "%Y-%m-%d %H:%M"


def keep(step: int, results: list) -> None:
    """Remember what came of judging a step's file."""
    lines = "".join(json.dumps(result) + "\n" for result in results)
    files.write(f"{files.STATE}/check-step-{step}.jsonl", lines)
    files.save(f"history-{step}", _history_after(step, results))
    status, now = files.load("status"), time.strftime(WHEN)
    known = status.get(str(step), {})
    verdict = judge.exit_status(results)
    known.update(hash=results[0]["submission_hash"], exit=verdict, when=now)
    known.update(passed=count_passed(results), checks=len(results))
    if verdict == 0:
        known.update(first_pass=known.get("first_pass", now), last_pass=now)
    files.save("status", {**status, str(step): known})


def known(step: int) -> dict:
    """Return what is known about a step's file: {} if it was never judged."""
    return files.load("status").get(str(step), {})


def last_results(step: int) -> list:
    """Return the results of the last time that a step's file was judged, or []."""
    try:
        with open(f"{files.STATE}/check-step-{step}.jsonl") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return []


def history(step: int) -> dict:
    """Return for each check when it last passed, and since when it does not pass any more."""
    return files.load(f"history-{step}")


def _history_after(step, results):
    """Return the history with some results in it; the starter begins a new one."""
    is_starter = results[0]["submission_hash"] == digest(starter(step))
    return in_history({} if is_starter else history(step), results)


def in_history(known: dict, results: list) -> dict:
    """Return a history with some results in it."""
    now, after = time.time(), dict(known)
    for result in results:
        before = after.get(result["check"], {})
        if result["verdict"] == "pass":
            after[result["check"]] = {"passed": now}
        elif result["verdict"] in NOT_PASSED:
            after[result["check"]] = {"failing": now, **before}
    return after


def newest_first(results: list, known: dict) -> list:
    """Return results in another order: what fails before the rest, the newest failure first.

    Among those that began together, and in the rest, the newest step is first.
    """

    def place(result):
        fails = result["verdict"] in FAILED
        since = known.get(result["check"], {}).get("failing", 0) if fails else 0
        return not fails, -since, -result["step"]

    return sorted(results, key=place)


def regressions(results: list, known: dict) -> dict:
    """Return for each check that fails and has passed before how to say so."""
    times = {result["check"]: known.get(result["check"], {}).get("passed") for result in results}
    failing = (result["check"] for result in results if result["verdict"] in FAILED)
    return {check: f"this passed {ago(times[check])}" for check in failing if times[check]}


def ago(moment: float) -> str:
    """Return how long ago a moment was, in words."""
    seconds = max(0, time.time() - moment)
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        number = round(seconds / size)
        if number > 1:
            return f"{number} {name}s ago"
        if number == 1:
            return f"{'an' if name == 'hour' else 'a'} {name} ago"
    return "a moment ago"


def count_passed(results: list) -> int:
    """Return how many of some results are passes."""
    return sum(result["verdict"] == "pass" for result in results)


def own(step: int) -> bytes:
    """Return the learner's file of a step as it is now; nothing if it is gone."""
    try:
        with open(course.starter_path(step), "rb") as file:
            return file.read()
    except OSError:
        return b""


def starter(step: int) -> bytes:
    """Return the file of a step as it was given."""
    return course.starter(course.read_source(), step).encode()


def digest(content: bytes) -> str:
    """Return the hash by which a submission is known."""
    return hashlib.sha256(content).hexdigest()

"""`make grade SUBMISSIONS=folder`: judge a class, many at once, and go on where it was stopped."""

import os
import sys
import time

from lab import course, files, progress
from lab.commands import USAGE, no_lab_host
from lab.grade import junit, store, submissions, table, verdict, work
from lab.host import Host, LabError

USE = "make grade SUBMISSIONS=folder [RESULTS=folder] [JOBS=4] [STEPS=1-5]"
ALL = range(1, len(course.STEPS) + 1)
NAMES = 24  # letters of a name in the progress


def main(words):
    """Judge a class: SUBMISSIONS RESULTS [JOBS [STEPS]]; Ctrl-C keeps what was judged by then."""
    try:
        asked = _Asked(words)
        people = submissions.find(asked.submissions)
        kept = store.Store(asked.results)
    except (ValueError, OSError) as error:
        print(f"{error}\n{USE}", file=sys.stderr)
        return USAGE
    try:
        with Host() as host:
            if host.no_groups and max(asked.steps) >= 4:
                return no_lab_host(f"no control groups: {host.no_groups}")
    except LabError as error:
        return no_lab_host(error)
    try:
        _grade(people, asked, kept)
    finally:
        _write(kept, asked.results)
    return 0


def _write(kept, folder):
    """Write what has been judged by now in the formats of others."""
    writers = {"class.csv": table.write, "junit.xml": junit.write}
    for name, write in writers.items():
        with open(f"{folder}/{name}", "w", newline="", encoding="utf-8") as file:
            write(kept.people(), file)
        files.own(f"{folder}/{name}")
    print(f"\nin {folder}: {', '.join(writers)}, and all of it in {store.NAME}")


class _Asked:
    """What the words of the command ask for; ValueError if they ask for nothing."""

    def __init__(self, words):
        if not (2 <= len(words) <= 4 and words[0]):
            raise ValueError("whose programs, and where do the results go?")
        self.submissions, self.results, *rest = words
        jobs, steps = (rest + ["", ""])[:2]
        self.jobs = int(jobs) if jobs else 2 * len(os.sched_getaffinity(0))
        first, _, last = (steps or f"1-{len(course.STEPS)}").partition("-")
        self.steps = range(int(first), int(last or first) + 1)
        if not self.steps or not set(self.steps) <= set(ALL):
            raise ValueError(f"steps are 1 to {len(course.STEPS)}, not {steps}")
        if self.jobs < 1:
            raise ValueError("at least one at a time")


def _grade(people, asked, kept):
    """Judge what was not judged yet, and keep each verdict as it comes."""
    shown = _Progress(len(people) * len(asked.steps))

    def jobs():
        for person in people:
            for step in asked.steps:
                job = _job(person, step, kept)
                if job:
                    yield job
                else:
                    shown.skip()

    def take(job, results):
        if isinstance(results, work.Lost):
            results = verdict.lost(job.program, job.step, job.learner, str(results))
        kept.add(results)
        shown.show(job, results)

    work.run(jobs(), asked.jobs, take)
    shown.end()


def _job(person, step, kept):
    """Return the job for a person's step; None if there is nothing (more) to judge."""
    why = "nothing was handed in"
    try:
        program = submissions.program(person, step)
    except submissions.CannotRead as error:
        program, why = None, str(error)
    content = why.encode() if program is None else program
    if kept.has(person.name, step, progress.digest(content)):
        return None
    if program is None:
        kept.add(verdict.lost(content, step, person.name, why))
        return None
    return work.Job(person.name, step, program)


class _Progress:
    """How far it is, on a terminal in one line that is written again, with names and time left."""

    def __init__(self, total):
        self._total, self._done, self._judged = total, 0, 0
        self._begin = time.monotonic()

    def skip(self):
        """Count one that was judged before, or was not handed in."""
        self._done += 1

    def show(self, job, results):
        """Count one, and say how it was."""
        self._done += 1
        self._judged += 1
        passed = progress.count_passed(results)
        each = (time.monotonic() - self._begin) / self._judged
        minutes, seconds = divmod(round(each * (self._total - self._done)), 60)
        where = f"{self._done} of {self._total}, {minutes}:{seconds:02} left"
        what = f"{job.learner[:NAMES]} step {job.step}: {passed} of {len(results)} pass"
        line = f"{where:28} {what}"
        print(f"\r{line:79.79}" if sys.stderr.isatty() else line, end="", file=sys.stderr)
        print("" if sys.stderr.isatty() else "\n", end="", file=sys.stderr, flush=True)

    def end(self):
        """Leave the line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)

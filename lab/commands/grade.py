"""`make grade SUBMISSIONS=folder`: judge a class, many at once, and go on where it was stopped."""

import functools
import os
import sys

from lab import course, files, keepers, progress, vm
from lab.commands import FAIL, USAGE, no_lab_host
from lab.grade import (
    alone,
    gradescope,
    junit,
    machine,
    page,
    store,
    submissions,
    table,
    told,
    verdict,
    work,
)
from lab.grade.bar import Bar
from lab.grade.pseudonyms import LIST, Pseudonyms
from lab.host import LabError, hide

USE = "make grade SUBMISSIONS=folder [RESULTS=folder] [JOBS=4] [STEPS=1-5] [ISOLATE=lab|vm]"
USE += " [OPAQUE=yes]"
# What has which judged(), accepted(), jobs(), budget(); who is "alone" is an autograder.
ISOLATE = {"lab": verdict, "vm": machine, "alone": alone}
ALL = range(1, len(course.STEPS) + 1)
KEPT = "What was judged is kept: mend that, and the same command goes on."


def main(words):
    """Judge a class; Ctrl-C keeps what was judged by then.

    The words are SUBMISSIONS RESULTS [JOBS [STEPS [ISOLATE [OPAQUE]]]].
    """
    try:
        asked = _Asked(words)
        people = submissions.find(asked.submissions)
        kept = store.Store(asked.results)
        pseudonyms = Pseudonyms(asked.results) if asked.opaque else None
    except (ValueError, OSError) as error:
        print(f"{error}\n{USE}", file=sys.stderr)
        return USAGE
    for folder in filter(os.path.isdir, (asked.submissions, asked.results)):
        hide(folder)  # from each other
    try:
        asked.judges.probe(max(asked.steps))
    except (LabError, vm.Missing) as error:
        return no_lab_host(error)
    try:
        try:
            _grade(people, asked, kept)
        finally:
            _write(kept, asked.results, pseudonyms)
    except OSError as error:  # a full disk, say
        print(f"{error.filename or asked.results}: {error.strerror}.  {KEPT}", file=sys.stderr)
        return FAIL
    return 0


def _write(kept, folder, pseudonyms):
    """Write what has been judged by now, for people and in the formats of others."""
    options = {}
    if pseudonyms:
        pseudonyms.write(kept.names())
        options = {"call": pseudonyms.of, "hide": pseudonyms.hide}
    writers = {page.NAME: functools.partial(page.write, **options)}
    writers.update({"class.csv": table.write, "junit.xml": junit.write})
    for name, write in writers.items():
        with open(f"{folder}/{name}", "w", newline="", encoding="utf-8") as file:
            write(kept.people(), file)
        files.own(f"{folder}/{name}")
    gradescope.write(kept.people(), f"{folder}/gradescope")
    print(f"\nin {folder}: {', '.join(writers)}, gradescope/, and all of it in {store.NAME}")
    if pseudonyms:
        print(f"{page.NAME} has no names, all others have; who is who is in {LIST}")


def read_steps(text: str) -> range:
    """Return the steps that a text names: 3, 1-5, or all without a word; ValueError if none."""
    first, _, last = (text or f"1-{len(course.STEPS)}").partition("-")
    if first.isdecimal() and (last or first).isdecimal():
        steps = range(int(first), int(last or first) + 1)
        if steps and set(steps) <= set(ALL):
            return steps
    raise ValueError(f"steps are 1 to {len(course.STEPS)}, not {text}")


class _Asked:
    """What the words of the command ask for; ValueError if they ask for nothing."""

    def __init__(self, words):
        if not (2 <= len(words) <= 6 and words[0]):
            raise ValueError("whose programs, and where do the results go?")
        self.submissions, self.results, *rest = words
        jobs, steps, isolate, opaque = (rest + [""] * 4)[:4]
        if isolate not in ("", *ISOLATE):
            raise ValueError(f"isolate by {' or '.join(ISOLATE)}, not {isolate}")
        self.judges = ISOLATE[isolate or "lab"]
        self.jobs = int(jobs) if jobs else self.judges.JOBS * len(os.sched_getaffinity(0))
        self.steps = read_steps(steps)
        if self.jobs < 1:
            raise ValueError("at least one at a time")
        if opaque not in ("", "yes", "no"):
            raise ValueError(f"OPAQUE is yes or no, not {opaque}")
        self.opaque = opaque == "yes"


def _grade(people, asked, kept):
    """Judge what was not judged yet, and keep each verdict as it comes."""
    bar = Bar(len(people) * len(asked.steps), sys.stderr)

    def take(job, answer):
        for step, program in job.programs.items():
            results = _results(asked.judges, answer, job.learner, step, program)
            kept.add(results)
            passed = f"{progress.count_passed(results)} of {len(results)} pass"
            bar.show(told.line(job.learner), f"step {step}: {passed}")

    jobs = _jobs(people, asked, kept, bar)
    with keepers.Server():
        work.run(jobs, asked.jobs, asked.judges.judged, take, asked.judges.budget(len(asked.steps)))
    bar.end()


def _jobs(people, asked, kept, bar):
    """Yield the jobs: of each person what there is (more) to judge."""
    for person in people:
        programs = {step: _program(person, step, asked, kept) for step in asked.steps}
        wanted = {step: program for step, program in programs.items() if program is not None}
        bar.skip(len(programs) - len(wanted))
        yield from asked.judges.jobs(submissions.Programs(person.name, wanted))


def _program(person, step, asked, kept):
    """Return a person's program for a step; None if there is nothing (more) to judge."""
    program, without = None, verdict.missing(step, person.name)
    try:
        program = submissions.program(person, step, asked.steps[-1])
    except submissions.CannotRead as error:
        without = verdict.lost(str(error).encode(), step, person.name, str(error))
    known = without[0]["submission_hash"] if program is None else progress.digest(program)
    if kept.has(person.name, step, known):
        return None
    if program is None:
        kept.add(without)
    return program


def _results(judges, answer, learner, step, program):
    """Return what is to be kept of what a judge told of a program."""
    try:
        if isinstance(answer, work.Lost):
            raise answer
        return verdict.signed(judges.accepted(answer, step), program, step, learner)
    except work.Lost as lost:
        # A program cannot end its judge; that it takes its time is another matter.
        why = "timeout" if isinstance(lost, work.Late) else "checker_error"
        return verdict.lost(program, step, learner, str(lost), why)

"""Classes of any size, for the tests of what is written of one: real verdicts, many times over."""

import functools
import random

from lab import ROOT, course
from lab.grade import verdict, work

SOURCE = course.read_source()
STEPS = range(1, len(course.STEPS) + 1)
WRONG = {
    1: ("name_set_before_unshare", "no_unshare", "arguments_dropped", "syntax_error"),
    2: ("no_fork", "proc_before_fork"),
    3: ("not_private", "not_recursive"),
    4: ("joined_by_luck", "no_memory_limit"),
    5: ("no_chdir",),
}
HOSTILE = ("escape_codes", "leaves_names_not_in_utf8")
NAMES = ("Ada", "Boris", "Chiara", "Deniz", "Émile", "Fatou", "Grzegorz", "Hana", "Ikaika", "Jón")


def programs() -> dict:
    """Return the programs that the class is made of, by their step and a name."""
    found = {}
    for step in STEPS:
        found[step, "solution"] = course.solution(SOURCE, step).encode()
        found[step, "starter"] = course.starter(SOURCE, step).encode()
        for name in WRONG[step]:
            found[step, name] = _read("wrong", step, name)
    return {**found, **{(1, name): _read("hostile", 1, name) for name in HOSTILE}}


def _read(kind, step, name):
    """Return a program of the corpus."""
    with open(f"{ROOT}/tests/{kind}/{step:02}_{name}.py", "rb") as file:
        return file.read()


@functools.cache
def verdicts() -> dict:
    """Return the real verdict on each of the programs, as `make grade` comes to it."""
    found, wanted = {}, programs()

    def do(job, folder):
        return verdict.of(wanted[job], job[0], folder)

    def take(job, results):
        found[job] = verdict.signed(results, wanted[job], job[0], "somebody")

    work.run(wanted, 2, do, take, verdict.BUDGET)
    return found


def people(count: int):
    """Yield (name, results) for a class, sorted by name: the same one each time."""
    chance = random.Random(count)
    width = len(str(count))
    for name in sorted(f"{NAMES[n % len(NAMES)]} {n:0{width}}" for n in range(1, count + 1)):
        yield name, list(_results(name, chance))


def _results(name, chance):
    """Yield the results of one person: right at first, then wrong or tired, then nothing."""
    done, slip = chance.choice([1, 2, 3, 4, 5, 5, 5, 6]), chance.random()
    for step in STEPS:
        wrong = [*WRONG[step], "starter", *(HOSTILE if step == 1 and slip < 0.02 else ())]
        made = "solution" if step < done else chance.choice(wrong) if step == done else "starter"
        if slip < 0.1 and step < done == 5:  # a mistake, made good by the next step
            made = chance.choice(WRONG[step])
        results = verdicts()[step, made]
        if step > done + 1:
            results = verdict.missing(step, name)
        yield from ({**result, "learner": name} for result in results)

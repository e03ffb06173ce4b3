"""Where the results of a class are kept: results.jsonl, a line for each check of each program.

A program's lines are written as one, when its verdict is there, so that whatever stops the
work costs no more than what is under way; the next run goes on with the rest.
"""

import itertools
import json
import os
from typing import NamedTuple

from lab import __version__, checks, files
from lab.grade.told import NO_VERDICTS

NAME = "results.jsonl"


class _Program(NamedTuple):
    """What is known of a program in the file, and where its lines are."""

    digest: str
    is_judged: bool  # each check has come to a verdict
    begin: int
    end: int


class Store:
    """The results in a folder."""

    def __init__(self, folder: str):
        """Open the folder, and make it if it is not there; OSError if it cannot be."""
        os.makedirs(folder, exist_ok=True)
        files.own(folder)
        self.path = f"{folder}/{NAME}"
        _end_last_line(self.path)
        self._last = {}  # of each person, by step
        for results, begin, end in _kept(self.path):
            self._enter(results, begin, end)

    def has(self, learner: str, step: int, digest: str) -> bool:
        """Whether this very program was judged last for this person's step, by these checks.

        What was nobody's mistake is no verdict on it: another try may come to one.
        """
        last = self._last.get(learner, {}).get(step)
        return last is not None and last.is_judged and last.digest == digest

    def add(self, results: list) -> None:
        """Keep the results of one program: all or none of its lines; OSError on a full disk."""
        lines = "".join(json.dumps(result) + "\n" for result in results).encode()
        with open(self.path, "ab", buffering=0) as file:
            begin, left = file.tell(), lines
            try:
                while left:
                    left = left[file.write(left) :]
            except OSError as error:
                file.truncate(begin)
                raise OSError(error.errno, error.strerror, self.path) from None
        files.own(self.path)
        self._enter(results, begin, begin + len(lines))

    def _enter(self, results, begin, end):
        """Know of a program whose lines are in the file; it takes the place of an earlier one."""
        first = results[0]
        is_judged = not any(result["verdict"] in NO_VERDICTS for result in results)
        program = _Program(first["submission_hash"], is_judged, begin, end)
        self._last.setdefault(first["learner"], {})[first["of_step"]] = program

    def names(self) -> list:
        """Return who is in it, sorted."""
        return sorted(self._last)

    def people(self):
        """Yield (name, results) for each person, sorted by name; of a step the last verdict."""
        for learner in self.names():
            results = []
            with open(self.path, "rb") as file:
                for _, program in sorted(self._last[learner].items()):
                    file.seek(program.begin)
                    lines = file.read(program.end - program.begin).splitlines()
                    results += map(json.loads, lines)
            yield learner, results


def _end_last_line(path):
    """End the half of a line that a crash has left, so that none is written behind it."""
    if not os.path.exists(path):
        return
    with open(path, "r+b") as file:
        if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) and file.read() != b"\n":
            file.write(b"\n")


def _kept(path):
    """Yield the results of each whole program in a file, and where its lines begin and end."""
    if not os.path.exists(path):
        return
    with open(path, "rb") as file:
        for _, group in itertools.groupby(_lines(file), lambda line: line[0]["run_id"]):
            results, begins, ends = zip(*group, strict=True)
            if _is_whole(results[0], results[-1]):
                yield results, begins[0], ends[-1]


def _lines(file):
    """Yield the result of each line and where it stands; half a line, or older checks, is none."""
    end = 0
    for line in file:
        begin, end = end, end + len(line)
        try:
            result = json.loads(line)
        except ValueError:
            continue
        if result["checker_version"] == __version__:
            yield result, begin, end


def _is_whole(first, last):
    """Whether all checks of a program lie between two, or one result stands for all of them."""
    step = last["of_step"]
    ends = "01.1", f"{step:02}.{len(checks.of_step(step))}"
    return (first["check"], last["check"]) in (ends, (f"{step:02}.0", f"{step:02}.0"))

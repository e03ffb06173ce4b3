"""Where the results of a class are kept: results.jsonl, a line for each check of each program.

A program's lines are written as one, when its verdict is there, so that whatever stops the
work costs no more than what is under way; the next run goes on with the rest.
"""

import itertools
import json
import os
from typing import NamedTuple

from lab import __version__, checks, files

NAME = "results.jsonl"
NO_VERDICTS = ("cannot_check", "checker_error")


class _Known(NamedTuple):
    """What a program in the file is known by."""

    learner: str
    step: int
    digest: str
    is_judged: bool  # each check has come to a verdict


class Store:
    """The results in a folder."""

    def __init__(self, folder: str):
        """Open the folder, and make it if it is not there; OSError if it cannot be."""
        os.makedirs(folder, exist_ok=True)
        files.own(folder)
        self.path = f"{folder}/{NAME}"
        _end_last_line(self.path)
        self._known = {program[:2]: program for program, _ in self._kept()}

    def has(self, learner: str, step: int, digest: str) -> bool:
        """Whether this very program was judged last for this person's step, by these checks.

        What was nobody's mistake is no verdict on it: another try may come to one.
        """
        return self._known.get((learner, step)) == (learner, step, digest, True)

    def add(self, results: list) -> None:
        """Keep the results of one program: all or none of its lines; OSError on a full disk."""
        lines = "".join(json.dumps(result) + "\n" for result in results).encode()
        with open(self.path, "ab", buffering=0) as file:
            end = file.tell()
            try:
                while lines:
                    lines = lines[file.write(lines) :]
            except OSError as error:
                file.truncate(end)
                raise OSError(error.errno, error.strerror, self.path) from None
        files.own(self.path)

    def names(self) -> list:
        """Return who is in it, sorted."""
        return sorted({program.learner for program, _ in self._kept()})

    def people(self):
        """Yield (name, results) for each person, sorted by name; of a step the last verdict."""
        places = {}
        for program, place in self._kept():
            places.setdefault(program.learner, {})[program.step] = place
        for learner in sorted(places):
            results = []
            with open(self.path, "rb") as file:
                for step in sorted(places[learner]):
                    results += _read(file, places[learner][step])
            yield learner, results

    def _kept(self):
        """Yield what each program in the file is known by, and where its lines are."""
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as file:
            for _, group in itertools.groupby(_lines(file), lambda line: line[0]["run_id"]):
                lines = list(group)
                (first, begin, _), (last, _, end) = lines[0], lines[-1]
                if _is_whole(first, last):
                    is_judged = not any(line["verdict"] in NO_VERDICTS for line, _, _ in lines)
                    yield _Known(*_key(first), is_judged), (begin, end)


def _end_last_line(path):
    """End the half of a line that a crash has left, so that none is written behind it."""
    if not os.path.exists(path):
        return
    with open(path, "r+b") as file:
        if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) and file.read() != b"\n":
            file.write(b"\n")


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


def _key(result):
    """Return what a program is known by."""
    return result["learner"], result["of_step"], result["submission_hash"]


def _read(file, place):
    """Return the results that stand at a place."""
    begin, end = place
    file.seek(begin)
    return [json.loads(line) for line in file.read(end - begin).splitlines()]

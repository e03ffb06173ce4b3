"""Where the results of a class are kept: results.jsonl, a line for each check of each program.

A program's lines are written as one, when its verdict is there, so that whatever stops the
work costs no more than what is under way; the next run goes on with the rest.
"""

import json
import os

from lab import __version__, files

NAME = "results.jsonl"


class Store:
    """The results in a folder."""

    def __init__(self, folder: str):
        """Open the folder, and make it if it is not there; OSError if it cannot be."""
        os.makedirs(folder, exist_ok=True)
        files.own(folder)
        self.path = f"{folder}/{NAME}"
        self._known = {key for key, _ in self._kept()}

    def has(self, learner: str, step: int, digest: str) -> bool:
        """Whether this very program was judged for this person, by these checks."""
        return (learner, step, digest) in self._known

    def add(self, results: list) -> None:
        """Keep the results of one program: all or none of its lines."""
        lines = "".join(json.dumps(result) + "\n" for result in results)
        with open(self.path, "a") as file:
            file.write(lines)
        files.own(self.path)

    def names(self) -> list:
        """Return who is in it, sorted."""
        return sorted({learner for (learner, _, _), _ in self._kept()})

    def people(self):
        """Yield (name, results) for each person, sorted by name; of a step the last verdict."""
        places = {}
        for (learner, step, _), place in self._kept():
            places.setdefault(learner, {})[step] = place
        with open(self.path, "rb") as file:
            for learner in sorted(places):
                results = []
                for step in sorted(places[learner]):
                    results += _read(file, places[learner][step])
                yield learner, results

    def _kept(self):
        """Yield what each program in the file is known by, and where its lines are."""
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as file:
            begin, last = 0, None
            while line := file.readline():
                key = _key(line)
                if key != last and last:
                    yield last, (begin, file.tell() - len(line))
                if key != last:
                    begin, last = file.tell() - len(line), key
            if last:
                yield last, (begin, file.tell())


def _key(line):
    """Return what the program of a line is known by; None for half a line, or older checks."""
    try:
        result = json.loads(line)
    except ValueError:
        return None
    if result["checker_version"] != __version__:
        return None
    return result["learner"], result["of_step"], result["submission_hash"]


def _read(file, place):
    """Return the results that stand at a place."""
    begin, end = place
    file.seek(begin)
    return [json.loads(line) for line in file.read(end - begin).splitlines()]

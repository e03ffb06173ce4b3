"""Who is on the board, and which checks each has passed: what comes from outside is checked here.

A pass stays.  A step is passed when all checks of it and of those before it passed at one time.
A name belongs to the checkout that used it first; of its token only a hash is kept.
"""

import hashlib
import re
import unicodedata

from lab import board, checks, course, sheet

STEPS = range(1, len(course.STEPS) + 1)
FIELDS = {"schema", "name", "token", "step", "passed"}
MOST = 1000  # people
LONGEST = 40  # letters of a name
OTHER = "your workshop has another version"
JOINERS = "\u200c\u200d"  # some scripts and pictures need them between letters


class Refused(Exception):
    """What was told is not taken; str() says why, in a line for who told it."""


class Roll:
    """The people on the board."""

    def __init__(self, kept: dict):
        """Begin with what `kept()` has returned once, or {}; ValueError if it is something else."""
        self._checks = {step: _titles(step) for step in STEPS}
        self._people, self._owners = {}, {}  # by owner; who owns a name
        self.version = 0  # another one whenever something has changed
        try:
            for owner, person in kept.get("people", {}).items():
                known = self._checked(max(STEPS), [c for c in person["passed"] if self._step(c)])
                steps = sorted(set(person["steps"]) & set(STEPS))
                self._enter(str(owner), _name(person["name"]), known, steps)
        except (AttributeError, KeyError, TypeError, Refused) as error:
            raise ValueError(str(error)) from error

    def __len__(self):
        return len(self._people)

    def take(self, message) -> None:
        """Take what somebody tells; Refused if it is not what a learner's machine would tell."""
        if not isinstance(message, dict) or set(message) != FIELDS:
            raise Refused(f"that is no message of {board.SCHEMA}")
        if message["schema"] != board.SCHEMA:
            raise Refused(f"this board understands {board.SCHEMA}; {OTHER}")
        name, owner = _name(message["name"]), _owner(message["token"])
        if type(message["step"]) is not int or message["step"] not in STEPS:
            raise Refused("there is no such step")
        passed = self._checked(message["step"], message["passed"])
        if self._owners.get(_key(name), owner) != owner:
            raise Refused("that name is taken; choose another one")
        if owner not in self._people and len(self) >= MOST:
            raise Refused("the board is full")
        self._enter(owner, name, passed, self._steps(passed))

    def _enter(self, owner, name, passed, steps):
        """Add what somebody has passed; who has another name now has no longer the old one."""
        before = self._people.get(owner, {"name": name, "passed": [], "steps": []})
        after = {
            "name": name,
            "passed": sorted({*before["passed"], *passed}),
            "steps": sorted({*before["steps"], *steps}),
        }
        if after != self._people.get(owner):
            self._owners.pop(_key(before["name"]), None)
            self._people[owner], self._owners[_key(name)] = after, owner
            self.version += 1

    def shown(self) -> dict:
        """Return what the page shows: the steps with their checks, and the people."""
        steps = []
        for step, known in self._checks.items():
            titles = [{"id": number, "title": title} for number, title in known.items()]
            steps.append({"title": course.title(step), "checks": titles})
        return {"steps": steps, "people": list(self._people.values())}

    def kept(self) -> dict:
        """Return what a board that is started again goes on with."""
        return {"schema": board.SCHEMA, "people": self._people}

    def _step(self, check):
        """Return which step a check is of, or None."""
        return next((step for step, known in self._checks.items() if check in known), None)

    def _checked(self, step, passed):
        """Return checks as they were told; Refused if one is none, or of a later step."""
        if not isinstance(passed, list) or not all(isinstance(check, str) for check in passed):
            raise Refused("which checks pass is told as a list of their numbers")
        for check in passed:
            if (self._step(check) or step + 1) > step:
                raise Refused(f"there is no such check; {OTHER}")
        return passed

    def _steps(self, passed):
        """Return the steps of which all checks are among those that pass, and of all before."""
        missing = [step for step in STEPS if not self._checks[step].keys() <= set(passed)]
        return list(range(1, min(missing, default=max(STEPS) + 1)))


def _titles(step):
    """Return the sentence of each check of a step, by its number in the results."""
    found = enumerate(checks.of_step(step), 1)
    return {f"{step:02}.{number}": sheet.title(check.__doc__) for number, check in found}


def _name(name):
    """Return a name that can be shown; Refused if it cannot."""
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST or not _key(name):
        raise Refused(f"a name has 1 to {LONGEST} letters")
    if not all(letter.isprintable() or letter in JOINERS for letter in name):
        raise Refused("a name has only letters that can be seen")
    return name.strip()


def _key(name):
    """Return what two names that look alike have in common."""
    alike = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in alike if letter.isprintable() and letter != " ")


def _owner(token):
    """Return by what the owner of a token is known."""
    if not isinstance(token, str) or not re.fullmatch("[0-9a-f]{32}", token):
        raise Refused("a token has 32 digits, 0 to f")
    return hashlib.sha256(token.encode()).hexdigest()

"""Pseudonyms: names for people that say nothing of them, and stay the same from run to run.

A pseudonym is a keyed hash of the name.  Without the key, which never leaves the folder of the
results, nobody finds a person by trying names.
"""

import csv
import hashlib
import hmac
import os
import re
import unicodedata

from lab import files
from lab.grade import table, told

KEY, LIST = "ids.key", "ids.csv"  # whoever has these knows who is who
BYTES = 32  # of the key
SHORT = 3  # letters: a name that is no longer is hidden as a word, and not within others


class Pseudonyms:
    """The pseudonyms of a class."""

    def __init__(self, folder: str):
        """Begin with the key in a folder, a new one if there is none; ValueError if it is none."""
        self._folder, self._key, self._known = folder, _key(f"{folder}/{KEY}"), []

    def of(self, person: str) -> str:
        """Return what a person is called."""
        name = person.encode(errors="surrogatepass")
        return f"learner-{hmac.new(self._key, name, hashlib.sha256).hexdigest()[:8]}"

    def write(self, people: list) -> None:
        """Write down who is who, for the eyes of the owner; these are the names to be hidden."""
        self._known = list(_spellings((person, self.of(person)) for person in people))
        with _opened(f"{self._folder}/{LIST}", "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["learner", "id"])
            out.writerows([table.cell(person), self.of(person)] for person in people)

    def hide(self, text: str) -> str:
        """Return a text with the pseudonym in place of every name of the class."""
        flat = " ".join(text.lower().split())
        found = [(words, name) for seen, words, name in self._known if seen in flat]
        if not found:
            return text
        any_of = re.compile("|".join(f"({words})" for words, _ in found), re.I)
        return any_of.sub(lambda match: found[match.lastindex - 1][1], text)


def _spellings(pairs):
    """Yield how each name may be written: in small letters, as a pattern; and its pseudonym.

    Of two names of which one is a part of the other, the longer one comes first.
    """
    forms = {}
    for person, name in pairs:
        for form in ("NFC", "NFD"):  # a folder's name may be written in another than a program
            forms[told.line(unicodedata.normalize(form, person))] = name
    for shown in sorted(filter(None, forms), key=len, reverse=True):
        words = r"\s+".join(map(re.escape, shown.split()))
        whole = rf"(?<!\w){words}(?!\w)" if len(shown) <= SHORT else words
        yield shown.lower(), whole, forms[shown]


def _key(path):
    """Return the key that is kept in a file."""
    if not os.path.exists(path):
        with _opened(path, "wb") as file:
            file.write(os.urandom(BYTES))
    with open(path, "rb") as file:
        key = file.read()
    if len(key) != BYTES:
        raise ValueError(f"{path} is no key: remove it, and there will be new ids")
    return key


def _opened(path, mode, **options):
    """Open a file to write to, which only its owner may read."""
    file = open(path, mode, opener=lambda path, flags: os.open(path, flags, 0o600), **options)
    os.fchmod(file.fileno(), 0o600)  # it may have been there before
    files.own(path)
    return file

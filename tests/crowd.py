"""A class whose verdicts are known: people who hand in right, wrong and hostile programs.

Each person has some of the five steps, in one of the forms in which people hand in; what must
come of each program is known before it is judged.  The same number of people are always the
same class.
"""

import json
import os
import random
import re
import stat
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from typing import NamedTuple

import corpus
from test_matrix import STARTERS, UNDONE, named_by

from lab import ROOT, course
from lab.grade.submissions import LARGEST

SOURCE = course.read_source()
STEPS = range(1, len(course.STEPS) + 1)
ATTACKS = f"{corpus.HERE}/hostile/attacks"
SEED = 6
SHOWN = "/var/tmp"  # of /tmp a lab host has none of the machine's files
NAMES = """José Ñandú|=HYPERLINK("http:x")|-rf|--help|O'Brien; DROP TABLE|quote"d|emoji 🎉|名前
 blank before|blank after |two  blanks|a,b;c|<img src=x onerror=alert(1)>|@sum|+1|%s%n{0}|$(reboot)
`id`|back\\slash|right\u202eleft|nobody\udcff|tab\there|line\u2028end|\x1b[31mred|a&b|con""".replace(
    "\n", "|"
).split("|")
NAMES += ["line\nbreak", "long" * 60]


class Truth(NamedTuple):
    """What must come of a program."""

    words: str
    holds: "object"  # a function of its results


class Program(NamedTuple):
    """A program that somebody hands in, and what is known about it."""

    name: str
    step: int
    content: bytes
    truth: Truth

    @property
    def place(self) -> str:
        """Where it belongs in what is handed in."""
        return f"steps/{course.STEPS[self.step - 1]}/container.py"


class Person(NamedTuple):
    """Somebody of the class; `form` writes what is handed in to a path without a suffix."""

    name: str
    form: "object"
    programs: list

    def truth(self, step: int) -> Truth:
        """Return what must come of this person's program of a step."""
        found = next((p.truth for p in self.programs if p.step == step), None)
        return self.form.known or found or unjudged("nothing was handed in")


# ---- What must come of a program


def as_said(program) -> Truth:
    """Return what the header of a program says."""
    words = ", ".join(program.fails) or "passes"
    return Truth(words, lambda results: corpus.is_as_known(program, corpus.failures(results)))


def named(case) -> Truth:
    """Return what must come of a program whose tasks are undone: the check that names one."""
    names = {named_by(task) for task in case.undone}

    def holds(results):
        wrong = [r for r in results if r["verdict"] != "pass"]
        first = next((r["name"] for r in wrong if r["verdict"] == "fail"), None)
        return first in names and {r["step"] for r in wrong} == {case.step}

    return Truth(f"{' or '.join(sorted(names))} is first to fail", holds)


def unjudged(words: str) -> Truth:
    """Return the truth about what cannot be judged: why."""

    def holds(results):
        (only, *more) = results
        return not more and only["check"].endswith(".0") and words in only["observed"]

    return Truth(words, holds)


PASSES = as_said(corpus.Program("right", "", "", "", ()))


# ---- Right programs, wrong ones, and hostile ones


def varied(text: str) -> dict:
    """Return variations of a right program that are as right."""
    full = LARGEST - len(text.encode())
    renamed = re.sub(r"\bbecome\b", "enter_the_container", text.replace("HOSTNAME", "NAME"))
    return {
        "as it is": text.encode(),
        "ends of lines of Windows": text.replace("\n", "\r\n").encode(),
        "a mark of the byte order": text.encode("utf-8-sig"),
        "other names": renamed.encode(),
        "comments": ("# grün, 緑, 🟢\n" + text.replace("\n    ", "\n    # \n    ")).encode(),
        "Latin-1": f"# -*- coding: latin-1 -*-\n# grün\n{text}".encode("latin-1"),
        "as large as it may be": text.encode() + b"#" * full,
        "no end of its last line": text.rstrip().encode(),
    }


def right() -> list:
    """Return programs that pass all checks: the solutions, varied, and those of the corpus."""
    own = [
        Program(f"solution: {what}", step, content, PASSES)
        for step in STEPS
        for what, content in varied(course.solution(SOURCE, step)).items()
    ]
    return own + of_corpus("right")


def wrong() -> list:
    """Return programs that fail: unfinished ones, and those of the corpus."""
    cases = [
        Program(str(c), c.step, course.cut(SOURCE, c.step, c.undone).encode(), named(c))
        for c in STARTERS + UNDONE
    ]
    return cases + unreadable() + of_corpus("wrong", "spoof")


def unreadable() -> list:
    """Return what is no program, or none that Python or we read."""
    error = Truth("syntax-error", lambda results: _cause(results) == "syntax-error")
    large = unjudged("container.py is larger than 256 KiB")
    told = {
        "not UTF-8": (b"# gr\xfcn\n", error),
        "UTF-16": (course.solution(SOURCE, 1).encode("utf-16"), error),
        "null bytes": (b"\0" * 100, error),
        "a null byte in it": (course.solution(SOURCE, 1).encode() + b"\0", error),
        "brackets": (b"(" * 30_000, error),
        "prose": (b"Dear teacher,\nmy dog has eaten it.\n", error),
        "too large by a byte": (b"#" * (LARGEST + 1), large),
        "empty": (b"", as_said(corpus.Program("hostile", "", "", "", (corpus.ANY,)))),
    }
    return [Program(what, 1, *known) for what, known in told.items()]


def _cause(results):
    """Return the cause of the first failure."""
    return next((r["cause"] for r in results if r["verdict"] == "fail"), None)


def of_corpus(*kinds) -> list:
    """Return programs of the corpus."""
    return [Program(str(p), p.step, _read(p.path), as_said(p)) for p in corpus.programs(*kinds)]


def attacks(folder: str, results: str) -> list:
    """Return solutions that do something hostile first; they know where the class is kept."""
    return [
        Program(str(p), p.step, _attacked(p, folder, results), as_said(p))
        for p in corpus.programs("hostile/attacks")
    ]


def _attacked(program, folder, results):
    """Return an attack, and after it the solution."""
    text = _read(program.path).decode().replace("@CLASS@", folder).replace("@RESULTS@", results)
    return (text + course.solution(SOURCE, program.step)).encode()


def _read(path):
    """Return the content of a file."""
    with open(path, "rb") as file:
        return file.read()


# ---- The forms in which people hand in


class Form(NamedTuple):
    """How programs are handed in; `known` is what must come of all of them, if it is one thing."""

    name: str
    write: "object"  # a function of a path and the programs
    known: "Truth | None" = None


def as_folder(above=""):
    """Return a writer of folders, with steps/ below `above`."""

    def write(path, programs):
        os.makedirs(path)
        for program in programs:
            place = os.path.join(path, above, program.place)
            os.makedirs(os.path.dirname(place))
            with open(place, "wb") as file:
                file.write(program.content)

    return write


def as_zip(name="{}", method=zipfile.ZIP_DEFLATED, before=()):
    """Return a writer of zips, whose entries have names made from `name`."""

    def write(path, programs):
        with zipfile.ZipFile(f"{path}.zip", "w", method) as packed:
            for entry, content in before:
                packed.writestr(entry, content)
            for program in programs:
                packed.writestr(name.format(program.place), program.content)

    return write


def beside(writer, *entries):
    """Return a writer that also makes these folders in what another one has made."""

    def write(path, programs):
        writer(path, programs)
        for entry in entries:
            os.makedirs(f"{path}/{entry}")

    return write


def with_windows_names(path, programs):
    """Write a zip with backslashes, as Windows once did."""
    backslashed = [(p.place.replace("/", "\\"), p.content) for p in programs]
    as_zip(before=backslashed)(path, [])


def twice_in_a_zip(path, programs):
    """Write a zip that has each program twice; what is unpacked is the second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile says what it thinks of that
        as_zip(before=[(p.place, b"rubbish(") for p in programs])(path, programs)


JUNK = [("__MACOSX/steps/01_uts/._container.py", b"\0\5"), (".git/HEAD", b"ref: x")]
FORMS = [
    Form("folder", as_folder()),
    Form("folder in a folder", as_folder("my-main")),
    Form("folder in two folders", as_folder("a/b c")),
    Form("folder beside what a Mac adds", beside(as_folder("my-main"), "__MACOSX/my-main", ".x")),
    Form("zip", as_zip()),
    Form("zip of a folder", as_zip("my-main/{}", zipfile.ZIP_STORED)),
    Form("zip beside what a Mac adds", as_zip(before=JUNK)),
    Form("zip out of its folder", as_zip("../../{}")),
    Form("zip of the root", as_zip("/{}")),
    Form("zip of Windows", with_windows_names),
    Form("zip with all twice", twice_in_a_zip),
]


# ---- What cannot be taken


def instead(make):
    """Return a writer of a folder in which `make` puts something in each program's place."""

    def write(path, programs):
        for step in STEPS:
            place = f"{path}/steps/{course.STEPS[step - 1]}/container.py"
            os.makedirs(os.path.dirname(place))
            make(place)

    return write


def as_entries(content, changed=None, method=zipfile.ZIP_DEFLATED, number=1):
    """Return a writer of a zip in which each program is `content`, so many times."""

    def write(path, programs):
        with zipfile.ZipFile(f"{path}.zip", "w", method) as packed:
            for place in (f"steps/{name}/container.py" for name in course.STEPS):
                for count in range(number):
                    info = zipfile.ZipInfo(f"{count}/" * (number > 1) + place)
                    info.compress_type = method
                    info.external_attr = (changed or 0o100644) << 16
                    packed.writestr(info, content)

    return write


def as_file(content=b"no zip", size=0):
    """Return a writer of one file with the suffix of a zip."""

    def write(path, programs):
        with open(f"{path}.zip", "wb") as file:
            file.write(content)
            file.truncate(size or len(content))

    return write


def encrypted(path, programs):
    """Write a zip whose entries say that they are encrypted."""
    as_entries(b"secret" * 10)(path, programs)
    data = bytearray(_read(f"{path}.zip"))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        for found in re.finditer(re.escape(signature), bytes(data)):
            data[found.start() + offset] |= 1
    as_file(bytes(data))(path, programs)


def cut_off(path, programs):
    """Write a zip whose compressed data is damaged."""
    as_entries(os.urandom(50).hex().encode() * 100)(path, programs)
    data = bytearray(_read(f"{path}.zip"))
    for found in re.finditer(re.escape(b"PK\3\4"), bytes(data)):
        begin = data.index(b"container.py", found.start()) + len("container.py")
        data[begin : begin + 40] = b"\xff" * 40
    as_file(bytes(data))(path, programs)


def endless_list(path, programs):
    """Write a zip whose list of entries is said to be of half a gigabyte."""
    size = 512 << 20
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 0, 0)
    as_file(size=size)(path, programs)
    with open(f"{path}.zip", "ab") as file:
        file.write(end)


def linked_folder(path, programs):
    """Write a folder whose steps/ is a link to the workshop's own solutions."""
    os.makedirs(path)
    os.symlink(os.path.dirname(os.path.dirname(course.solution_path(1))), f"{path}/steps")


def unpacked_out(path, programs):
    """Write a folder whose one folder is a link to the workshop."""
    os.makedirs(path)
    os.symlink("/", f"{path}/my-main")


def sparse(place):
    """Make a file of a gigabyte that takes no room."""
    with open(place, "wb") as file:
        file.truncate(1 << 30)


def device(place):
    """Make a device: it has no end."""
    os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 5))


LINK, NO_FILE = "is no file that is simply there", "container.py is no file"
BOMB = bytes(64 << 20)
ODD = [
    Form("link", instead(lambda place: os.symlink("/etc/passwd", place)), unjudged(LINK)),
    Form("linked folder", linked_folder, unjudged(LINK)),
    Form("linked folder in a folder", unpacked_out, unjudged("nothing was handed in")),
    Form("FIFO", instead(os.mkfifo), unjudged(NO_FILE)),
    Form("folder as a program", instead(os.mkdir), unjudged(NO_FILE)),
    Form("device", instead(device), unjudged(NO_FILE)),
    Form("gigabyte", instead(sparse), unjudged("container.py is larger than 256 KiB")),
    Form("empty folder", lambda path, _: os.mkdir(path), unjudged("nothing was handed in")),
    Form("empty zip", as_zip(), unjudged("nothing was handed in")),
    Form("no zip", as_file(), unjudged("the zip cannot be read")),
    Form("zip of a gigabyte", as_file(b"PK\5\6", 1 << 30), unjudged("the zip cannot be read")),
    Form("zip bomb", as_entries(BOMB), unjudged("container.py is larger than 256 KiB")),
    Form("bzip2 bomb", as_entries(BOMB, method=zipfile.ZIP_BZIP2), unjudged("the zip")),
    Form("LZMA bomb", as_entries(BOMB, method=zipfile.ZIP_LZMA), unjudged("the zip")),
    Form("encrypted zip", encrypted, unjudged("the zip cannot be read")),
    Form("damaged zip", cut_off, unjudged("the zip cannot be read")),
    Form("zip of links", as_entries(b"/etc/passwd", stat.S_IFLNK | 0o777), unjudged(NO_FILE)),
    Form("zip with an endless list", endless_list, unjudged("more than 10000 entries")),
    Form("zip of many", as_entries(b"", number=2100), unjudged("more than 10000 entries")),
]


# ---- The class


def people(number: int, folder: str, results: str, hostile=()) -> list:
    """Return a class of at least so many people; each attack and each odd form is in it.

    `folder` is where they will hand in, and `results` where their results will be; `hostile`
    are further programs of which everybody may get one.
    """
    chance = random.Random(SEED)
    bad = [*attacks(folder, results), *hostile, *unreadable()]
    number = max(number, len(bad) + len(ODD), len(NAMES) + len(ODD))
    good = {step: [p for p in right() + wrong() if p.step == step] for step in STEPS}
    odd = [Person(f"odd {form.name}", form, []) for form in ODD]
    decks = {step: [] for step in STEPS}
    class_ = []
    for index in range(number - len(odd)):
        programs = bad[index : index + 1]
        steps = set(chance.sample(STEPS, chance.randint(1, 5))) - {p.step for p in programs}
        programs += [_dealt(decks, good, step, chance) for step in sorted(steps)]
        name = NAMES[index] if index < len(NAMES) else f"person {index}"
        class_.append(Person(name, FORMS[index % len(FORMS)], programs))
    return class_ + odd


def _dealt(decks, good, step, chance):
    """Return a program of a step; each is dealt once before any is dealt again."""
    if not decks[step]:
        decks[step] = chance.sample(good[step], len(good[step]))
    return decks[step].pop()


def hand_in(class_, folder: str) -> None:
    """Write what a class hands in into a folder."""
    os.makedirs(folder)
    for person in class_:
        person.form.write(f"{folder}/{person.name}", person.programs)


def differences(class_, results: dict) -> list:
    """Return in lines where a verdict is not the truth; `results` are by name and step."""
    lines = []
    for person in class_:
        for step in STEPS:
            told, truth = results.get((person.name, step)), person.truth(step)
            if not (told and truth.holds(told)):
                what = next((p.name for p in person.programs if p.step == step), "nothing")
                lines.append(f"{person.name!r} ({person.form.name}) step {step}: {what}")
                lines += [f"    must be: {truth.words}", f"    but is:  {_in_words(told)}"]
    return lines


def _in_words(results):
    """Return results in a line."""
    if not results:
        return "no verdict"
    lost = [r["observed"] for r in results if r["check"].endswith(".0")]
    return ", ".join(lost or corpus.failures(results)) or "passes"


# ---- The class, judged


def judge(folder: str, results: str, jobs: int, **options):
    """Judge a class as `make grade` does."""
    words = [sys.executable, "-IBm", "lab", "grade", folder, results, str(jobs), "1-5"]
    return subprocess.run(words, cwd=ROOT, **options)


def verdicts(results: str) -> dict:
    """Return the results that are kept in a folder, by name and step of the program."""
    found = {}
    with open(f"{results}/results.jsonl") as lines:
        for result in map(json.loads, lines):
            found.setdefault((result["learner"], result["of_step"]), []).append(result)
    return found


def main(number: int) -> int:
    """Judge a class of so many people; list what is not the truth, and what took longest."""
    with tempfile.TemporaryDirectory(
        dir="/var/tmp", prefix="class-"
    ) as top:  # no lab host has a /tmp
        folder, results = f"{top}/class", f"{top}/results"
        class_ = people(number, folder, results, of_corpus("hostile"))
        hand_in(class_, folder)
        begin = time.monotonic()
        judge(folder, results, 2 * len(os.sched_getaffinity(0)))
        took, told = time.monotonic() - begin, verdicts(results)
    wrong = differences(class_, told)
    print("", *wrong, *dearest(class_, told), sep="\n")
    programs = sum(len(person.programs) for person in class_)
    print(f"{len(class_)} people, {programs} programs in {took:.0f} s,", end=" ")
    print(f"{len(wrong) // 3} verdicts that are not the truth")
    return int(bool(wrong))


def dearest(class_, told) -> list:
    """Return in lines which ten programs took longest."""
    names = {(person.name, p.step): p.name for person in class_ for p in person.programs}
    costs = {key: sum(r["ms"] for r in results) / 1000 for key, results in told.items()}
    keys = sorted(costs, key=costs.get, reverse=True)[:10]
    return [f"{costs[key]:6.1f} s  {names.get(key, 'nothing')}" for key in keys]


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit("how many people?  make soak-class N=200")
    sys.exit(main(int(sys.argv[1])))

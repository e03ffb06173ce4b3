"""What people have handed in: a folder or a zip for each, or a list of checkouts.

Nothing of it is trusted.  No link is followed, no large file is read, and of all that is there
only steps/NN_topic/container.py counts; or NN_topic/container.py or NN_topic.py, because an
upload loses folders; or a container.py at the top, which is the last step's.
"""

import io
import os
import stat
import zipfile
import zlib
from typing import NamedTuple

from lab import course

LARGEST = 256 << 10  # bytes of a program; the finished one has four thousand
ALONE = "container.py"
DEEPEST = 2  # folders that a person's steps/ may be below the top
MOST_ENTRIES = 10_000  # of a zip; a course has a few hundred
MOST_READ = 4 << 20  # bytes of a zip at once: the list of that many entries has two million
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack gigabytes in one go
ADDED = (".", "__MACOSX")  # how folders begin that nobody has made


class Submission(NamedTuple):
    """What one person has handed in."""

    name: str
    path: str


class Programs(NamedTuple):
    """What of one person is to be judged: programs, by step."""

    learner: str
    programs: dict


class CannotRead(Exception):
    """A program cannot be taken as it is; str() says why, in a line."""


def find(path: str) -> list:
    """Return the submissions in a folder, or in a list of checkouts, sorted by name.

    A line of a list is the path of a checkout, or a name, a blank and a path.  ValueError if
    two have one name; OSError if the folder or the list cannot be read.
    """
    found = _listed(path) if os.path.isfile(path) else _in_folder(path)
    names = [submission.name for submission in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two submissions have one name: {', '.join(twice)}")
    return sorted(found)


def _in_folder(path):
    """Return the folders and zips in a folder."""
    found = []
    for entry in os.scandir(path):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            found.append(Submission(entry.name, entry.path))
        elif entry.name.endswith(".zip") and entry.is_file(follow_symlinks=False):
            found.append(Submission(entry.name.removesuffix(".zip"), entry.path))
    return found


def _listed(path):
    """Return the checkouts that a list names; a path is seen from the list's folder."""
    found = []
    with open(path) as lines:
        for line in lines:
            words = line.split(maxsplit=1)
            if words and not line.startswith("#"):
                place = os.path.join(os.path.dirname(path), words[-1].strip())
                name = words[0] if words[1:] else os.path.basename(place.rstrip("/"))
                found.append(Submission(name, place))
    return found


def program(submission: Submission, step: int, last: int) -> "bytes | None":
    """Return the program of a step as it was handed in; None if it was not.

    CannotRead with the reason if there is something that is no such program.
    """
    topic = course.STEPS[step - 1]
    wanted = [f"steps/{topic}/container.py", f"{topic}/container.py", f"{topic}.py"]
    at_top = [ALONE] if step == last else []
    if os.path.isdir(submission.path):
        return _from_folder(submission.path, wanted, at_top)
    return _from_zip(submission.path, wanted, at_top)


def _from_folder(folder, wanted, at_top):
    """Return the first file of a folder that is there, or of the one folder that is all in it."""
    for depth in range(DEEPEST + 1):
        for path in [*wanted, *at_top] if depth == 0 else wanted:
            found = _from_tree(folder, path.split("/"))
            if found is not None:
                return found
        inside = [e for e in os.scandir(folder) if _is_folder(e)]
        if len(inside) != 1:
            return None
        folder = inside[0].path
    return None


def _is_folder(entry):
    """Whether it is a folder that somebody has made, and no link to one."""
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(ADDED)


def _from_tree(folder, parts):
    """Return a file, going down folder by folder; a link on the way is no way."""
    opened = [os.open(folder, os.O_RDONLY | os.O_DIRECTORY)]
    try:
        for part in parts:
            # O_NONBLOCK: a FIFO would wait for somebody who writes to it.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            opened.append(os.open(part, flags, dir_fd=opened[-1]))
        return _read(opened[-1])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotRead(f"{part} is no file that is simply there: {error.strerror}") from None
    finally:
        for fd in opened:
            os.close(fd)


def _read(fd):
    """Return what is in an open file, if it is one, and not too large."""
    known = os.fstat(fd)
    if not stat.S_ISREG(known.st_mode):
        raise CannotRead("container.py is no file")
    with open(fd, "rb", closefd=False) as file:
        return _not_too_large(file.read(LARGEST + 1))


def _from_zip(path, wanted, at_top):
    """Return a member of a zip; of two steps/ the one that is less deep."""
    try:
        with _Careful(path) as file, zipfile.ZipFile(file) as archive:
            entries = _entries(archive)
            found = _member(entries, wanted, at_top)
            if not found:
                return None
            with archive.open(_takeable(entries[found])) as member:
                return _not_too_large(member.read(LARGEST + 1))
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, zlib.error, EOFError) as error:
        why = str(error) or "it ends too early"
        raise CannotRead(f"the zip cannot be read: {why}") from None


class _Careful(io.FileIO):
    """A zip that is read in pieces: no list of entries in it is too long for the memory."""

    def read(self, size=-1):
        if size > MOST_READ:
            raise CannotRead(f"the zip has more than {MOST_ENTRIES} entries")
        return super().read(size)


def _entries(archive):
    """Return the entries of a zip by name; of two the last, which is what is left when unpacked."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise CannotRead(f"the zip has more than {MOST_ENTRIES} entries")
    return {entry.filename.replace("\\", "/"): entry for entry in entries}  # as Windows once did


def _takeable(entry):
    """Return an entry of a zip, if it is a file, and packed as files are."""
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise CannotRead("container.py is no file")
    if entry.compress_type not in METHODS:
        raise CannotRead("the zip cannot be read: container.py is not packed by deflate")
    return entry


def _member(names, wanted, at_top):
    """Return which of a zip's names is the file; None if there is none."""
    fits = [name for name in names if f"/{name}".endswith(f"/{wanted[0]}")]
    if fits:
        return min(fits, key=len)
    # solutions/NN_topic/container.py is nobody's; so the rest is looked for where it should be.
    tops = {name.partition("/")[0] for name in names} - {"__MACOSX"}
    below = [f"{top}/{path}" for top in tops for path in wanted if len(tops) == 1]
    return next((path for path in [*wanted, *below, *at_top] if path in names), None)


def _not_too_large(content):
    """Return a program, if it is not too large to be one."""
    if len(content) > LARGEST:
        raise CannotRead(f"container.py is larger than {LARGEST >> 10} KiB")
    return content

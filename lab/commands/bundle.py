"""`make bundle`: one file with all that a room without internet needs.

It holds the checkout as git has it, and in that a folder offline/: the packages that the first
run installs, for this machine's Python, and the tree of step 5.  The Makefile and `make rootfs`
take them from there.
"""

import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
from importlib import metadata

from lab import ROOT, __version__
from lab.commands import CANNOT, rootfs

NAME = "containers-from-scratch"
EXTRAS = ["check", "notebook"]  # what learners use; see pyproject.toml
SAID = """\
{path} is packed, {size} MB.
On a machine like this one (Python {python}, {machine}) unpack it with tar -xf,
and type in its folder: make check-step 1
"""


class CannotPackError(Exception):
    """Something cannot be packed; str() says what, and why."""


def main(words):
    """Pack the extras that the words name, or those that learners use."""
    python, machine = ".".join(platform.python_version_tuple()[:2]), platform.machine()
    path = f"{NAME}-{__version__}-py{python.replace('.', '')}-{machine}.tar"
    try:
        with tempfile.TemporaryDirectory() as folder:
            put_packages(f"{folder}/wheels", words or EXTRAS)
            rootfs.fill(f"{folder}/rootfs")
            with open(f"{folder}/about", "w") as about:
                about.write(f"Python {python} on {machine}")
            pack(f"{ROOT}/{path}", folder)
    except (CannotPackError, rootfs.Missing) as error:
        print(error, file=sys.stderr)
        return CANNOT
    size = round(os.path.getsize(f"{ROOT}/{path}") / 1e6)
    print(SAID.format(path=path, size=size, python=python, machine=machine), end="")
    return 0


def put_packages(folder, extras):
    """Put the packages that some extras need into a folder, as wheels for this Python."""
    print(f"packing what is installed for {' and '.join(extras)} ...", flush=True)
    words = [sys.executable, "-Im", "pip", "wheel", "-q", "--disable-pip-version-check"]
    if subprocess.run([*words, "--wheel-dir", folder, *requirements(extras)], cwd=ROOT).returncode:
        raise CannotPackError("not packed: pip could not get all packages; its lines are above")


def requirements(extras):
    """Return what some extras need, and what installs the workshop itself."""
    with open(f"{ROOT}/pyproject.toml") as file:
        found = re.findall(r'^requires = \["(.+)"\]$', file.read(), re.M)
    for line in metadata.requires(NAME):
        what, _, condition = line.partition(";")
        if any(f"extra == {extra!r}" in condition.replace('"', "'") for extra in extras):
            found.append(what.strip())
    return found


def pack(path, offline):
    """Write the archive: what git has, and the folder offline/ beside it."""
    archive_commit(f"{path}.new")
    with tarfile.open(f"{path}.new", "a") as archive:
        archive.add(offline, f"{NAME}/offline", filter=as_of_nobody)
    os.replace(f"{path}.new", path)


def archive_commit(path):
    """Write an archive of what git has of the last commit, in a folder of the workshop's name."""
    if git("status", "--porcelain"):
        print("what is not committed is not packed: see git status")
    git("archive", f"--prefix={NAME}/", f"--output={path}", "--format=tar", "HEAD")


def git(*words):
    """Return what git says of the checkout."""
    try:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotPackError("not packed: there is no git here") from None
    if done.returncode:
        raise CannotPackError(f"not packed: git says: {done.stderr.strip()}")
    return done.stdout


def as_of_nobody(member):
    """Take out who packed: what is unpacked belongs to who unpacks it."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode |= 0o755 if member.isdir() else 0o644
    return member

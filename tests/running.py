"""Programs that the tests start: each a process of its own, each with a deadline."""

import os
import shutil
import subprocess
import sys
from typing import NamedTuple

import pytest

from lab import ROOT
from lab.session import IS_EMULATED
from lab.streams import Streams

PATIENCE = 200.0 if IS_EMULATED else 20.0  # seconds for a program to answer or to end
NOBODY = 65534
NOT_COPIED = ".venv* rootfs rootfs.[~n]* .git .lab my-* __pycache__ *.tar artifacts offline".split()
AUTHOR = "-c user.name=nobody -c user.email=nobody@localhost"
# A copy: pytest renames the current test in os.environ while a thread of ours may start one.
ENVIRONMENT = dict(os.environ)
PYTHON = os.path.realpath(sys.executable)  # a lab host has no virtual environment to offer


class Answer(NamedTuple):
    """How a program ended, and what it printed."""

    status: int
    output: str
    errors: str


def run(*words, **options) -> Answer:
    """Run a program on this machine; TimeoutExpired if it takes too long."""
    usual = {"stdin": subprocess.DEVNULL, "timeout": PATIENCE, "env": ENVIRONMENT}
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, **{**usual, **options})
    return Answer(done.returncode, done.stdout, done.stderr)


def commit_copy(folder) -> None:
    """Make a copy of the checkout in which all is committed, also what is not yet here."""
    ignored = shutil.ignore_patterns(*NOT_COPIED)
    shutil.copytree(ROOT, folder, symlinks=True, ignore=ignored)
    for words in ("init -q", "add -A", f"{AUTHOR} commit -qm all"):
        subprocess.run(["git", "-C", folder, *words.split()], check=True)


def run_on(host, *words, **options) -> Answer:
    """Run a program on a lab host; TimeoutError if it takes too long."""
    streams = Streams()
    child = host.spawn(words, streams.theirs, **options)
    streams.release()
    try:
        status = child.wait(PATIENCE)
    finally:
        child.close()
        output, errors = streams.finish()
    return Answer(status, output, errors)


def python_on(host, source, *words) -> Answer:
    """Run lines of Python on a lab host, where `lab` can be imported."""
    return run_on(host, PYTHON, "-B", "-c", source, *words)


def as_nobody():
    """Return the words that run a command without root; skip if that is of no use here."""
    words = []
    if os.geteuid() == 0:
        ids = ["--reuid", str(NOBODY), "--regid", str(NOBODY)]
        # setpriv keeps root's capabilities until it executes a program: env(1).
        words = ["setpriv", *ids, "--clear-groups", "env"]
    probe = run(*words, "unshare", "--user", "--map-root-user", "--mount", "true", cwd="/")
    if probe.status:
        pytest.skip(f"cannot check here: no user namespaces without root: {probe.errors.strip()}")
    if run(*words, "cat", f"{ROOT}/lab/host.py", cwd="/").status:
        pytest.skip("cannot check here: only root can read the checkout")
    return words


def python_of(nobody):
    """Return a Python that somebody without root can run; skip if there is none."""
    old_enough = "import sys; sys.exit(sys.version_info < (3, 10))"
    for python in (PYTHON, "/usr/bin/python3", "/usr/local/bin/python3"):
        if os.path.exists(python) and run(*nobody, python, "-Ic", old_enough, cwd="/").status == 0:
            return python
    return pytest.skip("cannot check here: only root can run a Python of 3.10 or newer")

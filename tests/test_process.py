"""What is asked about a process that has ended, and that nobody has waited for yet."""

import os

import pytest

from lab.process import Process


@pytest.fixture
def zombie():
    """Return a process that has ended, and is still in the table."""
    pid = os.posix_spawnp("true", ["true"], {"PATH": os.environ["PATH"]})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    yield Process(pid)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("question", ["mounts", "namespaces", "root", "working_directory"])
def test_zombie_is_nobody_to_ask(zombie, question):
    """Whatever the kernel says of a zombie, for us it has ended."""
    with pytest.raises((FileNotFoundError, ProcessLookupError)):
        getattr(zombie, question)()

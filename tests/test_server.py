"""The process that runs commands for notebooks: whom it serves, and what it stands."""

import marshal
import os
import socket
import subprocess
import sys

import pytest
from running import NOBODY, PATIENCE, python_of, run

from lab import ROOT, client, wire


@pytest.fixture
def server():
    """Return the name of a server that lives as long as we do, or until the test is over."""
    owner = subprocess.Popen(["sleep", "1000"])
    name = f"containers-from-scratch/test-{os.urandom(8).hex()}"
    words = [sys.executable, "-IBc", client.MAIN, ROOT, "serve", name, str(owner.pid)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield name
        assert process.poll() is None, "it has died"
        owner.kill()
        owner.wait()
        assert process.wait(PATIENCE) == 0


def connect(name):
    """Return a connection to a server."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(PATIENCE)
    connection.connect(f"\0{name}")
    return connection


def ask(name, *words):
    """Have a server run a command; return its exit status and what it printed."""
    ours, theirs = os.pipe()
    with connect(name) as connection, open(os.devnull) as nothing, open(ours) as output:
        wire.send(connection, {"words": words}, [nothing.fileno(), theirs, theirs])
        os.close(theirs)
        said = output.read()
        return wire.receive(connection)[0]["status"], said


def test_command_runs_with_the_streams_that_were_given(server):
    """A command of make is run, and its status and what it prints come back."""
    status, said = ask(server, "lab", "echo hello; exit 3")
    assert (status, said) == (3, "hello\n")


def test_command_that_is_none_is_told(server):
    """What is no command ends as it does at a terminal."""
    status, said = ask(server, "nonsense")
    assert status == 2
    assert "there is no command" in said


NONSENSE = [b"xxxx", b"\0" * 50, *map(marshal.dumps, [{}, [1], 7, {"words": []}, {"words": 5}])]


@pytest.mark.parametrize("message", NONSENSE)
def test_nonsense_harms_nobody(server, message):
    """Who sends no request is sent away, and the next one is served."""
    with connect(server) as connection:
        connection.send(message)
        assert connection.recv(1) == b""
    assert ask(server, "lab", "echo hello")[0] == 0


def test_silent_visitor_is_in_nobodys_way(server):
    """Who connects and says nothing does not keep others waiting."""
    with connect(server):
        assert ask(server, "lab", "echo hello")[0] == 0


@pytest.mark.parametrize("message", [b"zzz", marshal.dumps({"signal": 99})])
def test_nonsense_ends_what_it_is_about(server, message):
    """On the connection of a command that runs, nonsense ends the command and nothing else."""
    with connect(server) as connection, open(os.devnull, "r+") as nothing:
        wire.send(connection, {"words": ["lab", "sleep 1000"]}, [nothing.fileno()] * 3)
        connection.send(message)
        assert wire.receive(connection)[0] == {"status": 137}
    assert ask(server, "lab", "echo hello")[0] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_other_people_are_not_served(server):
    """A process of somebody else may connect, and gets nothing."""
    nobody = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "env"]
    source = "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
    source += "s.connect(chr(0) + sys.argv[1]); print(s.recv(1))"
    answer = run(*nobody, python_of(nobody), "-Ic", source, server, cwd="/")
    assert answer.output == "b''\n", answer.errors

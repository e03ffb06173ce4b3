"""The side of a notebook's kernel: have a command of the workshop run in the server's process.

Nothing is left behind in the kernel: no thread, no open descriptor, no child but the server.
"""

import functools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from codecs import getincrementaldecoder

from lab import ROOT, wire

VARIABLE = "WORKSHOP_SERVER"  # in the environment: the name of the server, if there is one
READY = "ready"
# `lab` of this checkout, also where another one is installed.
MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from lab.__main__ import main; "
MAIN += "sys.exit(main(sys.argv[1:]))"
PATIENCE = 60.0  # seconds for a server to start; it may have to compile what it imports
CALM = 5.0  # seconds in which an interrupted command may come to its own end


class NoServerError(Exception):
    """There is no server, and none can be started; str() says why, in a line."""


def start(pid: int, root=()) -> str:
    """Start a server that lives as long as process `pid`; return its name.

    `root` are the words that make a command root's.  NoServerError with the reason.
    """
    name = f"containers-from-scratch/notebook-{os.urandom(16).hex()}"
    command = [*root, sys.executable, "-IBc", MAIN, ROOT, "serve", name, str(pid)]
    server = subprocess.Popen(
        command,
        stdin=None if root else subprocess.DEVNULL,  # sudo asks for a password there
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with server.stdout:
        said = server.stdout.readline().strip()
    if said != READY:
        raise NoServerError(f"the process that makes lab hosts ended with {server.wait(PATIENCE)}")
    os.environ[VARIABLE] = name
    _SERVERS.append(server)
    return name


_SERVERS = []  # so that Python does not warn that they still run


def run(words, show, apart=False) -> int:
    """Have the server run a command of the workshop, `lab WORDS`; return its exit status.

    `show` is called with what it prints, as it comes, and 1 or 2 for the stream; unless they
    are to be told apart, both come as 1, in the order in which they were printed.
    KeyboardInterrupt is passed on to the command, and raised when that has ended.
    NoServerError if there is no server and none can be started.
    """
    pipes = [os.pipe() for _ in range(2 if apart else 1)]
    with _connect() as connection, open(os.devnull) as nothing:
        wire.send(connection, {"words": list(words)}, [nothing.fileno(), pipes[0][1], pipes[-1][1]])
        for _, theirs in pipes:
            os.close(theirs)
        try:
            interrupt = functools.partial(wire.send, connection, {"signal": int(signal.SIGINT)})
            _follow(connection, {ours: n for n, (ours, _) in enumerate(pipes, 1)}, show, interrupt)
            answer, _ = wire.receive(connection)
        finally:
            for ours, _ in pipes:
                os.close(ours)
    if answer is None:
        raise NoServerError("the process that makes lab hosts has died: run the cell again")
    return answer["status"]


def run_here(words, show) -> int:
    """Run a program of this machine on a leash (lab.leash); return its exit status.

    `show` is called with what it prints; KeyboardInterrupt is passed on as by `run`.
    """
    leash = [sys.executable, "-ISB", f"{ROOT}/lab/leash.py", *words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(leash, cwd=ROOT, start_new_session=True, **pipes) as process:
        ended, interrupt = os.pidfd_open(process.pid), lambda: os.killpg(process.pid, signal.SIGINT)
        try:
            _follow(ended, {process.stdout.fileno(): 1}, show, interrupt)
        finally:
            process.stdin.close()
            os.close(ended)
    return process.returncode


def _follow(ended, pipes, show, interrupt):
    """Show what comes through pipes until `ended` can be read, and nothing more comes.

    Who interrupts is heard at once, and again if that brings no end.
    """
    decoders = {fd: getincrementaldecoder("utf-8")("replace") for fd in pipes}
    waiting, interrupted = [ended, *pipes], False
    while True:
        try:
            ready = select.select(waiting, [], [], CALM if interrupted else None)[0]
            for fd in (fd for fd in ready if fd is not ended):
                data = os.read(fd, 65536)
                show(decoders[fd].decode(data, final=not data), pipes[fd])
                if not data:
                    waiting.remove(fd)
            if ready in ([], [ended]):  # with nothing to read beside it
                break
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            interrupt()
    if interrupted:
        raise KeyboardInterrupt


def _connect():
    """Return a connection to the server; one is started if there is none."""
    connection = _open(os.environ.get(VARIABLE))
    if connection:
        return connection
    name = start(os.getpid(), sudo())
    connection = _open(name)
    if not connection:
        raise NoServerError("the process that makes lab hosts does not answer")
    return connection


def _open(name):
    """Return a connection to the server of a name, or None."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        if name:
            connection.connect(f"\0{name}")
            return connection
    except OSError:
        pass
    connection.close()
    return None


def sudo() -> list:
    """Return the words that make a command root's without asking; none if that cannot be."""
    if os.geteuid() == 0 or not shutil.which("sudo"):
        return []
    allowed = subprocess.run(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True)
    return [] if allowed.returncode else ["sudo", "-n"]

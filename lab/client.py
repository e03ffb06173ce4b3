"""The side of a notebook's kernel: have a command of the workshop run in the server's process.

Nothing is left behind in the kernel: no thread, no open descriptor, no child but the server.
"""

import contextlib
import functools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from codecs import getincrementaldecoder

from lab import ROOT, wire
from lab.process import exit_status

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
    asks = bool(root) and "-n" not in root  # sudo, for a password, at our terminal
    server = subprocess.Popen(
        [*root, sys.executable, "-IBc", MAIN, ROOT, "serve", name, str(pid)],
        stdin=None if asks else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=not asks,  # what interrupts a cell is not for the server
    )
    try:
        with server.stdout:
            said = server.stdout.readline().strip()
        if said != READY:
            status = server.wait(PATIENCE)
            raise NoServerError(f"what makes lab hosts ended with {status}: try make notebook")
    except BaseException:
        server.kill()
        server.wait()
        raise
    _servers[:] = [old for old in _servers if old.poll() is None] + [server]
    os.environ[VARIABLE] = name
    return name


_servers = []  # that we have started, and wait for when they have ended


def run(words, show, apart=False) -> int:
    """Have the server run a command of the workshop, `lab WORDS`; return its exit status.

    `show` is called with what it prints, as it comes, and 1 or 2 for the stream; unless they
    are to be told apart, both come as 1, in the order in which they were printed.
    KeyboardInterrupt is passed on to the command, and raised when that has ended.
    NoServerError if there is no server and none can be started.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(_connect())
        pipes = [_pipe(stack) for _ in range(2 if apart else 1)]
        nothing = stack.enter_context(open(os.devnull))
        streams = [nothing.fileno(), pipes[0][1].fileno(), pipes[-1][1].fileno()]
        wire.send(connection, {"words": list(words)}, streams)
        for _, theirs in pipes:
            theirs.close()
        interrupt = functools.partial(wire.send, connection, {"signal": int(signal.SIGINT)})
        numbers = {ours.fileno(): number for number, (ours, _) in enumerate(pipes, 1)}
        _follow(connection, numbers, show, interrupt)
        answer, _ = wire.receive(connection)
    if answer is None:
        raise NoServerError("what makes lab hosts has died: run the cell again")
    return answer["status"]


def _pipe(stack):
    """Return both ends of a pipe, which are closed with the stack."""
    return [stack.enter_context(open(fd, mode)) for fd, mode in zip(os.pipe(), "rw", strict=True)]


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
    return exit_status(process.returncode)


def _follow(ended, pipes, show, interrupt):
    """Show what comes through pipes until `ended` can be read, and nothing more comes.

    Who interrupts is heard at once, and again if that brings no end.
    """
    decoders = {fd: getincrementaldecoder("utf-8")("replace") for fd in pipes}
    waiting, deadline = [ended, *pipes], None
    while deadline is None or time.monotonic() < deadline:
        try:
            patience = None if deadline is None else max(0, deadline - time.monotonic())
            ready = select.select(waiting, [], [], patience)[0]
            for fd in (fd for fd in ready if fd is not ended):
                data = os.read(fd, 65536)
                show(decoders[fd].decode(data, final=not data), pipes[fd])
                if not data:
                    waiting.remove(fd)
            if ready == [ended]:  # with nothing to read beside it
                break
        except KeyboardInterrupt:
            if deadline is not None:
                raise
            deadline = time.monotonic() + CALM
            with contextlib.suppress(OSError):  # it has just ended
                interrupt()
    for fd, decoder in decoders.items():
        show(decoder.decode(b"", final=True), pipes[fd])
    if deadline is not None:
        raise KeyboardInterrupt


def _connect():
    """Return a connection to the server; one is started if there is none."""
    connection = _open(os.environ.get(VARIABLE))
    if connection:
        return connection
    name = start(os.getpid(), sudo())
    connection = _open(name)
    if not connection:
        raise NoServerError("what makes lab hosts does not answer")
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

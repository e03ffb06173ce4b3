"""The side of a notebook's kernel: have a command of the workshop run in the server's process.

Nothing is left behind in the kernel: no thread, no open descriptor, no child but the server.
"""

import os
import select
import selectors
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


def run(words, show) -> int:
    """Run a command of the workshop, `lab WORDS`; return its exit status.

    `show` is called with what it prints, as it comes, and 1 or 2 for the stream.
    KeyboardInterrupt is passed on to the command, and raised when that has ended.
    NoServerError if there is no server and none can be started.
    """
    outputs = [os.pipe(), os.pipe()]
    connection = _connect()
    with open(os.devnull, "rb") as nothing, connection:
        wire.send(connection, {"words": list(words)}, [nothing.fileno(), *(w for _, w in outputs)])
        for _, theirs in outputs:
            os.close(theirs)
        try:
            return _follow(
                connection, {r: number for number, (r, _) in enumerate(outputs, 1)}, show
            )
        finally:
            for ours, _ in outputs:
                os.close(ours)


def listen(process, show) -> int:
    """Show what a command on a leash prints; return its exit status.

    KeyboardInterrupt is passed on to it, and raised when it has ended: see lab.leash.
    """
    decode, interrupted = getincrementaldecoder("utf-8")("replace").decode, False
    while True:
        try:
            ready = select.select([process.stdout], [], [], CALM if interrupted else None)[0]
            data = os.read(process.stdout.fileno(), 65536) if ready else b""
            show(decode(data))
            if not data:
                break
        except KeyboardInterrupt:
            if interrupted:
                break
            interrupted = True
            os.killpg(process.pid, signal.SIGINT)
    process.stdin.close()
    status = process.wait()
    if interrupted:
        raise KeyboardInterrupt
    return status


def _follow(connection, pipes, show):
    """Show what comes until the command has ended; return its exit status."""
    talk, interrupted = _Talk(connection, pipes, show), False
    while True:
        try:
            talk.listen(CALM if interrupted else None)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            wire.send(connection, {"signal": 2})
            continue
        if interrupted:
            raise KeyboardInterrupt
        if talk.status is None:
            raise NoServerError("the process that makes lab hosts has died: run the cell again")
        return talk.status


class _Talk:
    """What a command says, stream by stream, and in the end its exit status."""

    def __init__(self, connection, pipes, show):
        self.status, self._show = None, show
        self._connection, self._pipes = connection, pipes
        self._decoders = {fd: getincrementaldecoder("utf-8")("replace") for fd in pipes}

    def listen(self, patience):
        """Show what comes until the end, or until nothing has come for some seconds."""
        with selectors.DefaultSelector() as waiting:
            for fd in (self._connection, *self._pipes):
                waiting.register(fd, selectors.EVENT_READ)
            while waiting.get_map():
                ready = [key.fileobj for key, _ in waiting.select(patience)]
                for fd in (fd for fd in ready if fd in self._pipes):
                    self._pass_on(fd, waiting)
                # What it has printed is all there when it has ended; a daemon may still print.
                if self._connection in ready and not self._more(ready):
                    return self._end()
                if not ready:
                    return None
        return None

    def _more(self, ready):
        """Whether one of the pipes may hold something that was printed before the end."""
        return any(fd in self._pipes for fd in ready)

    def _pass_on(self, fd, waiting):
        """Show what has come from one of the pipes."""
        data = os.read(fd, 65536)
        if not data:
            waiting.unregister(fd)
        text = self._decoders[fd].decode(data, final=not data)
        if text:
            self._show(text, self._pipes[fd])

    def _end(self):
        """Read how the command ended."""
        answer, _ = wire.receive(self._connection)
        self.status = answer["status"] if answer else None


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

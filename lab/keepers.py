"""How the keeper of a lab host is started: by itself, or by a fork server if many are needed."""

import contextlib
import os
import socket
import subprocess
import sys

from lab import ROOT, wire

# A copy: execve(2) fails with EFAULT where another thread changes os.environ meanwhile.
_ENVIRONMENT = dict(os.environ)
_server = None  # the socket of the one that is there


def sockets() -> tuple:
    """Return two connected sockets, ours and theirs."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Server:
    """A process that is forked for each lab host that is made within the `with` block.

    Also for those that processes make which were forked there.  At its end all are gone.
    """

    def __enter__(self):
        global _server
        _server, theirs = sockets()
        self._process = _start("serve", theirs)
        self.pid = self._process.pid
        return self

    def __exit__(self, *error):
        global _server
        _server.close()
        _server = None
        self._process.wait()


def begin(theirs) -> tuple:
    """Start a keeper that listens to a socket; return its pidfd, and what waits for its end."""
    pidfd = _server and _forked(theirs)
    if pidfd:
        theirs.close()
        return pidfd, lambda: None
    process = _start("keep", theirs)
    return os.pidfd_open(process.pid), process.wait


def _forked(theirs):
    """Return the pidfd of a keeper from the server; None if that has been killed."""
    answer, reply = sockets()
    with answer:
        with reply, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            wire.send(_server, None, [theirs.fileno(), reply.fileno()])
        _, pidfds = wire.receive(answer)
    return pidfds[0] if pidfds else None


def _start(mode, theirs):
    """Start the program with a socket, which is closed here."""
    with theirs:
        return subprocess.Popen(
            [sys.executable, "-ISB", f"{ROOT}/lab/keeper.py", mode, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what is in there must not reach ours
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=_ENVIRONMENT,
        )

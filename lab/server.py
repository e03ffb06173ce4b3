"""Runs the commands of the workshop for notebooks: each in a fork of a process that waits.

A notebook's kernel is the learner's, has threads, and must stay as it is; lab hosts are made
by root.  So the kernel only asks, and gives three descriptors.  The commands are the ones of
`make`, and find everything imported.  When who asked is gone, so is the command; when the
owner of the server is gone, so is the server.
"""

import os
import select
import signal
import socket
import struct
import sys
import traceback

from lab import ROOT, confine, wire
from lab.__main__ import main as run_command
from lab.process import exit_status

CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid: unix(7)
ORPHANS = 1.0  # seconds; the keeper of a lab host whose command was killed ends without notice


def serve(name: str, owner: int, say) -> None:
    """Serve at the abstract socket `name` until process `owner` ends; `say` it is ready.

    ProcessLookupError if there is no such process.
    """
    watched = os.pidfd_open(owner)
    uid = os.stat(f"/proc/{owner}").st_uid
    confine.adopt()
    for signum in (signal.SIGINT, signal.SIGHUP):  # Ctrl-C at the terminal is for the owner
        signal.signal(signum, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        say()
        _Server(listener, uid).go_on(watched)


class _Server:
    """The commands that run, each with the connection of who asked for it."""

    def __init__(self, listener, uid):
        self._listener, self._uid = listener, uid
        self._silent = {}  # by descriptor: connections that have not asked for anything yet
        self._jobs = {}  # by descriptor: each stands here twice

    def go_on(self, owner):
        """Start what is asked for, until the owner is gone."""
        while True:
            waiting = [owner, self._listener, *self._silent, *self._jobs]
            ready = select.select(waiting, [], [], ORPHANS)[0]
            self._bury_orphans()
            for fd in ready:
                if fd == owner:
                    return self._end_all()
                if fd is self._listener:
                    self._accept()
                elif fd in self._silent:
                    self._start(self._silent.pop(fd))
                elif fd in self._jobs:  # the one before may have ended it
                    self._attend(fd)

    def _accept(self):
        """Let somebody in, if it is the one whom we serve."""
        connection, _ = self._listener.accept()
        packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        _, uid, _ = CREDENTIALS.unpack(packed)
        if uid in (self._uid, 0):
            self._silent[connection.fileno()] = connection
        else:
            connection.close()

    def _start(self, connection):
        """Start what somebody asks for."""
        request, streams = _heard(connection)
        words = request.get("words") if isinstance(request, dict) else None
        if not words or len(streams) != 3:
            for fd in streams:
                os.close(fd)
            return connection.close()
        job = _Job(connection, [str(word) for word in words], streams)
        self._jobs[job.pidfd] = self._jobs[connection.fileno()] = job

    def _attend(self, fd):
        """Pass Ctrl-C on; end a command that nobody waits for; tell how one has ended."""
        job = self._jobs[fd]
        if fd != job.pidfd and _heard(job.connection)[0] == {"signal": int(signal.SIGINT)}:
            return job.interrupt()
        for known in (job.pidfd, job.connection.fileno()):
            del self._jobs[known]
        job.end()

    def _bury_orphans(self):
        """Forget the children that have ended and are no commands."""
        jobs = {job.pid for job in self._jobs.values()}
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None or ended.si_pid in jobs:
                return
            os.waitpid(ended.si_pid, 0)

    def _end_all(self):
        """End all commands."""
        for job in set(self._jobs.values()):
            job.end()


class _Job:
    """One command in a process of its own."""

    def __init__(self, connection, words, streams):
        self.connection = connection
        self.pid = os.fork()
        if self.pid == 0:
            _be(words, streams)
        self.pidfd = os.pidfd_open(self.pid)
        for fd in streams:
            os.close(fd)

    def interrupt(self):
        """Press Ctrl-C; the command has children that it tells itself."""
        signal.pidfd_send_signal(self.pidfd, signal.SIGINT)

    def end(self):
        """End the command if it still runs, and tell who waits for it."""
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)  # a zombie does not mind
        _, status = os.waitpid(self.pid, 0)
        try:
            wire.send(self.connection, {"status": exit_status(os.waitstatus_to_exitcode(status))})
        except OSError:  # nobody waits
            pass
        os.close(self.pidfd)
        self.connection.close()


def _heard(connection):
    """Return the next message and its descriptors; no message from who speaks no sense."""
    try:
        return wire.receive(connection)
    except (ValueError, EOFError, TypeError, OSError):  # marshal is as strict as that
        return None, []


def _be(words, streams):
    """In the child: become a command with these three streams."""
    status = 4
    try:
        confine.die_with_parent()
        os.setsid()
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        sys.stdout.reconfigure(line_buffering=True)
        os.chdir(ROOT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = run_command(words)
    except SystemExit as error:
        status = error.code
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)

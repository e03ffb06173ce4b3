"""The lab host: a throwaway machine for root programs to be wrong in.

It has a host name, processes, mounts, network and control groups of its own, the real
machine's files as a copy that is thrown away, and a shared "/" as under systemd: what a
container leaks shows there and goes no further.  When its last handle is closed,
everything in it is gone, also after `kill -9` of the caller.

It is a seat belt against mistakes and no jail against malice: the kernel is shared.  A
program that mounts a proc of its own can write to the machine's settings in its sys/.
Programs of strangers belong in the virtual machine (lab.vm).
"""

import contextlib
import os
import select
import signal
import socket
import sys

from lab import ROOT, cgroup, keepers, wire
from lab.process import Process, exit_status

LIMITS = (("memory.max", 512 << 20), ("memory.swap.max", 0), ("pids.max", 256))
PATIENCE = 30.0  # seconds for a lab host to be ready or gone; under emulation it is slow
SHARED_NAME = f"containers-from-scratch/{os.environ.get('SUDO_UID', os.getuid())}"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_hidden = []  # folders of this machine that no lab host shows


class LabError(Exception):
    """A lab host could not be made, or died; str() says why."""


class LabDied(LabError):
    """The lab host was up, and a program in it brought it down."""


class Host:
    """A running lab host; leaving the `with` block destroys it and all in it."""

    def __init__(self, layers=(), name=None):
        """Start a lab host.

        `layers` are (folder, place): a copy of the folder appears at the place.  A host
        with a `name` can be joined from other terminals.  LabError where the kernel
        does not allow it.
        """
        self._handle, theirs = keepers.sockets()
        self._keeper, self._wait = keepers.begin(theirs)
        wire.send(self._handle, _plan(layers, name))
        self._pid = self._pidfd = self._no_groups = None

    @property
    def pid(self) -> int:
        """The number of its process 1, as this machine counts; waits until it is ready."""
        if self._pid is None:
            answer, fds = _receive(self._handle, PATIENCE)
            if not answer or "error" in answer:
                raise LabError(answer["error"] if answer else "it died while it started")
            self._pidfd, self._pid = fds[0], _number(fds[0])
            self._no_groups = answer["no_groups"]
        return self._pid

    @property
    def no_groups(self) -> "str | None":
        """Why it has no control groups; None if it has them.  Waits until it is ready."""
        return self._no_groups if self.pid else None

    def spawn(self, argv, streams, env=None, cwd="/", enter=()) -> "Child":
        """Start a program as root of the lab host, with these three descriptors.

        It enters the namespaces that the descriptors in `enter` refer to.  Without words it
        is no program, and prints the host name: no file of the lab host can be trusted.
        """
        return Child(self.pid and self._handle, argv, streams, env, cwd, enter)

    def host_name(self, pid=None) -> str:
        """Return the lab host's name, or the one that a process in it sees."""
        namespaces = [os.open(f"/proc/{pid}/ns/uts", os.O_RDONLY)] if pid else []
        ours, theirs = os.pipe()
        try:
            child = self.spawn([], [theirs] * 3, enter=namespaces)
        finally:
            for fd in (theirs, *namespaces):
                os.close(fd)
        with open(ours) as answer:
            name = answer.read()
        child.wait(PATIENCE)
        child.close()
        return name

    def file(self, path: str) -> str:
        """Return a path by which this machine reaches a file of the lab host."""
        return f"/proc/{self.pid}/root{path}"

    def group_root(self, controller: str) -> str:
        """Return the directory of the control group that it sees as the root."""
        group = Process(self.pid).group(controller)
        return group if cgroup.version() == 1 else os.path.dirname(group)

    def leave(self) -> None:
        """Close the handle; the lab host ends when it was the last, and nobody waits."""
        self._handle.close()

    def close(self) -> None:
        """End the lab host; returns when everything in it is gone."""
        self.leave()
        # Popen.wait() with a timeout looks again every few milliseconds; this is told.
        gone = self._keeper
        if not select.select([gone], [], [], PATIENCE / 10)[0] and self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)  # it may have been stopped
        ended, _, _ = select.select([gone], [], [], PATIENCE)
        for fd in filter(None, (gone, self._pidfd)):
            os.close(fd)
        self._pidfd = None
        if not ended:
            raise LabError("the lab host does not end")
        self._wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def join(name=SHARED_NAME):
    """Return a handle of the named lab host that runs already, or None."""
    handle = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        handle.connect(f"\0{name}")
    except ConnectionRefusedError:
        handle.close()
        return None
    return handle


class Child:
    """A program that was started on a lab host."""

    def __init__(self, handle, argv, streams, env=None, cwd="/", enter=()):
        """Ask for the program; without `streams` it gets a new terminal."""
        self._socket, theirs = keepers.sockets()
        request = {
            "argv": [str(word) for word in argv],
            "env": {**environment(), **(env or {})},
            "cwd": cwd,
            "terminal": not streams,
        }
        with theirs, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            wire.send(handle, request, [theirs.fileno(), *streams, *enter])
        answer, fds = _receive(self._socket, PATIENCE)
        if not answer or "error" in answer:
            self._socket.close()
            raise LabDied(answer["error"] if answer else "the lab host is gone")
        self.pidfd, *self.terminal = fds
        self.pid = _number(self.pidfd)
        self.status = None

    def wait(self, timeout=None):
        """Return its exit status as a shell would: n, or 128 + n for signal n.

        TimeoutError after `timeout` seconds; LabDied if the lab host died with it.
        """
        if self.status is None:
            answer, _ = _receive(self._socket, timeout)
            if answer is None:
                raise LabDied("the lab host is gone")
            self.status = exit_status(os.waitstatus_to_exitcode(answer["status"]))
        return self.status

    def kill(self, signum=signal.SIGKILL) -> None:
        """Send it a signal; nothing happens if it has ended."""
        try:
            signal.pidfd_send_signal(self.pidfd, signum)
        except ProcessLookupError:
            pass

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return not select.select([self.pidfd], [], [], 0)[0]

    def close(self) -> None:
        """Forget the program; it goes on if it still runs."""
        self._socket.close()
        for fd in (self.pidfd, *self.terminal):
            os.close(fd)


def environment() -> dict:
    """Return the environment of every program on a lab host: nothing of the caller's."""
    return {
        "PATH": PATH,
        "HOME": "/root",
        "USER": "root",
        "LANG": "C.UTF-8",
        "TERM": os.environ.get("TERM", "linux"),
        "PYTHONPATH": ROOT,
    }


def hide(folder: str) -> None:
    """Show no lab host that is made from here on what is in a folder of this machine.

    Does nothing if the workshop or Python is in there.
    """
    path = os.path.realpath(folder)
    if not any(_is_below(needed, path) for needed in (ROOT, sys.prefix, sys.base_prefix)):
        _hidden.append(path)


def _plan(layers, name):
    """Return what the keeper needs to know; see lab.machine."""
    root = os.geteuid() == 0
    layers = [*_apart(), *layers]
    return {
        "layers": [*layers, *_empty(layers)],
        "limits": LIMITS,
        "user": () if root else (os.getuid(), os.getgid()),
        "name": name,
    }


def _apart():
    """Return layers for the folders that are needed and not on the root filesystem."""
    device = os.stat("/").st_dev
    wanted = dict.fromkeys(map(os.path.realpath, (ROOT, sys.prefix, sys.base_prefix)))
    hidden = ("/tmp/", "/run/", "/dev/", "/mnt/")
    return [
        (folder, folder)
        for folder in wanted
        if os.geteuid() or folder.startswith(hidden) or os.stat(folder).st_dev != device
    ]


def _empty(layers):
    """Yield layers without a folder, which are empty: wherever a hidden one would be seen."""
    for folder, place in (("/", "/"), *layers):
        for path in _hidden:
            if _is_below(path, folder):
                yield None, os.path.normpath(f"{place}/{os.path.relpath(path, folder)}")


def _is_below(path, folder):
    """Whether a path is that of a folder, or of something in it."""
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _receive(sock, timeout):
    """Return the next message; TimeoutError if none comes in `timeout` seconds."""
    if not select.select([sock], [], [], timeout)[0]:
        raise TimeoutError(f"no answer from the lab host in {timeout} s")
    try:
        return wire.receive(sock)
    except ConnectionResetError:
        return None, []


def _number(pidfd):
    """Return the process number behind a pidfd, as this machine counts."""
    with open(f"/proc/self/fdinfo/{pidfd}") as info:
        return int(info.read().partition("Pid:")[2].split()[0])

"""Process 1 of a lab host: enters the new root, closes the doors, and starts programs.

It starts what the handles ask for, and ends when the last handle is closed; the kernel
then kills all that is left.
"""

import _socket
import os
import select
import struct

from lab import confine, linux, wire

READ_ONLY = ("/proc/sys", "/proc/sysrq-trigger")
# A UTS namespace has its own; sysctl(8) and echo(1) are as good as sethostname(2).
WRITABLE = ("/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname")
# The kernel gives a user namespace a proc only where there is one with nothing hidden.
WHOLE_PROC = "/dev/.proc"


def boot(handle, listener, root, no_groups):
    """As process 1: enter the root, close the doors, and serve."""
    # Python's handler for SIGINT would lift the kernel's protection: kill -INT 1.
    linux.signal(linux.SIGINT, linux.SIG_IGN)
    proc = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", f"{root}/proc", "proc", proc)
    enter(root)
    os.mkdir(WHOLE_PROC, 0o700)
    linux.mount("proc", WHOLE_PROC, "proc", proc)
    make_read_only(proc)
    # Shared, as systemd leaves it: in a private root no forgotten MS_PRIVATE would show.
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_SHARED)
    linux.sethostname("labhost")
    confine.drop_capabilities()
    confine.refuse_disks()
    os.environ.clear()
    wire.send(handle, {"no_groups": no_groups}, [os.pidfd_open(1)])
    serve([handle], listener)
    os._exit(0)


def enter(root):
    """Make `root` the root of the whole mount namespace, and detach the machine's.

    Entering our own mount namespace goes to its true root, also out of a chroot(2).  From
    there pivot_root(2) leaves nothing above, to which a program could climb.
    """
    inside, namespace = (os.open(path, os.O_RDONLY) for path in (root, "/proc/self/ns/mnt"))
    linux.setns(namespace, linux.CLONE_NEWNS)
    os.fchdir(inside)
    linux.pivot_root(".", ".")
    linux.umount2(".", linux.MNT_DETACH)
    linux.setns(namespace, linux.CLONE_NEWNS)
    if not os.path.samestat(os.stat("/"), os.fstat(inside)):
        raise OSError("the machine's root could not be left")
    os.close(inside)
    os.close(namespace)


def make_read_only(flags):
    """Take away what in /proc is the whole machine's: settings that have no namespace."""
    for path in filter(os.path.exists, (*READ_ONLY, *WRITABLE)):
        linux.mount(path, path, None, linux.MS_BIND)
    for path in filter(os.path.exists, READ_ONLY):
        linux.mount(None, path, None, linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | flags)


def serve(handles, listener, become=None):
    """Start what the handles ask for, and report how it ended, until all are closed.

    `become` is what a child does, in place of executing a program.
    """
    server = _Server(listener, become or _become)
    for handle in handles:
        server.add(handle)
    while server.handles:
        server.attend()


class _Server:
    """The handles of a lab host, and the programs that were started through them."""

    def __init__(self, listener, become):
        self.handles, self._started, self._become = {}, {}, become
        self._listener, self._poll = listener, select.poll()
        if listener:
            self._poll.register(listener, select.POLLIN)

    def add(self, handle):
        """Listen to one more handle."""
        self.handles[handle.fileno()] = handle
        self._poll.register(handle, select.POLLIN)

    def attend(self):
        """Wait until something happens, and do what it asks for."""
        # Orphans come without notice: the pause lets none wait long to be reaped.
        for fd, _ in self._poll.poll(100):
            if fd in self.handles:
                self._hear(fd)
            elif self._listener and fd == self._listener.fileno():
                handle = _accept(self._listener)
                if handle:
                    self.add(handle)
        for pid, status in ended():
            if pid in self._started:
                self._report(self._started.pop(pid), status)

    def _hear(self, fd):
        """Start what a handle asks for, or forget the handle if it was closed."""
        request, fds = wire.receive(self.handles[fd])
        if request is None:
            self._poll.unregister(fd)
            self.handles.pop(fd).close()
            return
        try:
            child = _Child(request, fds, self._become)
        except OSError as error:  # fork(2), where programs have used up what there is
            return _refuse(error, fds)
        self._started[child.pid] = child
        self._poll.register(child.pidfd, select.POLLIN)

    def _report(self, child, status):
        """Tell who asked for a program how it ended."""
        self._poll.unregister(child.pidfd)
        child.report(status)


def ended():
    """Yield (pid, wait status) of each child that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def _refuse(error, fds):
    """Tell who asked for a program why there is none."""
    reply = wire.opened(fds[0])
    wire.send(reply, {"error": f"{error.strerror}: no program can be started on the lab host"})
    for fd in fds[1:]:
        os.close(fd)
    reply.close()


class _Child:
    """One process that a handle asked for."""

    def __init__(self, request, fds, become):
        self.reply, streams, enter = wire.opened(fds[0]), fds[1:4], fds[4:]
        master = []
        if request["terminal"]:
            controller, terminal = os.openpty()
            master, streams, enter = [controller], [terminal] * 3, fds[1:]
        self.pid = os.fork()
        if self.pid == 0:
            become(request, streams, enter)
        self.pidfd = os.pidfd_open(self.pid)
        self._send({"pid": self.pid}, [self.pidfd, *master])
        for fd in {*streams, *master, *enter}:
            os.close(fd)

    def report(self, status):
        """Tell the caller how it ended: a wait status."""
        os.close(self.pidfd)
        self._send({"status": status})
        self.reply.close()

    def _send(self, message, fds=()):
        try:
            wire.send(self.reply, message, fds)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the caller does not want to know


def _become(request, streams, enter):
    """In the child: take the streams, enter namespaces, and turn into the program."""
    try:
        for fd in enter:
            linux.setns(fd)
        os.setsid()
        if request["terminal"]:  # the first terminal that a session's leader opens is its own
            os.close(os.open(os.ttyname(streams[0]), os.O_RDWR))
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        for signum in (linux.SIGINT, linux.SIGPIPE):
            linux.signal(signum, linux.SIG_DFL)
        _offer_to_oom_killer()
        if not request["argv"]:
            os.write(1, os.uname().nodename.encode())
            os._exit(0)
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    except BaseException as error:
        os.write(2, f"labhost: {request['argv'][0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _offer_to_oom_killer():
    """When the lab host's memory is full, the kernel should not pick process 1."""
    try:
        linux.write_file("/proc/self/oom_score_adj", 500)
    except OSError:
        pass  # a program has taken /proc away, which is its right here


def _accept(listener):
    """Return the handle of a terminal that joins, or None if it is somebody else's."""
    fd, _ = listener._accept()
    handle = wire.opened(fd)
    size = struct.calcsize("3i")
    credentials = handle.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, size)
    if struct.unpack("3i", credentials)[1] == 0:
        return handle
    handle.close()
    return None

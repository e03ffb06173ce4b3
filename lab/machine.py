"""The inside of a lab host: how the machine is made, and its process 1.

Three processes in a row.  The keeper makes the control groups, and removes them when all
is over.  The builder, its child, leaves the machine's namespaces and puts the lab host's
root together.  The builder's child is process 1 of the lab host: it starts what
the handles ask for, and ends when the last handle is closed; the kernel then kills all
that is left.

Run by `lab.host` in a process of its own.  Every check waits for its start, so it
imports only what starts quickly.
"""

import _socket
import os
import select
import struct
import sys

from lab import cgroup, confine, linux, wire

SCAFFOLD = "/mnt"  # where the new root is put together; only this process sees it
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
HIDDEN = ("/dev", "/proc", "/run", "/sys", "/tmp")  # not the real machine's
TOOLS = ("free", "hostname", "ps")
READ_ONLY = ("/proc/sys", "/proc/sysrq-trigger")
DISK, SCRATCH = "size=512m,mode=755", "size=256m,mode=1777"
LAB = (
    linux.CLONE_NEWUTS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWCGROUP
)


def main(fd):
    """Be the keeper of a lab host, to the plan that comes through socket `fd`."""
    os.set_inheritable(fd, False)
    handle = wire.opened(fd)
    plan, _ = wire.receive(handle)
    if plan is None:
        return
    try:
        listener = _listen(plan["name"]) if plan["name"] else None
    except OSError:
        return wire.send(handle, {"error": f"there is a lab host {plan['name']!r} already"})
    with _Groups(plan["limits"]) as groups:
        pid = os.fork()
        if pid == 0:
            _in_child(handle, build, handle, listener, plan, groups)
        handle.close()
        os.waitpid(pid, 0)


class _Groups:
    """The lab host's control groups: the limits, and below them the root it sees.

    Two levels, because the root of a control-group namespace can be written to from
    inside, and the level above cannot be reached.  `missing` says why there are none.
    """

    def __init__(self, limits):
        name = f"lab-{os.getpid()}"
        self._limits, self._outer = limits, cgroup.Group(name)
        self._inner = cgroup.Group(f"{name}/host")
        self.missing = None

    def __enter__(self):
        try:
            self._outer.create()
            for file, value in self._limits:
                self._outer.write(file, value)
            self._inner.create()
        except OSError as error:
            self.missing = str(error)
        return self

    def __exit__(self, *error):
        self._outer.remove_tree()

    def join(self):
        """Move this process to the root of the groups that the lab host sees."""
        if not self.missing:
            self._inner.join()


def _in_child(handle, function, *arguments):
    """Run a function that must not return; report what it raises to the caller."""
    try:
        confine.die_with_parent()
        function(*arguments)
    except BaseException as error:
        wire.send(handle, {"error": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(1)


def build(handle, listener, plan, groups):
    """Leave the machine's namespaces, make the root, and fork process 1."""
    groups.join()
    if plan["user"]:
        _enter_user_namespace(*plan["user"])
    linux.unshare(LAB)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    root = make_root(plan["layers"], own=bool(plan["user"]))
    make_devices(root)
    if not groups.missing:
        make_hierarchy(root)
    pid = os.fork()
    if pid == 0:
        _in_child(handle, boot, handle, listener, root, groups.missing)
    handle.close()
    os.waitpid(pid, 0)
    os._exit(0)


def _enter_user_namespace(uid, gid):
    """Become root of a new user namespace, in which `uid` and `gid` are 0."""
    linux.unshare(linux.CLONE_NEWUSER)
    # The kernel takes no gid_map from a user who could still drop groups with it.
    linux.write_file("/proc/self/setgroups", "deny")
    linux.write_file("/proc/self/uid_map", f"0 {uid} 1")
    linux.write_file("/proc/self/gid_map", f"0 {gid} 1")


def make_root(layers, own):
    """Put copy-on-write views of all (folder, place) in layers together; return the path."""
    linux.mount("lab", SCAFFOLD, "tmpfs", 0, DISK)
    root = f"{SCAFFOLD}/root"
    os.mkdir(root)
    if own:
        _assemble(root)
    else:
        _overlay("/", root, own)
    for place in ("/tmp", "/run"):  # before layers, which may lie below them
        _fresh(root + place, SCRATCH)
    for folder, place in layers:
        _overlay(folder, root + place, own)
    _lend_tools(root)
    return root


def _lend_tools(root):
    """Have busybox do what a small machine has no program for: the lessons need it."""
    for name in TOOLS:
        if not any(os.path.exists(f"{folder}/{name}") for folder in ("/bin", "/usr/bin")):
            os.makedirs(f"{root}/usr/local/bin", exist_ok=True)
            os.symlink("/bin/busybox", f"{root}/usr/local/bin/{name}")


def _assemble(root):
    """Make the root folder by folder: a user namespace may have no overlay of "/"."""
    linux.mount("lab", root, "tmpfs", 0, DISK)
    for place in (*HIDDEN, SCAFFOLD):
        os.mkdir(root + place)
    for entry in os.scandir("/"):
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), root + entry.path)
        elif entry.is_dir() and entry.path not in (*HIDDEN, SCAFFOLD):
            try:
                _overlay(entry.path, root + entry.path, own=True)
            except OSError:
                pass  # it has mounts of its own below it; what is needed comes as a layer


def _overlay(folder, place, own):
    """Mount a copy-on-write view of `folder` at `place`; writes go to memory."""
    number = len(os.listdir(SCAFFOLD))
    upper, work = f"{SCAFFOLD}/upper{number}", f"{SCAFFOLD}/work{number}"
    for directory in (upper, work):
        os.mkdir(directory)
    os.makedirs(place, exist_ok=True)
    lower = "".join("\\" * (letter in "\\:,") + letter for letter in folder)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    linux.mount("overlay", place, "overlay", 0, options + ",userxattr" * own)


def make_devices(root):
    """Give the lab host a /dev without disks, terminals of its own, and its own /sys."""
    _fresh(f"{root}/dev", "mode=755")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{root}/dev/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{root}/dev/{name}")
    linux.mount("tmpfs", f"{root}/dev/shm", "tmpfs", linux.MS_NOSUID, SCRATCH)
    terminals = "newinstance,ptmxmode=0666,mode=0620"
    linux.mount("devpts", f"{root}/dev/pts", "devpts", linux.MS_NOSUID, terminals)
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    flags = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("sysfs", f"{root}/sys", "sysfs", flags)


def make_hierarchy(root):
    """Mount the control groups as the lab host sees them: its own root and below."""
    top = root + cgroup.HIERARCHY
    if cgroup.version() == 2:
        linux.mount("cgroup2", top, "cgroup2")
        # A group with processes cannot give controllers to groups below it.
        os.mkdir(f"{top}/init.scope")
        linux.write_file(f"{top}/init.scope/cgroup.procs", 0)
        return
    _fresh(top, "mode=755")
    for controller in cgroup.CONTROLLERS:
        os.mkdir(f"{top}/{controller}")
        linux.mount("cgroup", f"{top}/{controller}", "cgroup", 0, controller)


def boot(handle, listener, root, no_groups):
    """As process 1: enter the root, close the doors, and serve."""
    proc = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("proc", f"{root}/proc", "proc", proc)
    os.chdir(root)
    linux.pivot_root(".", ".")
    linux.umount2(".", linux.MNT_DETACH)
    os.chdir("/")
    for path in filter(os.path.exists, READ_ONLY):
        linux.mount(path, path, None, linux.MS_BIND)
        linux.mount(None, path, None, linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | proc)
    # Shared, as systemd leaves it: in a private root no forgotten MS_PRIVATE would show.
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_SHARED)
    linux.sethostname("labhost")
    confine.drop_capabilities()
    confine.refuse_disks()
    os.environ.clear()
    wire.send(handle, {"no_groups": no_groups}, [os.pidfd_open(1)])
    serve([handle], listener)
    os._exit(0)


def serve(handles, listener):
    """Start what the handles ask for, and report how it ended, until all are closed."""
    poll, sockets, started = select.poll(), {h.fileno(): h for h in handles}, {}
    for fd in [*sockets, *([listener.fileno()] if listener else [])]:
        poll.register(fd, select.POLLIN)
    while sockets:
        # Orphans come without notice: the pause lets none wait long to be reaped.
        for fd, _ in poll.poll(100):
            if fd in sockets:
                request, fds = wire.receive(sockets[fd])
                if request is None:
                    poll.unregister(fd)
                    sockets.pop(fd).close()
                else:
                    child = _Child(request, fds)
                    started[child.pid] = child
                    poll.register(child.pidfd, select.POLLIN)
            elif listener and fd == listener.fileno():
                handle = _accept(listener)
                if handle:
                    sockets[handle.fileno()] = handle
                    poll.register(handle.fileno(), select.POLLIN)
        for pid, status in _ended():
            if pid in started:
                child = started.pop(pid)
                poll.unregister(child.pidfd)
                child.report(status)


def _ended():
    """Yield (pid, wait status) of each child that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


class _Child:
    """One process that a handle asked for."""

    def __init__(self, request, fds):
        self.reply, streams, enter = wire.opened(fds[0]), fds[1:4], fds[4:]
        master = []
        if request["terminal"]:
            controller, terminal = os.openpty()
            master, streams, enter = [controller], [terminal] * 3, fds[1:]
        self.pid = os.fork()
        if self.pid == 0:
            _become(request, streams, enter)
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


def _listen(name):
    """Return a socket on which further terminals ask to join: the abstract `name`."""
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    listener.bind(b"\0" + name.encode())
    listener.listen(8)
    return listener


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


def _fresh(place, options):
    """Mount an empty tmpfs at `place`."""
    linux.mount("tmpfs", place, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)


def _bind(source, place):
    """Make `source` appear at `place` too."""
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
    linux.mount(source, place, None, linux.MS_BIND)


if __name__ == "__main__":
    main(int(sys.argv[1]))

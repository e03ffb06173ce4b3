"""How a lab host is made: its namespaces, its root, its devices, its control groups."""

import os

from lab import cgroup, confine, init, linux, wire

SCAFFOLD = "/mnt"  # where the new root is put together; only this process sees it
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
HIDDEN = ("/dev", "/proc", "/run", "/sys", "/tmp")  # not the real machine's
TOOLS, FOLDERS = ("free", "hostname", "ps"), ("/bin", "/usr/bin", "/usr/local/bin")
DISK, SCRATCH = "size=512m,mode=755", "size=256m,mode=1777"
LAB = (
    linux.CLONE_NEWUTS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWNET
    | linux.CLONE_NEWCGROUP
)


def build(handle, listener, plan, groups):
    """Leave the machine's namespaces, make the root, and fork process 1."""
    groups.join()
    if plan["user"]:
        _enter_user_namespace(*plan["user"])
    linux.unshare(LAB)
    keep_mounts_private()
    root = make_root(plan["layers"], own=bool(plan["user"]))
    make_devices(root)
    if not groups.missing:
        make_hierarchy(root)
    pid = os.fork()
    if pid == 0:
        in_child(handle, init.boot, handle, listener, root, groups.missing)
    handle.close()
    os.waitpid(pid, 0)
    os._exit(0)


def keep_mounts_private():
    """Stop mounts made here from spreading back to the machine."""
    with open("/proc/self/mountinfo") as mounts:
        in_chroot = not any(line.split()[4] == "/" for line in mounts)
    if not in_chroot:
        return linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    # Only a mount point can be made private, and "/" is none.  Entering our own mount
    # namespace goes to its true root, and from there chroot(2) goes back in.
    inside, namespace = (os.open(path, os.O_RDONLY) for path in ("/", "/proc/self/ns/mnt"))
    linux.setns(namespace, linux.CLONE_NEWNS)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    os.fchdir(inside)
    os.chroot(".")


def _enter_user_namespace(uid, gid):
    """Become root of a new user namespace, in which `uid` and `gid` are 0."""
    linux.unshare(linux.CLONE_NEWUSER)
    # The kernel takes no gid_map from a user who could still drop groups with it.
    linux.write_file("/proc/self/setgroups", "deny")
    linux.write_file("/proc/self/uid_map", f"0 {uid} 1")
    linux.write_file("/proc/self/gid_map", f"0 {gid} 1")


def make_root(layers, own):
    """Put copy-on-write views of all (folder, place) in layers together; return the path.

    Without a folder it is an empty one that appears at the place.
    """
    linux.mount("lab", SCAFFOLD, "tmpfs", 0, DISK)
    root = f"{SCAFFOLD}/root"
    os.mkdir(root)
    if own:
        _assemble(root)
    else:
        _overlay("/", root, own)
    for place in ("/tmp", "/run"):  # before layers, which may lie below them
        _fresh(root + place, SCRATCH)
    os.makedirs(f"{root}/srv", exist_ok=True)  # where the judge puts things
    for folder, place in layers:
        if folder:
            _overlay(folder, root + place, own)
        else:
            os.makedirs(root + place, exist_ok=True)
            _fresh(root + place, SCRATCH)
    _lend_tools(root)
    return root


def _lend_tools(root):
    """Have busybox do what a small machine has no program for: the lessons need it."""
    for name in TOOLS:
        if not any(os.path.lexists(f"{root}{folder}/{name}") for folder in FOLDERS):
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


def controllers():
    """Return the controllers that a lab host has: what the course needs, and "cpu"."""
    if cgroup.version() == 1:
        has_cpu = os.path.isdir(f"{cgroup.HIERARCHY}/cpu")
    else:
        with open(f"{cgroup.HIERARCHY}/cgroup.controllers") as known:
            has_cpu = "cpu" in known.read().split()
    return [*cgroup.CONTROLLERS, *["cpu"] * has_cpu]


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
    for controller in controllers():
        os.mkdir(f"{top}/{controller}")
        together = os.path.basename(os.path.realpath(f"{cgroup.HIERARCHY}/{controller}"))
        linux.mount("cgroup", f"{top}/{controller}", "cgroup", 0, together)  # "cpu,cpuacct"


def in_child(handle, function, *arguments):
    """Run a function that must not return; report what it raises to the caller."""
    try:
        confine.die_with_parent()
        function(*arguments)
    except BaseException as error:
        wire.send(handle, {"error": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(1)


def _fresh(place, options):
    """Mount an empty tmpfs at `place`."""
    linux.mount("tmpfs", place, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)


def _bind(source, place):
    """Make `source` appear at `place` too."""
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
    linux.mount(source, place, None, linux.MS_BIND)

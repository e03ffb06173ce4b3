"""A small view of this machine, for a virtual machine that a stranger's program may have taken.

User-mode Linux is a program like others: its root is nobody here, but can read and write all
that the user can who started it.  So that user is nobody too, and what there is to be seen
is what Python, the kernel and the checks consist of, read-only.
"""

import os
import sys

from lab import ROOT, confine, linux

SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc")
WORKSHOP = ("lab", "tests", "solutions", "steps", "rootfs")
EMPTY = ("proc", "sys", "dev", "mnt", "run", "srv", "root", "home", "tmp")
DEVICES = ("null", "zero", "full", "random", "urandom")
NOBODY = 65534
FIXED = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV | linux.MS_BIND


def enter(folder: str, size: int) -> None:
    """Put this process into a view of this machine, made in an empty folder, as nobody.

    It may write to /tmp alone, `size` bytes, which are memory.  No process that it starts lives
    longer than it.  PermissionError without CAP_SYS_ADMIN.
    """
    kinds = (linux.CLONE_NEWNS, linux.CLONE_NEWNET, linux.CLONE_NEWIPC, linux.CLONE_NEWPID)
    for kind in kinds:
        linux.unshare(kind)
    _go_on_as_process_1()
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    _make_view(folder, size)
    os.chroot(folder)
    os.chdir("/")
    become_nobody()


def _go_on_as_process_1():
    """Be the first process of the new PID namespace: when it ends, the kernel kills the rest."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
    confine.die_with_parent()


def _make_view(folder, size):
    """Make the view: the system's folders, the workshop and Python, and a /tmp."""
    linux.mount("view", folder, "tmpfs", linux.MS_NOSUID, "mode=755")
    for name in EMPTY:
        os.mkdir(f"{folder}/{name}")
    for name in SYSTEM:
        _show(folder, f"/{name}")
    for name in WORKSHOP:
        _show(folder, f"{ROOT}/{name}")
    for path in (sys.base_prefix, sys.prefix):
        _show(folder, path)
    for name in DEVICES:
        open(f"{folder}/dev/{name}", "w").close()
        linux.mount(f"/dev/{name}", f"{folder}/dev/{name}", None, linux.MS_BIND)
    linux.mount("proc", f"{folder}/proc", "proc")
    linux.mount("view", f"{folder}/tmp", "tmpfs", linux.MS_NOSUID, f"mode=1777,size={size}")
    linux.mount(None, folder, None, FIXED & ~linux.MS_NODEV | linux.MS_REMOUNT)


def _show(folder, path):
    """Show a folder of this machine at its place in the view, read-only."""
    place = folder + path
    if os.path.islink(path):
        os.symlink(os.readlink(path), place)
    elif os.path.isdir(path) and not os.path.isdir(place):
        os.makedirs(place)
        linux.mount(path, place, None, linux.MS_BIND)
        linux.mount(None, place, None, FIXED | linux.MS_REMOUNT)


def become_nobody() -> None:
    """Give up root for good; a new user forgets what PR_SET_PDEATHSIG said."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    confine.die_with_parent()

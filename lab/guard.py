"""Keeps the kernel of a notebook what it is: a cell may not fork, move or change its process.

A kernel has a dozen threads and serves all cells.  Were it in another namespace, so would be
everything after it; a fork of it has one thread, and its sockets.
"""

import os
import sys

# What would change the process that calls it, by the names that C gives them: for ctypes, and so
# for `lab.linux`.  "syscall" stands for all others.
CALLS = """_Fork __clone __libc_fork chroot clone clone3 daemon execl execle execlp execv execve
execvp execvpe fexecve fork forkpty fsopen mount mount_setattr move_mount open_tree pivot_root
setdomainname setgid sethostname setns setuid syscall umount umount2 unshare vfork""".split()
EVENTS = {"os.fork": "fork", "os.forkpty": "forkpty", "os.exec": "exec"}
EVENTS["socket.sethostname"] = "sethostname"
OF_OS = ("unshare", "setns", "chroot")  # of these Python gives no notice: sys.addaudithook
ALLOWED = ("ptyprocess",)  # what IPython runs a `!command` with: a program, at once
WHY = (
    "{}() here would change the notebook's own process, and everything after it.  Put it into "
    "your program, the cell that begins with %%exercise, or type it in a %%lab cell."
)

_active = []  # an audit hook cannot be taken away again


class Stop(RuntimeError):
    """What a cell asked for is not done; IPython shows the reason alone."""

    def _render_traceback_(self):
        return [str(self)]


def stand() -> None:
    """Stop the calls from here on: Stop says why, and where they belong."""
    if _active:
        return
    _active.append(True)
    sys.addaudithook(_watch)
    for name in OF_OS:  # also what comes only with Python 3.12, so that the reason is told
        setattr(os, name, _refusal(name))


def _watch(event, arguments):
    """Be told by Python what is about to be done."""
    name = EVENTS.get(event)
    if event in ("ctypes.dlsym", "ctypes.dlsym/handle") and arguments[1] in CALLS:
        name = arguments[1]
    if name and not _is_allowed():
        raise Stop(WHY.format(name))


def _is_allowed():
    """Whether the call comes from a module that executes a program right after it."""
    frame = sys._getframe(2)
    while frame:
        if frame.f_globals.get("__name__", "").partition(".")[0] in ALLOWED:
            return True
        frame = frame.f_back
    return False


def _refusal(name):
    """Return what stands in for a function that is refused."""

    def refuse(*arguments, **options):
        raise Stop(WHY.format(f"os.{name}"))

    return refuse

"""A throwaway virtual machine: user-mode Linux on the machine's own files.

A Linux kernel that is an ordinary program, so it needs no root: its root user is nobody
here.  It brings control groups of version 2 (or 1), and boots in two seconds.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import termios
import tty

from lab import ROOT, terminal
from lab.host import PATH

KERNEL = "linux.uml"
INSTALL = "sudo apt-get install -y --no-install-recommends user-mode-linux"
MEMORY = 1 << 30  # bytes
SHM = "/dev/shm"
SHARED = "/run/shared"  # where the command finds the folder


class Missing(Exception):
    """There can be no virtual machine here; str() says what to do."""


def find_kernel() -> str:
    """Return the path of the kernel; Missing if it is not installed."""
    if os.uname().machine != "x86_64":
        raise Missing("user-mode Linux runs on x86_64 only")
    kernel = shutil.which(KERNEL)
    if not kernel:
        raise Missing(f"user-mode Linux is not installed (Debian and Ubuntu):\n    {INSTALL}")
    return kernel


def run(argv, cgroup=2, cwd=ROOT, folder=None, patience=None) -> int:
    """Boot, run a command as root there, power off; return the command's exit status.

    A person's terminal becomes the machine's console.  The command can read and write `folder`
    as SHARED.  Missing if there is no kernel; RuntimeError if the machine ended without saying
    how the command did, or not within `patience` seconds.
    """
    kernel, person = find_kernel(), terminal.is_person()
    with _folder(folder) as shared:
        request = {"argv": argv, "cgroup": cgroup, "cwd": cwd, "env": _environment()}
        request["size"] = os.get_terminal_size()[::-1] if person else None
        _write(f"{shared}/request", json.dumps(request))
        init = f"#!/bin/sh\nexec {sys.executable} -ISB '{ROOT}/lab/guest.py' '{shared}'\n"
        _write(f"{shared}/init", init, mode=0o755)
        _boot([kernel, *_options(shared, person)], person, patience)
        try:
            with open(f"{shared}/status") as status:
                return int(status.read())
        except FileNotFoundError:
            raise RuntimeError("the virtual machine ended early") from None


def _folder(named):
    """Return the context of a folder that both machines see: the named one, or for now."""
    return contextlib.nullcontext(named) if named else tempfile.TemporaryDirectory(prefix="vm-")


def _options(shared, person):
    """Return the kernel's command line."""
    console = "con0=fd:0,fd:1" if person else "con0=null,fd:1"
    root = ["root=none", "rootfstype=hostfs", "rootflags=/", "ro", f"mem={MEMORY >> 20}M"]
    quiet = ["quiet", "loglevel=1", "con=null", console]
    return [*root, *quiet, f"uml_dir={shared}/", "umid=vm", f"init={shared}/init"]


def _boot(command, person, patience):
    """Run the kernel; a person's terminal is passed through byte by byte."""
    before = termios.tcgetattr(0) if person else None
    stdin = None if person else subprocess.DEVNULL
    try:
        if person:
            tty.setraw(0)
        silent = subprocess.DEVNULL
        subprocess.run(command, stdin=stdin, stderr=silent, timeout=patience, env=_with_memory())
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the virtual machine did not end within {patience:.0f} s") from None
    finally:
        if person:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


def _with_memory():
    """Return our environment, with a TMPDIR in which the kernel can have a file as its memory.

    It would take /dev/shm, but what a container has there is small, and nothing in it can be run.
    """
    with contextlib.suppress(FileNotFoundError):
        shm = os.statvfs(SHM)
        if not shm.f_flag & os.ST_NOEXEC and shm.f_blocks * shm.f_frsize >= MEMORY:
            return dict(os.environ)
    return {**os.environ, "TMPDIR": tempfile.gettempdir()}


def _environment():
    """Return the environment of the command: nothing of the caller's but the terminal."""
    names = {"PATH": PATH, "HOME": "/root", "USER": "root", "LANG": "C.UTF-8"}
    return {**names, "TERM": os.environ.get("TERM", "linux")}


def _write(path, text, mode=0o644):
    """Write a file with a mode."""
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)

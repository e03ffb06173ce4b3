"""`make rootfs`: the tree that becomes the root of the containers of step 5.

By default a small one, made in a moment from what the machine has: busybox, and bash
where there is one.  `KIND=debian` makes a real Debian, with mmdebstrap(1).
"""

import os
import platform
import re
import shutil
import subprocess
import sys

from lab import ROOT, files
from lab.commands import CANNOT, USAGE

TREE = f"{ROOT}/rootfs"
PACKED = f"{ROOT}/offline/rootfs"  # by `make bundle`, without the devices
FOLDERS = ("bin", "dev", "etc", "lib", "mytemp", "proc", "root", "srv", "sys", "tmp", "usr/bin")
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
ACCOUNTS = {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"}
# What a tree without busybox is made of; `make rootfs` says which are missing.
PROGRAMS = "sh cat df echo env expr free grep head hostname id kill ls mkdir mount ps readlink"
PROGRAMS += " rm sleep tail touch true umount uname wc"
INSTALL = "sudo apt-get install -y"


def main(words):
    """Make the tree: [small | debian]; an old one of another kind is kept."""
    kind = words[0] if words else "small"
    makers = {"small": make_small, "debian": make_debian}
    if kind not in makers or words[1:]:
        print(f"there is no kind {' '.join(words)!r}; kinds are: small, debian", file=sys.stderr)
        return USAGE
    new = f"{TREE}.new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        makers[kind](new)
    except Missing as error:
        print(error, file=sys.stderr)
        return CANNOT
    _replace(new)
    print(f"rootfs/ is ready ({kind})")
    return 0


class Missing(Exception):
    """The machine lacks something for a tree; str() says what to do."""


def make_small(tree):
    """Make a tree of a few megabytes: the one that came with a bundle, or a new one."""
    if os.path.isdir(PACKED):
        shutil.copytree(PACKED, tree, symlinks=True)
    else:
        fill(tree)
    add_devices(tree)
    for folder, _, names in os.walk(tree):
        for path in (folder, *(f"{folder}/{name}" for name in names)):
            files.own(path)


def fill(tree):
    """Put into a tree what needs no root, from the machine's own programs."""
    for folder in FOLDERS:
        os.makedirs(f"{tree}/{folder}", exist_ok=True)
    busybox = shutil.which("busybox")
    if busybox:
        add_program(tree, busybox)
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True).stdout
        for name in set(applets.split()) - {"busybox"}:
            os.symlink("busybox", f"{tree}/bin/{name}")
    else:
        add_own_programs(tree)
    if shutil.which("bash"):
        add_program(tree, shutil.which("bash"))
    for name, text in ACCOUNTS.items():
        files.write(f"{tree}/etc/{name}", text)


def add_own_programs(tree):
    """Copy the machine's own programs, where there is no busybox to be all of them."""
    missing = [name for name in PROGRAMS.split() if not shutil.which(name)]
    if missing:
        raise Missing(
            f"no {', '.join(missing)} here, and no busybox:\n    {INSTALL} busybox-static"
        )
    for name in PROGRAMS.split():
        add_program(tree, shutil.which(name))


def add_program(tree, path):
    """Copy a program and the libraries that it is linked with: ldd(1)."""
    shutil.copy2(os.path.realpath(path), f"{tree}/bin/{os.path.basename(path)}")
    linked = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    for library in re.findall(r"(?:=> )?(/\S+) \(0x", linked):
        os.makedirs(os.path.dirname(tree + library), exist_ok=True)
        shutil.copy2(os.path.realpath(library), tree + library)


def add_devices(tree):
    """Make the devices that every program expects; only root may."""
    for name, (major, minor) in DEVICES.items():
        try:
            os.mknod(f"{tree}/dev/{name}", 0o20666, os.makedev(major, minor))
            os.chmod(f"{tree}/dev/{name}", 0o666)
        except PermissionError:
            open(f"{tree}/dev/{name}", "w").close()  # a file will do to throw words away


def make_debian(tree):
    """Make a real, small Debian; it needs a package mirror and half a minute."""
    if not shutil.which("mmdebstrap"):
        raise Missing(f"a Debian tree is made with mmdebstrap:\n    {INSTALL} mmdebstrap")
    here = platform.freedesktop_os_release()
    suite = here["VERSION_CODENAME"] if here.get("ID") == "debian" else "stable"
    words = ["mmdebstrap", "--variant=minbase", "--include=procps,iproute2", suite, tree]
    if subprocess.run(words).returncode:
        raise Missing(f"mmdebstrap could not make Debian {suite}; its own lines are above")
    os.makedirs(f"{tree}/mytemp", exist_ok=True)


def _replace(new):
    """Put the new tree in place, and the old one aside."""
    if os.path.exists(TREE):
        number = 1
        while os.path.exists(old := f"{TREE}.~{number}~"):
            number += 1
        os.rename(TREE, old)
        print("kept the old tree as", os.path.relpath(old))
    os.rename(new, TREE)


def is_ready() -> bool:
    """Whether there is a tree with a shell in it."""
    return os.path.lexists(f"{TREE}/bin/sh")

"""`make doctor`: what this machine can do for the workshop, found out by trying."""

import os
import shutil
import sys

from lab import cgroup, linux, vm
from lab.commands import FAIL
from lab.commands.rootfs import is_ready
from lab.host import Host, LabError

NAMESPACES = {  # what unshare(2) is asked for, and the steps that need it
    "UTS namespace": (linux.CLONE_NEWUTS, "1-5"),
    "PID namespace": (linux.CLONE_NEWPID, "2-5"),
    "mount namespace": (linux.CLONE_NEWNS, "2-5"),
    "IPC namespace": (linux.CLONE_NEWIPC, "the lab host"),
    "network namespace": (linux.CLONE_NEWNET, "the lab host"),
    "control-group namespace": (linux.CLONE_NEWCGROUP, "the lab host"),
}
TOOLS = {  # a program, the package it is in, and what it is for
    "busybox": ("busybox-static", "the small tree of step 5"),
    "unshare": ("util-linux", "the experiments of the lessons"),
    "linux.uml": ("user-mode-linux", "make vm"),
    "mmdebstrap": ("mmdebstrap", "make rootfs KIND=debian"),
}


def main(words):
    """Print one line for each thing that was tried; status 1 if a step cannot be checked."""
    lines = [python(), root(), user_namespace(), *namespaces(), *groups(), lab_host(), tree()]
    for ok, name, said, remedy, steps in [*lines, *tools()]:
        mark = {True: "✓", False: "✗", None: "·"}[ok]
        print(f"{mark} {name:24} {said}" + ("" if ok else f"; {remedy} (for {steps})"))
    return FAIL if any(ok is False for ok, *_ in lines) else 0


def python():
    """Say which Python runs this."""
    version = ".".join(map(str, sys.version_info[:3]))
    return sys.version_info >= (3, 10), "Python", version, "make PYTHON=python3.12", "all steps"


def root():
    """Say whether we are root."""
    said = "yes" if os.geteuid() == 0 else "no: steps 1 to 3 are checked in a user namespace"
    remedy = "use sudo, or: make vm"
    return os.geteuid() == 0 or None, "root", said, remedy, "steps 4 and 5"


def user_namespace():
    """Say whether a user who is not root may have namespaces."""
    error = attempt(linux.CLONE_NEWUSER)
    remedy = "see /proc/sys/user/max_user_namespaces and apparmor_restrict_unprivileged_userns"
    return (not error) or None, "user namespace", error or "yes", remedy, "work without root"


def namespaces():
    """Try each kind of namespace, without root inside a user namespace."""
    within = 0 if os.geteuid() == 0 else linux.CLONE_NEWUSER
    for name, (flag, steps) in NAMESPACES.items():
        error = attempt(flag | within)
        yield not error, name, error or "yes", "make vm brings a kernel that allows it", steps


def attempt(flags):
    """Call unshare(2) in a child; return the error that it got, or None."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            linux.unshare(flags)
        except OSError as error:
            os.write(theirs, os.strerror(error.errno).encode())
        os._exit(0)
    os.close(theirs)
    os.waitpid(pid, 0)
    with open(ours) as answer:
        return answer.read() or None


def groups():
    """Say which version of control groups there is, and try each controller."""
    yield True, "control groups", f"version {cgroup.version()}", "", ""
    group, error = cgroup.Group(f"doctor-{os.getpid()}"), None
    try:
        group.create()
    except OSError as failure:
        error = str(failure)
    no = None if os.geteuid() else False  # without root it is no surprise
    for controller in cgroup.CONTROLLERS:
        usable = not error and os.path.exists(group.path(f"{controller}.max"))
        said = "can be limited" if usable else error or "not available in the kernel"
        yield usable or no, controller, said, "make vm", "steps 4 and 5"
    group.remove_tree()


def lab_host():
    """Say whether a lab host can be made."""
    try:
        with Host() as host:
            without = host.no_groups
    except (LabError, TimeoutError) as error:
        return False, "lab host", str(error), "make vm", "all steps"
    said = "works" + (", without control groups" if without else "")
    return True, "lab host", said, "", ""


def tree():
    """Say whether the tree of step 5 is there."""
    said = "is there" if is_ready() else "is not there"
    return is_ready(), "rootfs/", said, "make rootfs", "step 5"


def tools():
    """Say which programs are missing that would be useful."""
    for name, (package, use) in TOOLS.items():
        path = shutil.which(name)
        remedy = f"sudo apt-get install -y {package}"
        yield bool(path) or None, name, path or "not installed", remedy, use
    try:
        yield True, "virtual machine", f"can boot {vm.find_kernel()}", "", ""
    except vm.Missing as error:
        yield None, "virtual machine", str(error).splitlines()[0], vm.INSTALL, "make vm"

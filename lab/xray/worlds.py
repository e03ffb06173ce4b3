"""Host and container side by side, as the kernel has them at one moment."""

import os

from lab import cgroup
from lab.process import Process
from lab.xray import mounts
from lab.xray.effects import namespaces

SWAP = "memory.swap.max"
FILES = {"memory": ("memory.max", "memory.peak"), "pids": ("pids.max", "pids.current")}


def compare(host: int, tid: int) -> dict:
    """Return both worlds as plain values; `tid` is COMMAND, about to end."""
    return {
        "namespaces": _namespaces(host, tid),
        "mounts": _mounts(host, tid),
        "root": {"host": "/", "container": os.readlink(f"/proc/{tid}/root")},
        "cwd": os.readlink(f"/proc/{tid}/cwd"),
        "limits": _limits(host, tid),
        "pid": tid,
    }


def _namespaces(host, tid):
    """Return each kind of namespace with both identities."""
    ours, theirs = namespaces(host), namespaces(tid)
    return [
        {"kind": kind, "host": ours[kind], "container": theirs[kind]}
        | {"own": ours[kind] != theirs[kind]}
        for kind in ours
    ]


def _mounts(host, tid):
    """Return what is mounted in the container that the host has not, and what ties them."""
    ours, theirs = mounts.table(host), mounts.table(tid)
    known = {mounts.row(line).device for line in ours.values()}
    rows = [mounts.row(line) for line in theirs.values()]
    return {
        "host_count": len(ours),
        "container_count": len(theirs),
        "own": [row._asdict() for row in rows if row.device not in known],
        "tied_to_host": mounts.tied(theirs, ours),
        "is_host_table": _same_table(host, tid),
    }


def _same_table(host, tid):
    """Whether both look at one and the same table."""
    return os.readlink(f"/proc/{host}/ns/mnt") == os.readlink(f"/proc/{tid}/ns/mnt")


def _limits(host, tid):
    """Return each controller's group, limit and use for the container; {} without groups."""
    found = {}
    for controller in FILES:
        try:
            group, hosts = (Process(pid).group(controller) for pid in (tid, host))
        except FileNotFoundError:
            continue  # no such controller here
        found[controller] = {"own": group != hosts, **_group(controller, group, group != hosts)}
    return found


def _group(controller, group, is_own):
    """Return the limits of a group, if it is not the host's, and what is used of them."""
    limit, use = FILES[controller]
    return {
        "group": os.path.basename(group) if is_own else None,
        "limit": cgroup.limit(group, limit) if is_own else None,
        "swap": cgroup.limit(group, SWAP) if is_own and controller == "memory" else None,
        "used": _number(cgroup.path_in(group, use)),
    }


def _number(path):
    """Return the number in a file of a control group; None if there is no such file."""
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None

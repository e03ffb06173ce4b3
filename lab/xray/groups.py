"""What was written to a file of the kernel's, above all of a control group: who joined, what holds.

The limits are read from the group itself: a write that the kernel rounds, or refuses, does
not count.
"""

import os
import re

from lab import cgroup
from lab.process import Process
from lab.xray.tracee import numbers_of

MEMBERS = re.compile(r"/(cgroup\.procs|cgroup\.threads|tasks)$")
LIMITS = {"memory": ("memory.max", "memory.swap.max"), "pids": ("pids.max",)}
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def written(tid, path, text, traced):
    """Return (sentence, facts) about what `tid` wrote; `traced` may be meant by a number."""
    facts, text = {"path": path, "written": text}, text.strip()
    if os.path.basename(path or "") == "cgroup.subtree_control":
        return f"groups below {_group_of(path)} get controllers: {text}", facts
    if not MEMBERS.search(path or ""):
        return f"{_name_of(path)} is now {_size(path, text)}", facts
    joined = _member(tid, text, traced)
    if not joined:
        return "a process joined a control group", facts
    controllers = [c for c in LIMITS if cgroup.version() == 2 or f"/{c}/" in path]
    sentence, more = of(joined, os.path.dirname(path), controllers)
    who = "" if joined == tid else f"process {numbers_of(joined)[1][:2][-1]} "
    return f"{who}joined {sentence}", {**facts, **more}


def of(pid, group, controllers):
    """Return (sentence, facts) about the control group that a process has joined."""
    limits = {}
    for controller in controllers:
        folder = Process(pid).group(controller)
        limits |= {file: cgroup.limit(folder, file) for file in LIMITS[controller]}
    words = [f"{file} {_size(file, str(n))}" for file, n in limits.items() if n is not None]
    sentence = f"control group {os.path.basename(group)}: {', '.join(words) or 'no limit yet'}"
    return sentence, {"joined": pid, "limits": limits, "group": group}


def born_into(pid):
    """Return (sentence, facts) about a process that CLONE_INTO_CGROUP put there: version 2."""
    group = Process(pid).group("memory")
    sentence, facts = of(pid, group, list(LIMITS))
    return f", in {sentence}", facts


def _member(tid, text, traced):
    """Return which process was meant by a number that `tid` wrote, or None."""
    if text in ("", "0"):
        return tid
    level = len(numbers_of(tid)[1]) - 1  # a number counts in the writer's own namespace
    for pid in traced:
        numbers = numbers_of(pid)[1]
        if numbers[level:] and str(numbers[level]) == text:
            return pid
    return None


def _name_of(path):
    """Return how people call a file of the kernel's: a group's with the group."""
    name = os.path.basename(path or "?")
    return f"{name} of {_group_of(path)}" if "cgroup" in path else name


def _group_of(path):
    """Return the name of the group that a file belongs to."""
    folder = os.path.dirname(path)
    return "the root" if folder == cgroup.HIERARCHY else os.path.basename(folder)


def _size(file, text):
    """Write a limit as people do."""
    if text.isdigit() and "memory" in (file or ""):
        for unit, name in UNITS:
            if int(text) >= unit and int(text) % unit == 0:
                return f"{int(text) // unit} {name}"
    return " ".join(text.split())

"""What a system call changed: looked up in /proc while the process stands still.

Before and after a call of each kind one thing is read: namespaces, mount tables, the root, a
control group.  The difference is the effect; what the program meant to do plays no part.
"""

import os
import re

from lab import cgroup
from lab.process import KINDS, Process
from lab.xray import mounts
from lab.xray.tracee import numbers_of

MOUNTING = ("mount", "umount2", "pivot_root", "move_mount", "mount_setattr", "fsmount", "open_tree")
BIRTHS = ("clone", "clone3", "fork", "vfork")
PLACES = ("chroot", "pivot_root", "chdir", "fchdir")
GROUP_FILE = re.compile(r"/(cgroup\.procs|cgroup\.threads|tasks)$")
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
PIDS_ONLY = "the caller stays where it is; its next child will be PID 1 of a new PID namespace"
OF_HOST = "this is the host's own: everybody on it sees that"


class Effects:
    """The lab host that a program runs on, to compare with."""

    def __init__(self, host_pid, traced):
        """`traced` returns the numbers of the processes that may be meant by a number."""
        self._host, self._traced = host_pid, traced
        self.namespaces = namespaces(host_pid)

    def before(self, tid, name, values):
        """Return what a call may change, as it is before."""
        if name in ("unshare", "setns"):
            return {"namespaces": namespaces(tid)}
        if name in PLACES:
            root, cwd = _link(tid, "root"), _link(tid, "cwd")
            tables = self._tables(tid) if name == "pivot_root" else {}
            return {"root": root, "cwd": cwd, **tables}
        return self._tables(tid) if name in MOUNTING else {}

    def after(self, tid, name, values, before):
        """Return (sentence, facts) about a call that has succeeded."""
        if name in ("unshare", "setns"):
            return self._moved(tid, values[-1], before["namespaces"])
        if name in MOUNTING:
            sentence, facts = self._mounted(tid, before)
            more = self._placed(tid, name, before) if name == "pivot_root" else ("", {})
            return "; ".join(filter(None, (more[0], sentence))), {**facts, **more[1]}
        if name in PLACES:
            return self._placed(tid, name, before)
        if name in ("sethostname", "setdomainname"):
            return self._named(tid, name, values[0])
        if name in ("write", "pwrite64", "writev"):
            return self._written(tid, *values[:2])
        if name in ("mkdir", "mkdirat", "rmdir", "unlinkat"):
            verb = "made" if name.startswith("mk") else "removed"
            return f"control group {verb}", {"group": values[name.endswith("at")]}
        if name in ("setrlimit", "prlimit64"):
            return "a limit of this one process, and of each child for itself: no group", {}
        return "", {}

    def born(self, parent, child):
        """Return (sentence, facts) about a process that was just born."""
        try:
            old, new = namespaces(parent), namespaces(child)
        except OSError:
            return "", {}
        moved = {kind: (old[kind], new[kind]) for kind in new if old[kind] != new[kind]}
        inside = Process(child).pid_inside()
        facts = {"left": {k: a for k, (a, _) in moved.items()}, "child": child}
        facts |= {"entered": {k: b for k, (_, b) in moved.items()}, "child_inside": inside}
        words = f", as PID {inside} of {moved['pid'][1]}" if "pid" in moved else ""
        others = [new for kind, (_, new) in moved.items() if kind != "pid"]
        return words + f", in {' and '.join(others)}" * bool(others), facts

    def _moved(self, tid, flags, before):
        """Tell which namespaces were left and entered."""
        after = namespaces(tid)
        left = {kind: before[kind] for kind in after if before[kind] != after[kind]}
        entered = {kind: after[kind] for kind in left}
        words = [f"left {left[kind]} → entered {self._whose(kind, entered[kind])}" for kind in left]
        words += [PIDS_ONLY] * ("CLONE_NEWPID" in flags)
        facts = {"left": left, "entered": entered, "next_child_is_first": "CLONE_NEWPID" in flags}
        if "mnt" in left:
            lines = mounts.table(tid)
            tied = mounts.tied(lines, mounts.table(self._host))
            facts |= {"mounts": len(lines), "mounts_tied_to_host": tied}
            words += [f"{tied} of its {len(lines)} mounts still pass mounts on to the host"] * (
                tied > 0
            )
        return "; ".join(words), facts

    def _whose(self, kind, identity):
        """Write a namespace, and whether it is the host's."""
        return f"{identity}, the host's" if self.namespaces.get(kind) == identity else identity

    def _tables(self, tid):
        """Return the mount tables of a process and of the host."""
        return {"table": mounts.table(tid), "host": mounts.table(self._host)}

    def _mounted(self, tid, before):
        """Tell what changed in the mount tables, and who sees it."""
        after, host = mounts.table(tid), mounts.table(self._host)
        change = mounts.changes(before["table"], after)
        of_host = mounts.changes(before["host"], host)
        own = namespaces(tid)["mnt"]
        is_host = own == self.namespaces["mnt"]
        who = f"only {own} sees it"
        if is_host:
            who = OF_HOST
        elif of_host["added"]:
            who = f"the host sees it too, on {of_host['added'][0].point}"
        words, tied = [mounts.sentence(change, who)], mounts.tied(after, host)
        if change["changed"] and not is_host:
            many = f"{tied} of {len(after)} mounts still pass" if tied else "no mount passes"
            words.append(f"{many} mounts on to the host")
        changed = [new._asdict() for _, new in change["changed"]]
        facts = {"added": _dicts(change["added"]), "removed": _dicts(change["removed"])}
        facts |= {"changed": changed, "in_host_table": is_host, "mounts_tied_to_host": tied}
        facts |= {"host_added": _dicts(of_host["added"]), "namespace": own}
        return "; ".join(filter(None, words)), facts

    def _placed(self, tid, name, before):
        """Tell the new root and working directory."""
        root, cwd = _link(tid, "root"), _link(tid, "cwd")
        facts = {
            "root_before": before["root"],
            "root": root,
            "cwd_before": before["cwd"],
            "cwd": cwd,
        }
        inside = f"{cwd}/".startswith(f"{root.rstrip('/')}/")
        facts["cwd_is_inside"] = inside
        if name in ("chdir", "fchdir"):
            where = "" if inside else f", outside of the root {root}"
            return f"working directory: {cwd}{where}", facts
        words = f"root directory: {before['root']} → {root}"
        return words + ("" if inside else f"; the working directory {cwd} is outside of it"), facts

    def _named(self, tid, name, value):
        """Tell whose name was set."""
        own = namespaces(tid)["uts"]
        is_host = own == self.namespaces["uts"]
        what = "host name" if name == "sethostname" else "domain name"
        words = f"{what} of {own} is now {value}"
        words += "; this is the host's own namespace: the host is renamed" * is_host
        return words, {"namespace": own, "in_host_namespace": is_host, "name": value}

    def _written(self, tid, path, text):
        """Tell what a file of the kernel's did with what was written to it."""
        facts = {"path": path, "written": text}
        if not GROUP_FILE.search(path or ""):
            return f"{_name_of(path)} is now {_size(path, text.strip())}", facts
        joined = self._member(tid, text.strip())
        if not joined:
            return "a process joined a control group", facts
        controllers = [c for c in cgroup.CONTROLLERS if cgroup.version() == 2 or f"/{c}/" in path]
        words, limits = [], {}
        for controller in controllers:
            folder = Process(joined).group(controller)
            limits |= {file: cgroup.limit(folder, file) for file in _LIMITS[controller]}
        words = [f"{file} {_size(file, str(n))}" for file, n in limits.items() if n is not None]
        facts |= {"joined": joined, "limits": limits, "group": os.path.dirname(path)}
        group = os.path.basename(os.path.dirname(path))
        who = "" if joined == tid else f"process {numbers_of(joined)[1][:2][-1]} "
        return f"{who}joined control group {group}: {', '.join(words) or 'no limit yet'}", facts

    def _member(self, tid, text):
        """Return which process was meant by a number that `tid` wrote to cgroup.procs, or None."""
        if text in ("", "0"):
            return tid
        level = len(numbers_of(tid)[1]) - 1  # a number counts in the writer's own namespace
        for pid in self._traced():
            numbers = numbers_of(pid)[1]
            if numbers[level:] and str(numbers[level]) == text:
                return pid
        return None


_LIMITS = {"memory": ("memory.max", "memory.swap.max"), "pids": ("pids.max",)}


def namespaces(tid) -> dict:
    """Return the identity of each namespace that a thread is in."""
    return {kind: os.readlink(f"/proc/{tid}/ns/{kind}") for kind in KINDS}


def _name_of(path):
    """Return how people call a file of the kernel's: a group's with the group."""
    folder, name = os.path.split(path or "?")
    return f"{name} of {os.path.basename(folder)}" if "cgroup" in folder else name


def _size(file, text):
    """Write a limit as people do."""
    if text.isdigit() and "memory" in (file or ""):
        for unit, name in UNITS:
            if int(text) >= unit and int(text) % unit == 0:
                return f"{int(text) // unit} {name}"
    return " ".join(text.split())


def _dicts(rows):
    return [row._asdict() for row in rows]


def _link(tid, name):
    return os.readlink(f"/proc/{tid}/{name}")

"""What a system call changed: looked up in /proc while the process stands still.

Before and after a call of each kind one thing is read: namespaces, mount tables, the root, a
control group.  The difference is the effect; what the program meant to do plays no part.
"""

import os

from lab.process import KINDS, Process
from lab.xray import groups, mounts

MOUNTING = ("mount", "umount2", "pivot_root", "move_mount", "mount_setattr", "fsmount", "open_tree")
BIRTHS = ("clone", "clone3", "fork", "vfork")
PLACES = ("chroot", "pivot_root", "chdir", "fchdir")
OF_HOST = "this is the host's own: everybody on it sees that"


class Effects:
    """The lab host that a program runs on, to compare with."""

    def __init__(self, host_pid, traced):
        """`traced` returns the numbers of the processes that may be meant by a number."""
        self._host, self._traced = host_pid, traced
        self.namespaces = namespaces(host_pid)
        self._last = {}  # mount tables as they were last seen, by namespace and root

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
            words, facts = self._moved(tid, before["namespaces"])
            return "; ".join(words + self._for_children(facts, name, values)), facts
        if name in MOUNTING:
            sentence, facts = self._mounted(tid, before)
            more = self._placed(tid, name, before) if name == "pivot_root" else ("", {})
            return "; ".join(filter(None, (more[0], sentence))), {**facts, **more[1]}
        if name in PLACES:
            return self._placed(tid, name, before)
        if name in ("sethostname", "setdomainname"):
            return self._named(tid, name, values[0])
        if name in ("write", "pwrite64", "writev"):
            return groups.written(tid, *values[:2], self._traced())
        if name in ("mkdir", "mkdirat", "rmdir", "unlinkat"):
            verb = "made" if name.startswith("mk") else "removed"
            return f"control group {verb}", {"group": values[name.endswith("at")]}
        if name in ("setrlimit", "prlimit64"):
            return "a limit of this one process, and of each child for itself: no group", {}
        return "", {}

    def born(self, parent, child, values):
        """Return (sentence, facts) about a process that was just born of a call with `values`."""
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
        words += f", in {' and '.join(others)}" * bool(others)
        into = groups.born_into(child) if "CLONE_INTO_CGROUP" in str(values) else ("", {})
        return words + into[0], {**facts, **into[1]}

    def _moved(self, tid, before):
        """Tell which namespaces were left and entered."""
        after = namespaces(tid)
        left = {kind: before[kind] for kind in after if before[kind] != after[kind]}
        entered = {kind: after[kind] for kind in left}
        words = [f"left {left[kind]} → entered {self._whose(kind, entered[kind])}" for kind in left]
        facts = {"left": left, "entered": entered}
        if "mnt" in left:
            lines = self._table(tid)
            tied = mounts.tied(lines, self._last_table(self._host))
            facts |= {"mounts": len(lines), "mounts_tied_to_host": tied}
            if tied:
                words.append(f"{tied} of its {len(lines)} mounts still pass mounts on to the host")
        return words, facts

    def _for_children(self, facts, name, values):
        """Tell what a call does for the next child, and not for the caller: pid_namespaces(7)."""
        new = name == "unshare" and "CLONE_NEWPID" in values[0]
        other = name == "setns" and str(values[0]).startswith("pid:")
        facts["next_child_is_first"] = new
        where = "be PID 1 of a new PID namespace" if new else f"be born in {values[0]}"
        return [f"the caller stays where it is; its next child will {where}"] * (new or other)

    def _whose(self, kind, identity):
        """Write a namespace, and whether it is the host's."""
        return f"{identity}, the host's" if self.namespaces.get(kind) == identity else identity

    def _tables(self, tid):
        """Return the mount tables of a process and of the host, as they were last seen.

        Who changes them is traced, so that they are as they were after the call before.
        """
        return {"table": self._last_table(tid), "host": self._last_table(self._host)}

    def _last_table(self, tid):
        key = _link(tid, "ns/mnt"), _link(tid, "root")
        return self._last[key] if key in self._last else self._table(tid)

    def _table(self, tid):
        """Return the mount table of a process as it is now."""
        key = _link(tid, "ns/mnt"), _link(tid, "root")
        self._last[key] = mounts.table(tid)
        return self._last[key]

    def _mounted(self, tid, before):
        """Tell what changed in the mount tables, and who sees it."""
        after = self._table(tid)
        change = mounts.changes(before["table"], after)
        may_spread = change["added"] or change["removed"]
        host = self._table(self._host) if may_spread else before["host"]
        of_host = mounts.changes(before["host"], host)
        ours = {row.device for row in change["added"]}
        leaked = [row for row in of_host["added"] if row.device in ours]
        own = _link(tid, "ns/mnt")
        is_host = own == self.namespaces["mnt"]
        who = f"only {own} sees it"
        if is_host:
            who = OF_HOST
        elif leaked:
            who = f"the host sees it too, on {leaked[0].point}"
        words, tied = [mounts.sentence(change, who)], mounts.tied(after, host)
        if change["changed"] and not is_host:
            many = f"{tied} of {len(after)} mounts still pass" if tied else "no mount passes"
            words.append(f"{many} mounts on to the host")
        changed = [new._asdict() for _, new in change["changed"]]
        facts = {"added": _dicts(change["added"]), "removed": _dicts(change["removed"])}
        facts |= {"changed": changed, "in_host_table": is_host, "mounts_tied_to_host": tied}
        facts |= {"host_added": _dicts(leaked), "namespace": own}
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
        own = _link(tid, "ns/uts")
        is_host = own == self.namespaces["uts"]
        what = "host name" if name == "sethostname" else "domain name"
        words = f"{what} of {own} is now {value}"
        words += "; this is the host's own namespace: the host is renamed" * is_host
        return words, {"namespace": own, "in_host_namespace": is_host, "name": value}


def namespaces(tid) -> dict:
    """Return the identity of each namespace that a thread is in."""
    return {kind: os.readlink(f"/proc/{tid}/ns/{kind}") for kind in KINDS}


def _dicts(rows):
    return [row._asdict() for row in rows]


def _link(tid, name):
    return os.readlink(f"/proc/{tid}/{name}")

"""What the kernel shows of a lab host and of a container on it, at one moment."""

import os
import signal

from lab import cgroup
from lab.process import Process, families


class Snapshot:
    """The lab host, seen from outside."""

    def __init__(self, lab):
        init = Process(lab.pid)
        self.host_name = lab.host_name()
        self.namespaces = init.namespaces()
        self.mounts = init.mounts()
        self.groups = groups_of(lab)

    def changes_since(self, before):
        """Return what is different in the mount table, in words, by the place of the mount."""
        new = {m.point: f"{m} appeared" for m in self.mounts if m not in before.mounts}
        old = {m.point: f"{m} is gone" for m in before.mounts if m not in self.mounts}
        both = {point: f"{new[point][:-9]} changed" for point in new.keys() & old.keys()}
        return {**new, **old, **both}

    def devices(self):
        """Return the devices of the filesystems that it has mounted."""
        return {mount.device for mount in self.mounts}

    def peers(self):
        """Return the peer groups that its mounts are in: who tells whom about mounts."""
        return {mount.group for mount in self.mounts} - {0}

    def location(self, path):
        """Return where a folder is kept: the device of its filesystem, and the path there."""
        fits = [m for m in self.mounts if f"{path}/".startswith(f"{m.point.rstrip('/')}/")]
        mount = max(fits, key=lambda m: len(m.point))
        return mount.device, mount.root.rstrip("/") + "/" + path[len(mount.point) :].strip("/")


class View:
    """COMMAND in its container, seen from outside."""

    def __init__(self, lab, process):
        self.namespaces = process.namespaces()
        self.pid_inside = process.pid_inside()
        self.host_name = lab.host_name(process.pid)
        self.mounts = process.mounts()
        visible = or_none(process.visible_processes) or []
        of_lab, below = map(_places, families(lab.pid, process.pid))
        own = self.namespaces["pid"]
        self.own_processes = sorted(number for space, number in of_lab if space == own)
        later = or_none(process.visible_processes) or []
        self.visible_processes = [number for number in visible if number in later]
        self.child_namespaces = {space for space, _ in below}
        self.root = process.root()
        self.working_directory = process.working_directory()
        self.descriptors = process.descriptors()
        self.groups = {} if lab.no_groups else process.groups()
        self.ignores_ctrl_c = process.ignores(signal.SIGINT)
        self.process_group = process.process_group()
        self.parent = (or_none(Process(process.parent()).command_line) or [""])[0]
        self.memory_rlimits = process.memory_rlimits()

    def strangers(self):
        """Return the processes in COMMAND's /proc that are not the container's."""
        return set(self.visible_processes) - set(self.own_processes)

    def mounted_at(self, point):
        """Return the topmost mount at a place, or None."""
        return next((m for m in reversed(self.mounts) if m.point == point), None)

    def shared_with(self, host):
        """Return the mounts that still pass on to the host what is mounted below them."""
        peers = host.peers()
        return [mount for mount in self.mounts if mount.group in peers]

    def holds(self, file):
        """Whether a file is inside the container's root, wherever it got it from."""
        if file.mount in {mount.number for mount in self.mounts}:
            return True
        # chroot(2) may make any directory the root; the mount it is on lies outside.
        below = file.path == self.root.path or file.path.startswith(f"{self.root.path}/")
        return file.mount == self.root.mount and below


class Launcher:
    """The learner's program beside COMMAND, seen from outside while it waits."""

    def __init__(self, lab, process):
        self.namespaces = process.namespaces()
        self.pid_for_children = process.pid_for_children()
        self.root = process.root().path
        self.mounts = process.mounts()
        self.process_group = process.process_group()
        self.groups = {} if lab.no_groups else process.groups()


def _places(processes):
    """Return for each process its PID namespace and its number there."""
    return list(filter(None, (or_none(process.place) for process in processes)))


def groups_of(lab):
    """Return the directories of all control groups on a lab host."""
    controllers = cgroup.CONTROLLERS if not lab.no_groups else ()
    tops = {lab.group_root(controller) for controller in controllers}
    return {folder for top in tops for folder, _, _ in os.walk(top)}


def or_none(ask):
    """Return what a question about a process yields; None if it has just ended."""
    try:
        return ask()
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return None

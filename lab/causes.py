"""The mistakes that the facts can point to: for each a predicate over a trial.

A check that fails names its suspects, the most particular first; the cause is the first
one whose predicate holds.  A predicate looks at what was observed, never at the source
text.  What a learner reads about a cause stands in steps/NN_topic/mistakes.md.
"""

import re

from lab.trial import ELSEWHERE, KILLED, TREES
from lab.verdict import last_line


def find(suspects, trial) -> "str | None":
    """Return the first of the suspected causes that the facts of a trial support."""
    return next((cause for cause in suspects if PREDICATES[cause](trial)), None)


# A program that did not come as far as COMMAND, or not further.


def _said(trial):
    """Return what the programs wrote to stderr."""
    second = getattr(trial, "second", None)
    return trial.first.errors + (second.errors if second else "")


def _says(*patterns):
    """Return a predicate: some line of stderr has all of these regular expressions in it."""

    def holds(trial):
        lines = _said(trial).splitlines()
        return any(all(re.search(p, line) for p in patterns) for line in lines)

    return holds


def _script_printed(trial, stream):
    """Whether what a script, in place of the shell, wrote to a stream arrived."""
    return trial.token in (trial.script.output if stream == 1 else trial.script.errors)


def _arguments_lost(trial):
    """COMMAND by itself runs, and with arguments it is another one, or another's."""
    if not trial.first.is_up:
        bare_runs = trial.bare.status == 0 and trial.bare.output and trial.script.status != 7
        return bool(bare_runs) or trial.first.words[2] in trial.first.errors
    words = trial.first.command_line if trial.first.view else []
    return len(words) < 4


def _stdin_lost(trial):
    ended = trial.first.status is not None  # at the end of an empty stdin
    crashed = "Traceback" in trial.first.errors  # in some runs and not in others: a race
    return ended and not crashed and _script_printed(trial, 1) and trial.script.status == 7


def _stdout_lost(trial):
    if trial.first.status is None and trial.first.process:
        return True  # COMMAND was there, and could not be heard
    return _script_printed(trial, 2) and not _script_printed(trial, 1)


def _left_early(trial):
    """The launcher had ended while COMMAND was there, or had answered."""
    first = trial.first
    if first.is_up and not first.view:
        return first.is_silent  # it answered, and was gone before anybody could look
    return first.process is not None and not first.launcher_waits


def _never_ends(trial):
    """It had to be stopped, in its first run or in a later one."""
    return trial is None or trial.first.is_up or trial.first.status is None


def _never_started(trial):
    """It ended by itself, or answers by itself, and nothing says that COMMAND ever ran."""
    if trial.first.is_up:
        return not trial.first.saw_shell
    return trial.first.status is not None and not trial.script.output


# Host names, processes and namespaces.


def _shared(kind):
    """Return a predicate: COMMAND is in the host's namespace of a kind."""

    def holds(trial):
        return trial.before.namespaces[kind] == trial.first.view.namespaces[kind]

    return holds


def _moved_alone(trial):
    """The launcher is in a namespace in which COMMAND is not."""
    launcher, hosts = trial.first.launcher, trial.before.namespaces
    ours = trial.first.view.namespaces
    where = {**launcher.namespaces, "pid": launcher.pid_for_children} if launcher else hosts
    return any(where[kind] != hosts[kind] == ours[kind] for kind in ("uts", "mnt", "pid"))


def _name_changed(trial):
    return trial.during.host_name != trial.before.host_name


def _name_restored(trial):
    return _name_changed(trial) and trial.name_after_one == trial.before.host_name


def _status_raw(trial):
    """The low byte of what waitpid(2) reports: 0 for exit 7, 9 for a kill."""
    return trial.first.status == 9 and (not trial.second.is_up or trial.second.status == 0)


def _crashed_late(trial):
    return "Traceback" in _said(trial)


def _exec_not_caught(trial):
    """The error of exec itself was the end, as a traceback: it names no file, or COMMAND."""
    error = last_line(trial.missing.errors)
    of_exec = trial.token in error or error.endswith("No such file or directory")
    return "Traceback" in trial.missing.errors and of_exec


def _pid_no_fork(trial):
    return bool(trial.first.view.child_namespaces - {trial.before.namespaces["pid"]})


def _proc_on_top(trial):
    """Return the topmost mount on COMMAND's /proc, and whether the host has it too."""
    mount = trial.first.view.mounted_at("/proc")
    return mount, bool(mount) and mount.device in trial.before.devices()


def _proc_not_mounted(trial):
    mount, hosts = _proc_on_top(trial)
    return mount is None or (hosts and mount.kind == "proc")


def _proc_other_kind(trial):
    mount, _ = _proc_on_top(trial)
    return mount is not None and mount.kind != "proc"


def _proc_before_fork(trial):
    mount, hosts = _proc_on_top(trial)
    return bool(mount) and mount.kind == "proc" and not hosts and bool(trial.first.view.strangers())


def _new_elsewhere(trial, kind, point):
    """Whether the container has a new mount of a kind, and at another place."""
    known = trial.before.devices()
    return any(m.kind == kind and m.device not in known for m in trial.first.mounts()) and (
        all(m.device in known or m.point != point for m in trial.first.view.mounts)
    )


# Mounts.


def _changes(trial, kind):
    """Return which places of the host's mount table changed: "appeared", "gone", ..."""
    seen = {}
    for snapshot in (trial.after, trial.during):
        seen.update(snapshot.changes_since(trial.before))
    return [point for point, words in seen.items() if words.endswith(kind)]


def _host_changed(trial):
    """Only what the host had before is different: its propagation, or what is mounted."""
    return bool(_changes(trial, "changed")) and not _changes(trial, "appeared")


def _host_unmounted(trial):
    return bool(_changes(trial, "is gone"))


def _with_host(trial):
    """Return the container's mounts that are still peers of the host's."""
    peers = trial.before.peers() | trial.during.peers()
    return [mount for mount in trial.first.mounts() if mount.group in peers]


def _root_is_shared(trial):
    return any(mount.point == "/" for mount in _with_host(trial))


def _bind_not_private(trial):
    """ "/" is mounted on itself: the bind was done, and the propagation left alone."""
    roots = [mount for mount in trial.first.mounts() if mount.point == "/"]
    return len(roots) > 1 and _root_is_shared(trial)


def _not_recursive(trial):
    return bool(_with_host(trial)) and not _root_is_shared(trial)


def _cleaned_up(trial):
    """Something was mounted on the host while COMMAND ran, and not afterwards."""
    during = trial.during.changes_since(trial.before)
    return bool(during) and not trial.after.changes_since(trial.before)


def _mytemp(trial):
    return trial.first.view.mounted_at("/mytemp")


def _mytemp_borrowed(trial):
    mount = _mytemp(trial)
    return bool(mount) and mount.device in trial.before.devices()


def _mytemp_read_only(trial):
    mount = _mytemp(trial)
    return bool(mount) and "ro" in mount.options.split(",")


# Control groups.


def _joined(trial):
    """Return for which controllers COMMAND is in a group that is not the host's."""
    groups = trial.first.view.groups
    return {name for name, group in groups.items() if group != trial.lab_groups[name]}


def _joined_late(trial):
    """COMMAND was in another group at its first instruction, or when first looked at."""
    seen, later = trial.first.view.groups, trial.groups_later
    start = trial.groups_at_start or {}
    at_start = any(start[name] == trial.lab_groups[name] for name in start) and bool(_joined(trial))
    return bool(trial.strays) or at_start or bool(later and later != seen)


def _only_launcher(trial):
    launcher = trial.first.launcher
    return bool(launcher) and not _joined(trial) and launcher.groups != trial.lab_groups


def _partly_joined(trial):
    return 0 < len(_joined(trial)) < len(trial.lab_groups)


def _limit_wrong(file):
    def holds(trial):
        return trial.limits[file] is not None

    return holds


def _limit_missing(file):
    def holds(trial):
        return trial.limits[file] is None

    return holds


def _too_few_processes(trial):
    """The group's limit is another one, or COMMAND could start nothing at all."""
    if trial.first.is_up:
        return _limit_wrong("pids.max")(trial)
    return trial.step >= 4 and _says("[Cc]annot fork")(trial)


def _controller_off(trial):
    return bool(set(trial.lacks) & {"memory.max", "pids.max"})


def _one_group(trial):
    """Two containers are in one group, or the second one found it there already."""
    if not trial.second.view:
        lines = [line for line in trial.second.errors.splitlines() if "cgroup" in line]
        return any(re.search("EEXIST|File exists", line) for line in lines)
    return bool(set(trial.second.view.groups.values()) & set(trial.first.view.groups.values()))


# The root directory.


def _chdir_alone(trial):
    place = trial.first.view.working_directory.path
    return f"{place}/".startswith(f"{TREES[0]}/")


def _chroot_in_launcher(trial):
    return bool(trial.first.launcher) and trial.first.launcher.root != "/"


def _chdir_missing(trial):
    return any(
        session.view and session.view.working_directory.path == ELSEWHERE
        for session in (trial.first, trial.second)
    )


def _old_root_left(trial):
    """COMMAND's root is the top of its mount table, and the host's is mounted as well."""
    view, place = trial.first.view, trial.before.location("/")
    mounted = any((mount.device, mount.root) == place for mount in view.mounts)
    return mounted and view.root.path == "/"


def _outside_tree(trial):
    """What was mounted by the name that it has in the tree is outside of it."""
    known = trial.before.devices()
    inside = {mount.number for mount in trial.first.view.mounts}
    new = [m for m in trial.first.mounts() if m.device not in known and m.number not in inside]
    return any(mount.point in ("/mytemp", "/proc") for mount in new)


def _always(trial):
    """What the check itself has seen leaves no other cause."""
    return True


PREDICATES = {
    # any step
    "syntax-error": _says(r"^(SyntaxError|IndentationError|TabError)\b"),
    "host-destroyed": _always,
    "never-ends": _never_ends,
    "never-started": _never_started,
    "killed": lambda trial: trial.first.status == KILLED,
    "crashed": _says(r"^[\w.]*(Error|Exception|Interrupt|Exit)\b"),
    "crashed-late": _crashed_late,
    "second-fails": lambda trial: not trial.second.view,
    # kernel errors that mislead
    "group-file-unknown": _says(
        r"/sys/fs/cgroup.*/(memory|pids|cpu|io|cgroup)\.(?!procs)",
        r"EACCES|Permission denied|ENOENT|No such file",
    ),
    "group-out-of-reach": _says(r"/sys/fs/cgroup", r"ENOENT|No such file"),
    "group-file-refused": _says(r"/sys/fs/cgroup", r"EINVAL|Invalid argument"),
    "group-inner-processes": _says(r"/sys/fs/cgroup", r"EBUSY|Device or resource busy"),
    "pivot-root-refused": _says(r"pivot_root", r"EINVAL|Invalid argument|EBUSY|busy"),
    "fork-after-pid-1": _says(r"\bENOMEM\b|Cannot allocate memory|[Cc]annot fork"),
    "path-after-chroot": _says(re.escape(TREES[0]), r"ENOENT|No such file"),
    "exec-in-tree": lambda trial: trial.step >= 5 and trial.first.status in (126, 127),
    # step 1
    "name-printed": lambda trial: "container" in trial.first.greeting,
    "name-restored": _name_restored,
    "name-without-unshare": _name_changed,
    "name-before-unshare": lambda trial: not _shared("uts")(trial) and _name_changed(trial),
    "unshare-in-launcher": _moved_alone,
    "uts-shared": _shared("uts"),
    "name-missing": lambda trial: trial.first.view.host_name == trial.before.host_name,
    "name-wrong": lambda trial: trial.first.view.host_name != trial.before.host_name,
    "arguments-lost": _arguments_lost,
    "arguments-joined": lambda trial: not _arguments_lost(trial),
    "words-on-stdout": _always,
    "stdin-lost": _stdin_lost,
    "stdout-lost": _stdout_lost,
    "stderr-lost": lambda trial: not trial.stderr_arrives,
    "left-early": _left_early,
    "ctrl-c-traceback": lambda trial: "KeyboardInterrupt" in trial.second.errors,
    "ctrl-c-ignored": lambda trial: trial.second.view.ignores_ctrl_c,
    "ctrl-c-apart": lambda trial: (
        bool(trial.second.launcher)
        and trial.second.launcher.process_group != trial.second.view.process_group
        and not trial.second.noticed
    ),
    "ctrl-c-ends": lambda trial: not (trial.second.launcher_stays and trial.second.goes_on),
    "status-raw": _status_raw,
    "status-signal": lambda trial: trial.second.status == 7,
    "status-lost": lambda trial: not trial.second.is_up or trial.second.status != 7,
    "exec-not-caught": _exec_not_caught,
    "exec-silent": lambda trial: not (trial.missing.errors and trial.not_executable.errors),
    "exec-status": _always,
    "usage-not-caught": lambda trial: any("Traceback" in run.errors for run in trial.usage),
    "usage": _always,
    "processes-left": _always,
    "mounts-left": _always,
    # step 2
    "pid-no-fork": _pid_no_fork,
    "pid-shared": _shared("pid"),
    "pid-not-first": lambda trial: trial.first.view.pid_inside != 1,
    "proc-not-mounted": _proc_not_mounted,
    "proc-other-kind": _proc_other_kind,
    "proc-before-fork": _proc_before_fork,
    "ps-fails": lambda trial: not trial.first.view.strangers(),
    "proc-elsewhere": lambda trial: _new_elsewhere(trial, "proc", "/proc"),
    "proc-on-host": _shared("mnt"),
    "proc-propagates": lambda trial: not _shared("mnt")(trial),
    "host-made-private": _host_changed,
    "host-unmounted": _host_unmounted,
    "survivors": _always,
    # step 3
    "mnt-shared": _shared("mnt"),
    "mounts-shared": _root_is_shared,
    "bind-not-private": _bind_not_private,
    "mounts-not-recursive": _not_recursive,
    "mounted-and-cleaned": _cleaned_up,
    "mounted-on-host": lambda trial: bool(_changes(trial, "appeared")),
    "mytemp-borrowed": _mytemp_borrowed,
    "mytemp-other-kind": lambda trial: bool(_mytemp(trial)) and _mytemp(trial).kind != "tmpfs",
    "mytemp-elsewhere": lambda trial: _new_elsewhere(trial, "tmpfs", "/mytemp"),
    "mytemp-directory": lambda trial: trial.has_mytemp and not _mytemp(trial),
    "mytemp-missing": lambda trial: not _mytemp(trial),
    "mytemp-small": lambda trial: bool(trial.mytemp_size),
    "mytemp-read-only": _mytemp_read_only,
    # step 4
    "rlimit-instead": lambda trial: bool(trial.first.view.memory_rlimits),
    "joined-late": _joined_late,
    "only-launcher-in-group": _only_launcher,
    "group-partly-joined": _partly_joined,
    "group-not-joined": lambda trial: not _joined(trial),
    "controller-off": _controller_off,
    "memory-limit-wrong": _limit_wrong("memory.max"),
    "memory-limit-missing": _limit_missing("memory.max"),
    "processes-limit-wrong": _too_few_processes,
    "processes-limit-missing": _limit_missing("pids.max"),
    "swap-allowed": lambda trial: trial.limits["memory.swap.max"] != 0,
    "not-the-kernel": lambda trial: trial.kills == 0,
    "limits-late": lambda trial: trial.limits_at_start["memory.max"] is None,
    "group-not-rmdir": _says(r"EPERM|Operation not permitted", r"cgroup|memory\.|pids\."),
    "group-busy": _says(r"EBUSY|[Bb]usy", r"cgroup|container"),
    "group-left": _always,
    "group-shared": _one_group,
    # step 5
    "chdir-without-chroot": _chdir_alone,
    "chroot-in-launcher": _chroot_in_launcher,
    "root-shared": lambda trial: trial.host_file_in_root or trial.root_is_hosts,
    "rootfs-ignored": lambda trial: not trial.first_in_tree,
    "rootfs-required": lambda trial: (
        trial.step >= 5 and trial.first_in_tree and not trial.second_in_default
    ),
    "chdir-missing": _chdir_missing,
    "chdir-before-chroot": lambda trial: not _chdir_missing(trial),
    "old-root-left": _old_root_left,
    "host-bound": lambda trial: bool(trial.foreign or trial.reached),
    "descriptor-leaked": _always,
    "mounts-outside-tree": _outside_tree,
}

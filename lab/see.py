"""The line of a program that a mistake is about: what the X-ray saw, by cause.

A cause says what is wrong; the order of the system calls says where, and why there: too
early, too late, or in the wrong process.
"""

import os
import sys

from lab.host import Host, LabError
from lab.trial import ELSEWHERE, setting
from lab.xray.record import CannotTraceError, Trace

COMMAND = ["true"]
PATIENCE = 5.0  # seconds for the program to end


def add_lines(results: list, program: str, step: int) -> "Trace | None":
    """Give each result that has a cause the line that it is about, as `see`; None if none is.

    The program runs once more, under the X-ray; without python-ptrace there are no lines.
    Return what the X-ray saw, if there was one.
    """
    for result in results:
        result["see"] = None
    if not any(result["cause"] in FINDERS for result in results):
        return None
    try:
        seen = traced(program, step)
    except (ImportError, LabError, CannotTraceError):
        return None  # the verdict is the same without
    for result in results:
        result["see"] = line(seen, result["cause"])
    return seen


def line(trace, cause) -> "str | None":
    """Return the line that a cause is about, and why it is wrong there; None if there is none."""
    found = FINDERS[cause](trace) if cause in FINDERS else None
    if not found:
        return None
    call, why = found
    place = f"{_place(call)}  {call.text}" if call.line else f"{call.program}: {call.shown}"
    return f"{place}  -- {why}"


def traced(program: str, step: int, patience: float = PATIENCE) -> Trace:
    """Run a program once under the X-ray, as a trial runs it."""
    from lab.xray import run  # python-ptrace takes its time, and may not be there

    path, layers, env = setting(program, step)
    with Host(layers) as host:
        argv = [sys.executable, path, "run", *COMMAND]
        return run.trace(host, argv, patience=patience, env=env, cwd=ELSEWHERE, command=COMMAND)


def _place(call):
    return f"{os.path.basename(call.file)}:{call.line}" if call.line else call.shown


def _first(trace, names, holds):
    """Return the first call of these names that a predicate holds for, or None."""
    return next((call for call in trace.named(*names) if holds(call)), None)


def _later(trace, call, names, holds):
    """Return in words where a call stands that should have come before another one."""
    late = _first(trace, names, lambda c: c.number > call.number and holds(c))
    return f"{late.name} comes later: {_place(late)}" if late else None


def _enters(kind):
    """Return a predicate: the call enters a new namespace of a kind, or its children will."""
    if kind == "pid":
        return lambda call: call.facts.get("next_child_is_first", False)
    return lambda call: kind in call.facts.get("entered", {})


BIRTHS = ("clone", "clone3", "fork", "vfork")
MOVES = ("unshare", "setns", *BIRTHS)


def _executed(trace):
    """Return the call that executed COMMAND, or None."""
    return _first(trace, ("execve", "execveat"), lambda call: call.facts.get("is_command"))


def _command(trace):
    """Return the life of COMMAND, or None."""
    return next((life for life in trace.lives if life.is_command), None)


def _named_on_host(trace):
    """sethostname(2) in the host's namespace."""
    call = _first(trace, ("sethostname",), lambda c: c.facts.get("in_host_namespace"))
    if call:
        later = _later(trace, call, MOVES, _enters("uts"))
        return call, f"too early: {later}" if later else "in the host's own UTS namespace"


def _name_set(trace):
    """The last sethostname(2)."""
    calls = [call for call in trace.named("sethostname") if not call.failed]
    return (calls[-1], f"the name is {calls[-1].facts['name']!r}") if calls else None


def _name_not_set(trace):
    """A new UTS namespace, and no sethostname(2) in it."""
    call = _first(trace, MOVES, _enters("uts"))
    return call and (call, "and no sethostname follows in the new namespace")


def _moved_alone(trace):
    """unshare(2) in a process that is not COMMAND, after its fork."""
    command = _command(trace)
    call = command and _first(
        trace, ("unshare",), lambda c: c.pid != command.pid and c.number > (command.born or 0)
    )
    return call and (call, f"too late: the fork of COMMAND, process {command.pid_host}, was before")


def _no_fork(trace):
    """CLONE_NEWPID, and COMMAND executed by the caller itself."""
    call = _first(trace, ("unshare",), _enters("pid"))
    executed = _executed(trace)
    if call and executed and executed.pid == call.pid:
        return executed, f"no fork between {_place(call)} and this"


def _proc_outside(trace):
    """A proc mounted by a process that is in no PID namespace of its own."""
    call = _first(trace, ("mount",), lambda c: _adds(c, "proc") and c.pid_inside == c.pid_host)
    return call and (call, f"in process {call.pid_inside}, outside of the new PID namespace")


def _adds(call, kind):
    return any(row["kind"] == kind for row in call.facts.get("added", ()))


def _ties(call):
    """Whether a call is one that changes the propagation of mounts."""
    return bool(call.facts.get("changed")) and not call.facts.get("added")


def _leaked(trace):
    """A mount that the host sees as well."""

    def leaks(call):
        facts = call.facts
        return facts.get("host_added") or (facts.get("in_host_table") and facts.get("added"))

    call = _first(trace, ("mount", "move_mount"), leaks)
    if not call:
        return None
    if call.facts["in_host_table"]:
        later = _later(trace, call, MOVES, _enters("mnt"))
        return call, f"too early: {later}" if later else "in the host's own mount namespace"
    later = _later(trace, call, ("mount", "mount_setattr"), _ties)
    return call, f"too early: {later}" if later else "while the mounts around it were shared"


def _still_tied(trace):
    """The call that should have cut the ties, and left some."""
    cuts = [c for c in trace.named("mount") if "MS_PRIVATE" in c.shown or "MS_SLAVE" in c.shown]
    left = [call for call in cuts if call.facts.get("mounts_tied_to_host")]
    call = left[-1] if left else None  # the one before is about /proc alone, and given
    return call and (
        call,
        f"{call.facts['mounts_tied_to_host']} mounts are still tied to the host's",
    )


def _joined_late(trace):
    """A group joined when COMMAND had been executed, by its parent, or for another process."""
    executed, command = _executed(trace), _command(trace)
    call = command and next((c for c in trace.calls if c.facts.get("joined")), None)
    if not call:
        return None
    if executed and call.number > executed.number:
        return call, "too late: COMMAND was executed before"
    if call.facts["joined"] != command.pid:
        return call, f"in process {call.pid_host}; COMMAND is process {command.pid_host}"
    if call.pid != command.pid:
        return call, f"in process {call.pid_host}, for which COMMAND does not wait"
    return None


def _refused(trace):
    """A control-group file that could not be written, and nobody looked."""
    call = next((c for c in trace.calls if c.failed and "/sys/fs/cgroup" in c.shown), None)
    return call and (call, f"failed with {call.error}, and the program went on")


def _written(*files):
    """Return a finder: what was written to a control-group file, or was refused."""

    def find(trace):
        calls = [c for c in trace.calls if c.facts.get("path", "").endswith(files)]
        done = [c for c in calls if not c.failed]
        return (done[-1], f"wrote {done[-1].facts['written'].strip()}") if done else _refused(trace)

    return find


def _left_behind(trace):
    """chroot(2) that leaves the working directory outside."""
    call = _first(trace, ("chroot",), lambda c: c.facts.get("cwd_is_inside") is False)
    if call:
        return call, f"the working directory stays at {call.facts['cwd']}"


def _another_root(trace):
    """chroot(2) in a process that is not COMMAND."""
    command = _command(trace)
    call = command and _first(trace, ("chroot",), lambda c: c.pid != command.pid)
    return call and (call, f"in process {call.pid_host}; COMMAND is process {command.pid_host}")


def _before_chroot(trace):
    """A mount for the container, made before chroot(2)."""
    root = _first(trace, ("chroot", "pivot_root"), lambda c: not c.failed)
    call = root and _first(trace, ("mount",), lambda c: c.facts.get("added"))
    if call and call.number < root.number:
        return call, f"too early: {root.name} comes later: {_place(root)}"


FINDERS = {
    "name-restored": _named_on_host,
    "name-without-unshare": _named_on_host,
    "name-before-unshare": _named_on_host,
    "name-missing": _name_not_set,
    "name-wrong": _name_set,
    "unshare-in-launcher": _moved_alone,
    "pid-no-fork": _no_fork,
    "proc-before-fork": _proc_outside,
    "proc-on-host": _leaked,
    "proc-propagates": _leaked,
    "mounts-shared": _leaked,
    "bind-not-private": _leaked,
    "mounted-and-cleaned": _leaked,
    "mounted-on-host": _leaked,
    "mounts-not-recursive": _still_tied,
    "joined-late": _joined_late,
    "only-launcher-in-group": _joined_late,
    "memory-limit-missing": _refused,
    "memory-limit-wrong": _written("memory.max", "memory.limit_in_bytes"),
    "processes-limit-missing": _refused,
    "processes-limit-wrong": _written("pids.max"),
    "swap-allowed": _refused,
    "controller-off": _refused,
    "chdir-missing": _left_behind,
    "chdir-before-chroot": _left_behind,
    "chroot-in-launcher": _another_root,
    "mounts-outside-tree": _before_chroot,
}

"""Step 2: the container has a process table of its own."""

from lab.verdict import after, check


def test_command_is_pid_1(trial):
    """The command is process 1 of a PID namespace of its own."""
    view, host = trial.first.view, trial.before.namespaces["pid"]
    inside = view.namespaces["pid"]
    check(
        inside != host,
        f"another PID namespace than the host's {host}",
        inside,
        "pid-no-fork" if view.child_namespaces - {host} else "pid-shared",
    )
    check(view.pid_inside == 1, "number 1 inside", view.pid_inside, "pid-not-first")


@after("test_command_is_pid_1")
def test_host_keeps_its_proc(trial):
    """The host's /proc is untouched, while the container runs and after."""
    before = _proc_mounts(trial.before)
    for moment, snapshot in (("while it runs", trial.during), ("after", trial.after)):
        check(
            _proc_mounts(snapshot) == before,
            "the mounts on /proc in the host's mount table as they were",
            f"{moment}: {len(_proc_mounts(snapshot)) - len(before)} more",
            "proc-on-host",
        )


@after("test_host_keeps_its_proc")
def test_ps_shows_only_the_container(trial):
    """`ps` shows process 1 and only the processes of the container."""
    view = trial.first.view
    strangers = set(view.visible_processes) - set(view.own_processes)
    check(
        view.visible_processes and not strangers,
        f"a /proc with the container's processes {view.own_processes}",
        f"one with {view.visible_processes or 'none'}",
        "proc-stale",
    )
    lines = [line.split() for line in (trial.ps or "").splitlines()]
    numbers = {int(words[0]) for words in lines if words and words[0].isdigit()}
    check(1 in numbers and len(numbers) <= 4, "ps lists process 1", trial.ps, "proc-stale")


@after("test_command_is_pid_1")
def test_nothing_survives_the_command(trial):
    """When the command ends, every process of the container ends."""
    check(
        not trial.leftovers,
        "no process, although COMMAND had left one in the background",
        ", ".join(trial.leftovers),
        "survivors",
    )


def _proc_mounts(snapshot):
    """Return what the host has mounted on /proc itself."""
    return [mount for mount in snapshot.mounts if mount.point == "/proc"]

"""Step 2: the container has a process table of its own."""

from lab.verdict import after, check, listed

WHY_STALE = ("proc-other-kind", "proc-elsewhere", "proc-not-mounted", "proc-before-fork")


def test_command_is_pid_1(trial):
    """The command is process 1 of a PID namespace of its own."""
    view, host = trial.first.view, trial.before.namespaces["pid"]
    inside = view.namespaces["pid"]
    check(
        inside != host,
        f"another PID namespace than the host's {host}",
        inside,
        "pid-no-fork",
        "unshare-in-launcher",
        "pid-shared",
    )
    check(view.pid_inside == 1, "number 1 inside", view.pid_inside, "pid-not-first")


@after("test_command_is_pid_1")
def test_host_keeps_its_proc(trial):
    """The host's /proc is untouched, while the container runs and after."""
    for moment, snapshot in (("while it runs", trial.during), ("after", trial.after)):
        changes = snapshot.changes_since(trial.before)
        check(
            "/proc" not in changes,
            "the mounts on /proc in the host's mount table as they were",
            f"{moment}: {changes.get('/proc')}",
            "host-unmounted",
            "host-made-private",
            "bind-not-private",
            "proc-on-host",
            "proc-propagates",
        )


@after("test_host_keeps_its_proc")
def test_ps_shows_only_the_container(trial):
    """`ps` shows process 1 and only the processes of the container."""
    view = trial.first.view
    check(
        view.visible_processes and not view.strangers(),
        f"a /proc with the container's processes {view.own_processes}",
        f"one with {view.visible_processes}" if view.visible_processes else "an empty one, or none",
        *WHY_STALE,
    )
    lines = [line.split() for line in (trial.ps or "").splitlines()]
    numbers = {int(words[0]) for words in lines if words and words[0].isdigit()}
    check(
        1 in numbers and len(numbers) <= 4, "ps lists process 1", trial.ps or "nothing", "ps-fails"
    )


@after("test_command_is_pid_1")
def test_nothing_survives_the_command(trial):
    """When the command ends, every process of the container ends."""
    check(
        not trial.leftovers,
        "no process, although COMMAND had left one in the background",
        listed(trial.leftovers),
        "survivors",
    )

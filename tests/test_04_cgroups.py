"""Step 4: the container can use a part of the machine and no more."""

from lab.verdict import after, check, check_second, listed

WHY_MEMORY = ("controller-off", "rlimit-instead", "memory-limit-wrong", "memory-limit-missing")
WHY_PROCESSES = ("controller-off", "processes-limit-wrong", "processes-limit-missing")
TIDY = ("test_ctrl_c_is_for_the_command", "test_nothing_survives_the_command")
WHY_LEFT = ("group-out-of-reach", "group-not-rmdir", "group-busy", "crashed-late", "group-left")

MEMORY, PROCESSES = 64 << 20, 64


def test_command_has_its_own_group(trial):
    """The command is in a control group of its own."""
    for controller, group in trial.first.view.groups.items():
        check(
            group != trial.lab_groups[controller],
            f"a group of its own for {controller}",
            "the host's own group",
            "group-partly-joined",
            "joined-late",
            "only-launcher-in-group",
            "rlimit-instead",
            "group-not-joined",
        )


@after("test_command_has_its_own_group")
def test_children_are_in_the_group(trial):
    """The command's children are in the group, from its first instruction on."""
    start = trial.groups_at_start or trial.first.view.groups
    late = {name for name in start if start[name] == trial.lab_groups[name]}
    wanted = "COMMAND in its group before its first instruction"
    check(not late, wanted, f"in the host's own group for {listed(sorted(late))}", "joined-late")
    groups = {group for other in trial.strays for group in other.values()}
    seen = f"a child in {', '.join(sorted(groups))}"
    check(not trial.strays, "all children in COMMAND's group", seen, "joined-late")


@after("test_children_are_in_the_group")
def test_memory_is_limited(trial):
    """The group may use 64 MiB of memory."""
    seen, start = trial.limits["memory.max"], trial.limits_at_start
    found = "no limit" if seen is None else f"{seen} bytes"
    check(seen == MEMORY, f"{MEMORY} bytes in memory.max", found, *WHY_MEMORY)
    late = bool(start) and start["memory.max"] is None
    check(not late, "a limit before COMMAND begins", "none yet", "limits-late")


@after("test_memory_is_limited")
def test_there_is_no_swap(trial):
    """The group may use no swap."""
    seen = trial.limits["memory.swap.max"]
    found = "no limit" if seen is None else f"{seen} bytes"
    check(seen == 0, "0 bytes in memory.swap.max", found, "swap-allowed")


@after("test_command_has_its_own_group")
def test_processes_are_limited(trial):
    """The group may have 64 processes."""
    seen = trial.limits["pids.max"]
    found = "no limit" if seen is None else str(seen)
    check(seen == PROCESSES, f"{PROCESSES} in pids.max", found, *WHY_PROCESSES)


@after("test_memory_is_limited", "test_arguments_arrive_unchanged", "test_exits_as_the_command_did")
def test_kernel_kills_what_uses_too_much(trial):
    """Over the limit the kernel kills."""
    # A group may also be killed as a whole, COMMAND with its child: memory.oom.group.
    killed = trial.hog_answer[-1:] == ["137"] or trial.first.status == 137
    check(
        trial.kills > 0 and killed,
        "96 MiB end in a kill by the OOM killer: oom_kill rises, status 137",
        f"oom_kill rose by {trial.kills}, status {' '.join(trial.hog_answer)}",
        "rlimit-instead",
        "not-the-kernel",
    )


@after("test_processes_are_limited")
def test_fork_loop_ends_at_the_limit(trial):
    """A fork loop ends at the limit, and the host can still start processes."""
    seen = trial.process_count
    check(
        PROCESSES - 4 <= seen <= PROCESSES and trial.host_can_fork,
        f"{PROCESSES} processes at most, and a host that can fork",
        f"{seen} processes; the host can {'' if trial.host_can_fork else 'not '}fork",
        *WHY_PROCESSES,
    )


@after("test_command_has_its_own_group", *TIDY)
def test_group_is_gone_afterwards(trial):
    """The group is gone when the container is."""
    left = sorted(trial.after.groups - trial.before.groups)
    check(not left, "no group left", listed(left), *WHY_LEFT)


@after("test_command_has_its_own_group")
def test_two_containers_share_no_group(trial):
    """Two containers at the same time have two groups."""
    check_second(trial.second)
    shared = [g for g in trial.second.view.groups.values() if g in trial.first.view.groups.values()]
    check(not shared, "two groups", f"both are in {listed(shared)}", "group-shared")

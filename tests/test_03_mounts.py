"""Step 3: the container has a mount table of its own, and scratch space in it."""

from lab.verdict import after, check, check_second, listed

WHY_NO_TMPFS = ("mytemp-borrowed", "mytemp-other-kind", "mytemp-elsewhere", "mytemp-directory")
WHY_NO_TMPFS += ("mytemp-missing",)
WHY_MOUNTS_LEAK = ("host-unmounted", "host-made-private", "bind-not-private", "mounts-shared")
WHY_MOUNTS_LEAK += ("mounts-not-recursive", "mounted-and-cleaned", "mounted-on-host")
WHY_SEEN = ("bind-not-private", "mounts-shared", "mounted-on-host")


def test_command_has_its_own_mount_namespace(trial):
    """The command runs in a mount namespace of its own."""
    inside, host = trial.first.view.namespaces["mnt"], trial.before.namespaces["mnt"]
    suspects = ("unshare-in-launcher", "mnt-shared")
    check(inside != host, f"another one than the host's {host}", inside, *suspects)


@after("test_command_has_its_own_mount_namespace")
def test_mytemp_is_a_tmpfs(trial):
    """The container has a tmpfs on /mytemp."""
    mount = trial.first.view.mounted_at("/mytemp")
    found = str(mount) if mount else "no mount on /mytemp"
    check(mount and mount.kind == "tmpfs", "tmpfs on /mytemp", found, *WHY_NO_TMPFS)
    hosts = [str(m) for m in trial.before.mounts if m.device == mount.device]
    check(not hosts, "a tmpfs of its own", f"the host's {''.join(hosts[:1])}", "mytemp-borrowed")
    size, least = trial.mytemp_size, 16 << 20
    check(not size or size >= least, "room for 16 MiB", f"{size} bytes", "mytemp-small")


@after("test_command_has_its_own_mount_namespace")
def test_mounts_stay_in_the_container(trial):
    """What the container mounts stays in the container."""
    assert any(m.group for m in trial.before.mounts), "the lab host is not shared"
    for moment, snapshot in (("while it ran", trial.during), ("at the end", trial.after)):
        changes = snapshot.changes_since(trial.before)
        seen = f"{moment}, in the host's mount table: {listed(list(changes.values()))}"
        check(not changes, "the host's mount table as it was", seen, *WHY_MOUNTS_LEAK)


@after("test_mounts_stay_in_the_container")
def test_no_mount_is_shared_with_the_host(trial):
    """No mount of the container passes on to the host what is mounted below it."""
    shared = trial.first.view.shared_with(trial.before)
    check(
        not shared,
        "every mount private or slave",
        f"{len(shared)} still shared with the host, among them {shared[:1] and shared[0]}",
        "bind-not-private",
        "mounts-shared",
        "mounts-not-recursive",
    )


@after("test_mytemp_is_a_tmpfs")
def test_files_in_mytemp_are_seen_by_nobody_else(trial):
    """A file in /mytemp is seen in the container, not on the host, not in a second one."""
    seen = trial.first_sees
    check(seen, "a file can be written to /mytemp", "it is not there", "mytemp-read-only")
    check_second(trial.second)
    seen_by = "the host" * trial.host_sees or "a second container" * trial.second_sees
    check(not seen_by, "nobody else sees it", f"{seen_by} sees it", *WHY_SEEN)

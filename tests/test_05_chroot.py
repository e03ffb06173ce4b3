"""Step 5: the container has a root directory of its own."""

from lab.verdict import after, check, listed

WHY_REACHABLE = ("old-root-left", "host-bound")
WHY_NOT_INSIDE = {
    "/proc": ("mounts-outside-tree", "proc-elsewhere", "proc-other-kind", "proc-not-mounted"),
    "/mytemp": ("mounts-outside-tree", "mytemp-other-kind", "mytemp-elsewhere", "mytemp-missing"),
}


def test_root_is_the_tree(trial):
    """The command's root directory is the tree in $ROOTFS, by default rootfs/."""
    root = trial.first.view.root
    there = f"{trial.host_file} of the host is there" * trial.host_file_in_root
    check(
        not trial.host_file_in_root and not trial.root_is_hosts,
        "a root without the host's files",
        there or "it is the host's own root directory",
        "chroot-in-launcher",
        "chdir-without-chroot",
        "root-shared",
    )
    check(
        trial.first_in_tree,
        "the tree that ROOTFS names",
        f"another one: {root.path}",
        "rootfs-ignored",
    )
    check(
        trial.second_in_default,
        "rootfs/ of the repository where ROOTFS is not set",
        "another tree, or none",
        "rootfs-required",
    )


@after("test_root_is_the_tree")
def test_working_directory_is_inside(trial):
    """The command's working directory is inside its root."""
    for view in (trial.first.view, trial.second.view):
        check(
            view.holds(view.working_directory),
            f"a directory below {view.root.path}",
            f"the host's {view.working_directory.path}",
            "chdir-missing",
            "chdir-before-chroot",
        )


@after("test_working_directory_is_inside")
def test_no_descriptor_leads_out(trial):
    """No file or folder of the host is open in the command."""
    view = trial.first.view
    leaks = [
        f"descriptor {number} is the host's {file.path}"
        for number, file in view.descriptors.items()
        if file.kind != "other" and not view.holds(file)
    ]
    check(not leaks, "no file or folder outside the root", listed(leaks), "descriptor-leaked")


@after("test_no_descriptor_leads_out")
def test_host_files_are_out_of_reach(trial):
    """A file of the host cannot be reached by path, by "..", or through a mount."""
    check(not trial.reached, "no way to it", listed(trial.reached), *WHY_REACHABLE)
    mounted = f"mounted at {listed(dict.fromkeys(trial.foreign))}"
    check(not trial.foreign, "no folder of the host's disks", mounted, *WHY_REACHABLE)


@after("test_root_is_the_tree")
def test_proc_and_mytemp_are_in_the_tree(trial):
    """/proc and /mytemp are mounted inside the tree."""
    for point, kind in (("/proc", "proc"), ("/mytemp", "tmpfs")):
        mount = trial.first.view.mounted_at(point)
        found = str(mount) if mount else f"nothing is mounted on {point}"
        check(mount and mount.kind == kind, f"{kind} on {point}", found, *WHY_NOT_INSIDE[point])

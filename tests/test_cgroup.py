"""lab.cgroup: control groups in the words of version 2, on machines of both versions."""

import json
import os

import pytest
from running import python_on

from lab import cgroup
from lab.host import Host

MIB = 1 << 20
UNLIMITED = 9223372036854771712  # what a version 1 kernel with 4 KiB pages says


@pytest.fixture
def written(monkeypatch):
    """Return the list of (path, value) that is written, instead of writing."""
    calls = []
    monkeypatch.setattr(cgroup, "write_file", lambda path, value: calls.append((path, value)))
    return calls


@pytest.fixture
def v1(tmp_path, monkeypatch):
    """Return a folder that looks like a hierarchy of version 1."""
    for controller in cgroup.CONTROLLERS:
        (tmp_path / controller).mkdir()
    monkeypatch.setattr(cgroup, "HIERARCHY", str(tmp_path))
    return tmp_path


@pytest.fixture
def v2(tmp_path, monkeypatch):
    """Return a folder that looks like a hierarchy of version 2."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory\n")
    monkeypatch.setattr(cgroup, "HIERARCHY", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("file", "name"), cgroup.V1_NAMES.items())
def test_names_are_mapped_to_version_1(v1, file, name):
    """A file of version 2 is found under its version 1 name, in its controller's tree."""
    assert cgroup.version() == 1
    assert cgroup.Group("g").path(file) == f"{v1}/memory/g/{name}"
    assert cgroup.path_in(f"{v1}/memory/g", file) == f"{v1}/memory/g/{name}"


@pytest.mark.parametrize("file", ["pids.max", "pids.current"])
def test_names_that_both_versions_have_stay(v1, file):
    """A file that version 1 calls the same keeps its name, in its controller's tree."""
    assert cgroup.Group("g").path(file) == f"{v1}/pids/g/{file}"


@pytest.mark.parametrize("file", [*cgroup.V1_NAMES, "pids.max", "cgroup.procs"])
def test_names_are_left_alone_on_version_2(v2, file):
    """On version 2 every file has its own name, in the one tree."""
    assert cgroup.version() == 2
    assert cgroup.Group("g").path(file) == f"{v2}/g/{file}"
    assert cgroup.path_in(f"{v2}/g", file) == f"{v2}/g/{file}"


def test_group_is_made_in_each_tree_of_version_1(v1):
    """create() makes one directory for each controller, and remove() removes each."""
    group = cgroup.Group("g")
    assert not (v1 / "memory/g").exists(), "the object alone makes no group"
    group.create()
    assert (v1 / "memory/g").is_dir() and (v1 / "pids/g").is_dir()
    group.remove()
    assert not (v1 / "memory/g").exists() and not (v1 / "pids/g").exists()


def test_group_gets_its_controllers_on_version_2(v2, written):
    """create() enables the controllers that the parent does not give to its groups yet."""
    cgroup.Group("g").create()
    assert (v2 / "g").is_dir()
    assert written == [(f"{v2}/cgroup.subtree_control", "+pids")]


def test_remove_tree_removes_the_groups_below(v1):
    """remove_tree() removes nested groups, and is content if there are none."""
    for name in ("g", "g/left", "g/left/over"):
        cgroup.Group(name).create()
    cgroup.Group("g").remove_tree()
    cgroup.Group("g").remove_tree()
    assert not (v1 / "memory/g").exists() and not (v1 / "pids/g").exists()


def test_joining_is_a_write_of_0(v2, written):
    """join() moves the writer, which the kernel calls 0, by way of cgroup.procs."""
    cgroup.Group("g").join()
    assert written == [(f"{v2}/g/cgroup.procs", 0)]


def test_joining_is_quick_on_version_1(v1, written):
    """join() moves the writer in every tree, by the file that need not wait."""
    cgroup.Group("g").join()
    assert written == [(f"{v1}/memory/g/tasks", 0), (f"{v1}/pids/g/tasks", 0)]


def test_swap_is_counted_with_memory_on_version_1(v1, written):
    """No swap means there: memory and swap together as much as memory alone."""
    group = fill(v1 / "memory/g", limit_in_bytes=64 * MIB, memsw_limit_in_bytes=UNLIMITED)
    cgroup.Group("g").write("memory.swap.max", 0)
    cgroup.Group("g").write("memory.swap.max", MIB)
    path = f"{group}/memory.memsw.limit_in_bytes"
    assert written == [(path, 64 * MIB), (path, 65 * MIB)]


def test_values_may_be_text_on_both_versions(request, written):
    """A value written as text means the same, so that one program fits both versions."""
    for hierarchy, folder in (("v1", "memory/g"), ("v2", "g")):
        top = request.getfixturevalue(hierarchy)
        fill(top / folder, limit_in_bytes=MIB, memsw_limit_in_bytes=UNLIMITED, swap_max="max")
        cgroup.Group("g").write("memory.swap.max", "0")
    assert [int(value) for _, value in written] == [MIB, 0]


@pytest.mark.parametrize("file", ["memory.max", "memory.swap.max"])
def test_max_lifts_a_limit_on_version_1(v1, written, file):
    """The word for no limit is version 2's: there it is -1 that the kernel understands."""
    fill(v1 / "memory/g", limit_in_bytes=MIB, memsw_limit_in_bytes=MIB)
    cgroup.Group("g").write(file, "max")
    assert [str(value) for _, value in written] == ["-1"]


def test_swap_is_a_file_of_its_own_on_version_2(v2, written):
    """No swap means what it says."""
    group = fill(v2 / "g", max=64 * MIB, swap_max="max")
    cgroup.Group("g").write("memory.swap.max", 0)
    assert written == [(f"{group}/memory.swap.max", 0)]


@pytest.mark.parametrize("hierarchy", ["v1", "v2"])
def test_kernel_without_swap_accounting_allows_none(request, hierarchy, written):
    """Where swap is not counted, forbidding it is no error, and it reads as forbidden."""
    top = request.getfixturevalue(hierarchy)
    group = fill(top / "memory/g") if hierarchy == "v1" else fill(top / "g")
    cgroup.Group("g").write("memory.swap.max", 0)
    assert not written
    assert cgroup.limit(group, "memory.swap.max") == 0


def test_limit_of_version_2(v2):
    """limit() is the number, and None for "max" or where there is no file."""
    group = fill(v2 / "g", max=64 * MIB, swap_max="max")
    assert cgroup.limit(group, "memory.max") == 64 * MIB
    assert cgroup.limit(group, "memory.swap.max") is None
    assert cgroup.limit(group, "memory.high") is None
    assert cgroup.limit(f"{group}/gone", "memory.max") is None


def test_limit_of_version_1(v1):
    """limit() is the number, and None for the largest that version 1 knows."""
    group = fill(v1 / "memory/g", limit_in_bytes=64 * MIB, memsw_limit_in_bytes=65 * MIB)
    assert cgroup.limit(group, "memory.max") == 64 * MIB
    assert cgroup.limit(group, "memory.swap.max") == MIB
    fill(v1 / "memory/g", limit_in_bytes=64 * MIB, memsw_limit_in_bytes=UNLIMITED)
    assert cgroup.limit(group, "memory.swap.max") is None
    fill(v1 / "memory/g", limit_in_bytes=UNLIMITED)
    assert cgroup.limit(group, "memory.max") is None


def test_limit_of_processes(v1):
    """limit() reads pids.max in both versions alike."""
    (v1 / "pids/g").mkdir()
    (v1 / "pids/g/pids.max").write_text("64\n")
    assert cgroup.limit(f"{v1}/pids/g", "pids.max") == 64
    (v1 / "pids/g/pids.max").write_text("max\n")
    assert cgroup.limit(f"{v1}/pids/g", "pids.max") is None


def test_event_is_counted_in_both_versions(request, tmp_path):
    """event() is one counter of the file, and 0 where group or counter are missing."""
    for hierarchy, file in (("v1", "memory.oom_control"), ("v2", "memory.events")):
        top = request.getfixturevalue(hierarchy)
        (top / file).write_text("low 0\noom 2\noom_kill 1\n")
        assert cgroup.event(top, "memory.events", "oom_kill") == 1
        assert cgroup.event(top, "memory.events", "max") == 0
        assert cgroup.event(top / "gone", "memory.events", "oom_kill") == 0


def test_group_of_the_same_name_is_refused(v2):
    """create() raises FileExistsError if there is such a group."""
    (v2 / "cgroup.subtree_control").write_text("memory pids\n")
    cgroup.Group("g").create()
    with pytest.raises(FileExistsError, match="/g'"):
        cgroup.Group("g").create()


def test_unknown_file_is_an_error(v1):
    """Writing to a file that the kernel does not have raises, and makes none."""
    fill(v1 / "memory/g")
    with pytest.raises(FileNotFoundError, match="memory.maxx"):
        cgroup.Group("g").write("memory.maxx", 1)
    assert not os.listdir(v1 / "memory/g")


# ---- On a real kernel, with whatever version it has.


@pytest.fixture(scope="module")
def host():
    """Return a lab host with control groups."""
    with Host() as made:
        if made.no_groups:
            pytest.skip(f"cannot check here: no control groups: {made.no_groups}")
        yield made


USE = """
import json, os, subprocess
from lab import cgroup

def groups():
    return open("/proc/self/cgroup").read()

def child():
    pid = os.fork()
    if pid == 0:
        group.join()
        os.execvp("sh", ["sh", "-c", "cat /proc/self/cgroup > /tmp/grandchild"])
    os.waitpid(pid, 0)
    return open("/tmp/grandchild").read()

group = cgroup.Group("wörk")
group.create()
group.write("memory.max", 64 << 20)
group.write("memory.swap.max", 0)
group.write("pids.max", 7)
told = {
    "memory": group.read("memory.max"),
    "pids": group.read("pids.max"),
    "limits": [cgroup.limit(group.directories[f.split(".")[0]], f)
               for f in ("memory.max", "memory.swap.max", "pids.max")],
    "own": groups(),
    "child": child(),
    "own_later": groups(),
}
group.remove()
told["left"] = [d for d in group.directories.values() if os.path.exists(d)]
print(json.dumps(told))
"""


def test_group_is_made_used_and_removed(host):
    """A group takes limits in bytes, the joining process and its children, and goes."""
    answer = python_on(host, USE)
    told = json.loads(answer.output or "null")
    assert told, answer.errors
    assert (told["memory"], told["pids"]) == (str(64 * MIB), "7")
    assert told["limits"] == [64 * MIB, 0, 7]
    trees = len(cgroup.CONTROLLERS) if cgroup.version() == 1 else 1
    assert told["child"].count("/wörk") == trees
    assert "wörk" not in told["own"] + told["own_later"]
    assert not told["left"]


ERRORS = {
    "twice": ("group.create()", "FileExistsError", "/g"),
    "nonsense": ('group.write("memory.max", "much")', "OSError", "EINVAL"),
    "nonsense, by path": ('group.write("pids.max", "-5")', "OSError", "pids.max"),
    "a file of no kernel": ('group.write("memory.maxx", 1)', "FileNotFoundError", "memory.maxx"),
    "still in use": ("group.join(); group.remove()", "OSError", "busy"),
}
FAIL = """
import sys
from lab import cgroup
group = cgroup.Group(f"g{sys.argv[2]}")
group.create()
try:
    exec(sys.argv[1])
except OSError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("error", ERRORS)
def test_error_is_the_kernels_and_names_the_file(host, error):
    """What the kernel refuses raises OSError, and the text says what and where."""
    line, kind, part = ERRORS[error]
    answer = python_on(host, FAIL, line, list(ERRORS).index(error))
    assert answer.output.startswith(kind), answer.errors
    assert part in answer.output


def fill(folder, **files):
    """Write the memory controller's files in a folder; return the folder's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        name = name.replace("memsw_", "memsw.").replace("swap_", "swap.")
        (folder / f"memory.{name}").write_text(f"{value}\n")
    return str(folder)

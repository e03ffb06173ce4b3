"""The lab host: what goes wrong on it stays on it, and goes with it."""

import json
import os
import re
import secrets
import select
import signal
import subprocess
import sys
import tempfile

import faults
import pytest
from running import ENVIRONMENT, PATIENCE, PYTHON, as_nobody, python_of, python_on, run, run_on

from lab import ROOT, cgroup, keepers
from lab.host import LIMITS, Child, Host, LabError, hide, join
from lab.process import Process, descendants
from lab.session import IS_EMULATED
from lab.streams import Streams

PROCESSES = dict(LIMITS)["pids.max"]
MEMORY = dict(LIMITS)["memory.max"]

# What each of tests/faults.py says when it has done its worst.
FAULTS = {
    "set_the_host_name": "wrong",
    "forget_private": "leaked",
    "unmount_proc": "0 in /proc",
    "unmount_everything": "no mount on /dev",
    "edit_system_files": "written",
    "write_to_the_checkout": "written",
    "loop_fork": r"\d+ EAGAIN",
    "bomb": ".*[Cc]annot fork.*",
    "fill_the_memory": "ended with 137",
    "fill_tmp": "ENOSPC",
    "become_a_daemon": "stays",
    "block_every_signal": "hangs",
    "kill_everybody": "its child ended by 9",
    "kill_init": "1 lives",
    "reboot": "EPERM",
    "set_the_clock": "EPERM",
    "bring_up_the_network": "lo up",
    "leave_groups": "joined",
    "raise_its_own_limit": r"\d+ EAGAIN",
    "remove_the_system": "/etc is gone",
    "write_sysctls": "EROFS",
    "press_sysrq": "EROFS|no such file",
    "open_a_disk": "EPERM",
    "mount_an_overlay": "new",
}
# Without root, what belongs to the machine's root is nobody's on the lab host.
WITHOUT_ROOT = {
    "edit_system_files": "EACCES",
    "write_to_the_checkout": "written|EACCES",
    "remove_the_system": "/etc is there",
    "write_sysctls": "EACCES|EACCES EROFS",
}
NEED_GROUPS = {"loop_fork", "bomb", "fill_the_memory", "leave_groups", "raise_its_own_limit"}


@pytest.fixture
def token():
    """Return a word that is on no other command line of the machine."""
    return f"token-{secrets.token_hex(8)}"


@pytest.fixture
def machine():
    """Return what the machine looks like, and see that it looks the same afterwards."""
    before = fingerprint()
    yield before
    assert fingerprint() == before


@pytest.fixture(scope="module")
def host():
    """Return a lab host for tests that leave it as it is."""
    with Host() as made:
        yield made


@pytest.fixture(scope="module")
def grouped(host):
    """Return a lab host that has control groups."""
    if host.no_groups:
        pytest.skip(f"cannot check here: no control groups: {host.no_groups}")
    return host


# ---- Whatever a program does


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_stays_on_the_lab_host(fault, machine, token):
    """What a root program does wrong is possible, and gone with the lab host."""
    with Host() as host:
        if host.no_groups and fault in NEED_GROUPS:
            pytest.skip(f"cannot check here: no control groups: {host.no_groups}")
        groups = groups_of(host)
        said = commit(host, fault, token)
        during = fingerprint()
    expected = {**FAULTS, **(WITHOUT_ROOT if os.geteuid() else {})}
    assert re.fullmatch(expected[fault], said), said
    assert during == machine
    assert_all_gone(groups, token)
    if said == "no such file":
        pytest.skip("cannot check here: this kernel has no /proc/sysrq-trigger")


def test_every_fault_is_tested():
    """No fault that is written down is left out."""
    functions = [name for name, value in vars(faults).items() if is_fault(value)]
    helpers = {"mount_in_new_namespace", "stay_in_group", "fork_in_new_session", "ignore_and_stay"}
    assert set(functions) - helpers == set(FAULTS)
    assert len(FAULTS) == 24  # as many as kernel-notes §3 lists


def test_hidden_folder_is_empty_wherever_it_would_be_seen(monkeypatch, tmp_path):
    """What is hidden shows neither at its place nor in a layer, and can be written to."""
    monkeypatch.setattr("lab.host._hidden", [])
    for name in ("hidden", "shown"):
        (tmp_path / "top" / name).mkdir(parents=True)
        (tmp_path / "top" / name / "file").touch()
    hide(f"{tmp_path}/top/hidden")
    hide(ROOT)  # does nothing: the workshop is needed
    with Host([(f"{tmp_path}/top", "/srv/copy"), (f"{tmp_path}/top", f"{tmp_path}/top")]) as host:
        for top in ("/srv/copy", f"{tmp_path}/top"):
            script = f"ls {top}/*; touch {top}/hidden/new"
            answer = run_on(host, "sh", "-c", script)
            assert answer.output.split() == [f"{top}/hidden:", f"{top}/shown:", "file"]
            assert (answer.status, answer.errors) == (0, "")
    assert os.listdir(f"{tmp_path}/top/hidden") == ["file"]


def test_no_fault_runs_on_the_machine_itself():
    """The faults refuse to run anywhere but on a lab host."""
    program, here = f"{ROOT}/tests/faults.py", faults.here()
    answer = run(PYTHON, "-B", program, "set_the_clock", here, "-", env=path_of_lab())
    assert answer.status == 1 and answer.errors.startswith("refused")


def commit(host, fault, token):
    """Run a fault; return the line it says, or how it ended without one."""
    program = f"{ROOT}/tests/faults.py"
    child, streams = start(host, PYTHON, "-B", program, fault, faults.here(), token)
    line = streams.read_until(1, "\n", PATIENCE)
    if line is None:
        line = f"ended with {child.wait(PATIENCE)}"
    child.close()
    _, errors = streams.finish()
    assert "refused" not in errors and "Traceback" not in errors, errors
    return line


def is_fault(value):
    """Whether it is a function that takes nothing, or a place, and comes after the guard."""
    guards = (faults.here, faults.guard, faults.root_filesystem, faults.mounts)
    guards += (faults.say, faults.fork, faults.main)
    return getattr(value, "__module__", None) == "faults" and value not in guards


def path_of_lab():
    """Return the environment in which programs outside find `lab`."""
    return {**ENVIRONMENT, "PYTHONPATH": ROOT}


# ---- What the machine looks like


def fingerprint():
    """Return what must not change on the machine, whatever happens on a lab host."""
    with open("/proc/self/mountinfo") as mounts:
        mounted = mounts.read()
    return {
        "name": os.uname().nodename,
        "mounts": mounted,
        "files": {folder: listing(folder) for folder in ("/etc", "/usr/bin", "/usr/lib", "/root")},
        "checkout": run("git", "--no-optional-locks", "-C", ROOT, "status", "--porcelain").output,
        "network": {name: interface(name) for name in os.listdir("/sys/class/net")},
    }


def listing(folder):
    """Return the names, sizes and modes of what is in a folder."""
    if not os.access(folder, os.R_OK):
        return []
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    facts = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    return [(name, facts.st_size, facts.st_mode) for name, facts in facts]


def interface(name):
    """Return the flags of a network interface, and the length of its packets."""
    return [read(f"/sys/class/net/{name}/{fact}") for fact in ("flags", "mtu")]


def read(path):
    """Return a file's text."""
    with open(path) as file:
        return file.read()


def groups_of(host):
    """Return the directories of the control groups that were made for a lab host."""
    controllers = cgroup.CONTROLLERS if not host.no_groups else ()
    found = {os.path.dirname(host.group_root(controller)) for controller in controllers}
    assert all(os.path.basename(group).startswith("lab-") for group in found)
    return found


def assert_all_gone(groups, token):
    """Fail if a lab host left a group, a process with the token, or a file."""
    assert [group for group in groups if os.path.exists(group)] == []
    assert [line for line in command_lines() if token in line] == []
    for folder in (ROOT, "/usr/bin", "/tmp", "/srv"):
        assert token not in os.listdir(folder)
    for file in ("/etc/passwd", f"{ROOT}/Makefile"):
        assert token not in read(file)


def command_lines():
    """Return the command lines of all processes of the machine."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            found.append(" ".join(Process(int(name)).command_line()))
        except (FileNotFoundError, ProcessLookupError):
            pass  # it ended while we looked
    return found


# ---- How it ends

CALLER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from lab.host import Host
host = Host()
if sys.argv[2] == "ready":
    out = os.open("/dev/null", os.O_RDWR)
    host.spawn(["sh", "-c", "trap '' TERM HUP; sleep 1000 & wait", sys.argv[3]], [out] * 3)
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["ready", "starting"])
def test_kill_9_of_the_caller_leaves_nothing(moment, machine, token):
    """When the caller is killed, every process and group of its lab host goes, at any time."""
    words = [sys.executable, "-IBc", CALLER, ROOT, moment, token]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as caller:
        try:
            assert select.select([caller.stdout], [], [], PATIENCE)[0], "the caller does not start"
            assert caller.stdout.readline() == b"here\n"
            below = descendants(caller.pid)[1:]
            ends = [os.pidfd_open(process.pid) for process in below]
        finally:
            caller.kill()
    assert len(ends) >= {"starting": 1, "ready": 4}[moment], "keeper, builder, process 1, sh"
    for pidfd in ends:
        assert select.select([pidfd], [], [], PATIENCE)[0], "a process stays"
        os.close(pidfd)
    keeper = below[0].pid
    groups = [cgroup.Group(f"lab-{keeper}").directories[c] for c in cgroup.CONTROLLERS]
    assert_all_gone(groups, token)


def test_programs_end_with_the_lab_host():
    """A program that runs when the lab host is closed is killed, and its handle says so."""
    with Host() as other:
        child, streams = start(other, "sleep", "1000")
        assert child.is_alive()
        with pytest.raises(TimeoutError):
            child.wait(0)
    assert not child.is_alive()
    with pytest.raises(LabError, match="gone"):
        child.wait(PATIENCE)
    child.close()
    streams.finish()


# ---- What it is like


def test_program_is_started_as_asked(host):
    """A program gets its words, streams, folder and environment, and its status comes back."""
    script = 'pwd; echo "$0" "$NEW"; echo wrong >&2; exit 7'
    words = ["sh", "-c", script, "two  words"]
    answer = run_on(host, *words, env={"NEW": "value"}, cwd="/srv")
    assert answer == (7, "/srv\ntwo  words value\n", "wrong\n")
    assert run_on(host, "sh", "-c", "kill -9 $$").status == 137


def test_program_that_is_missing_ends_in_127(host):
    """A program that cannot be started ends in 127 and a line that names it."""
    answer = run_on(host, "no-such-program")
    assert (answer.status, answer.output) == (127, "")
    assert re.fullmatch("labhost: no-such-program: .*No such file.*\n", answer.errors)


def test_program_without_streams_gets_a_terminal(host):
    """A program that is given no streams has a terminal, which is its own."""
    child = host.spawn(["sh", "-c", "tty; exec < /dev/tty && echo controls"], [])
    assert child.wait(PATIENCE) == 0
    assert os.read(child.terminal[0], 1000).split() == [b"/dev/pts/0", b"controls"]
    child.close()


def test_nothing_of_the_callers_environment_is_there(host, monkeypatch):
    """The environment of a program is the lab host's own, so that no learner's can matter."""
    monkeypatch.setenv("PYTHONSTARTUP", "/tmp/mine.py")
    names = {line.partition("=")[0] for line in run_on(host, "env").output.splitlines()}
    assert names <= {"PATH", "HOME", "USER", "LANG", "TERM", "PYTHONPATH", "PWD", "SHLVL", "_"}


def test_limits_hold(grouped):
    """The limits are set on a group that the lab host cannot reach, and are its only ones."""
    for file, value in LIMITS:
        outer = os.path.dirname(grouped.group_root(file.split(".")[0]))
        assert cgroup.limit(outer, file) == value
    inside = python_on(grouped, "print(open('/proc/self/cgroup').read())").output
    assert "lab-" not in inside


@pytest.mark.parametrize("fault", ["loop_fork", "raise_its_own_limit"])
def test_fork_loop_stops_at_the_limit(fault, token):
    """A fork loop comes as far as the limit, minus the lab host's own two and the loop."""
    with Host() as host:
        if host.no_groups:
            pytest.skip(f"cannot check here: no control groups: {host.no_groups}")
        assert commit(host, fault, token) == f"{PROCESSES - 3} EAGAIN"


def test_lab_host_survives_a_full_memory(token):
    """The kernel kills the program that fills the memory, and not the lab host."""
    with Host() as host:
        if host.no_groups:
            pytest.skip(f"cannot check here: no control groups: {host.no_groups}")
        assert commit(host, "fill_the_memory", token) == "ended with 137"
        assert host.host_name() == "labhost"


def test_every_mount_is_shared_as_under_systemd(host, machine):
    """All mounts are shared with each other, and none with the machine."""
    groups = {mount.group for mount in Process(host.pid).mounts()}
    assert 0 not in groups
    ours = {mount.group for mount in Process(os.getpid()).mounts()}
    assert not groups & ours


def test_private_mounts_do_not_leak(host):
    """A container that makes its mounts private, recursively, keeps them to itself."""
    source = """
import os
from lab import linux
os.makedirs("/srv/quiet", exist_ok=True)
pid = os.fork()
if pid == 0:
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", "/srv/quiet", "tmpfs")
    os._exit(" /srv/quiet " not in open("/proc/self/mountinfo").read())
print(os.waitpid(pid, 0)[1], " /srv/quiet " in open("/proc/self/mountinfo").read())
"""
    assert python_on(host, source).output == "0 False\n"


def test_every_namespace_is_its_own(host):
    """The lab host shares no namespace with the machine but the one of users."""
    theirs, ours = Process(host.pid).namespaces(), Process(os.getpid()).namespaces()
    shared = {kind for kind in ours if ours[kind] == theirs[kind]}
    assert shared == ({"user"} if os.geteuid() == 0 else set())


MASKED = {
    "no disk": ("ls -l /dev | grep -c ^b", "0"),
    "no memory, no kernel log": ("ls /dev/mem /dev/kmsg /dev/kvm 2>/dev/null", ""),
    "devices that programs need": ("cd /dev && ls null zero full random urandom tty", None),
    "an empty /run": ("ls -A /run", ""),
    "its own processes": ("[ $(ls -d /proc/[0-9]* | wc -l) -lt 9 ] && echo few", "few"),
    "only lo, which is down": ("cat /sys/class/net/*/flags", "0x8"),
    "a /sys that is read-only": ("mkdir /sys/kernel/x 2>/dev/null || echo no", "no"),
    "a /proc/sys that is read-only": ("true > /proc/sys/vm/overcommit_memory || echo no", "no"),
    "no System V queue": ("wc -l < /proc/sysvipc/msg", "1"),
    "the name labhost": ("uname -n", "labhost"),
    "root": ("id -u", "0"),
}


@pytest.mark.parametrize("what", MASKED)
def test_lab_host_shows_only_its_own(host, what):
    """What the machine has, and a mistake could harm, is not there."""
    script, expected = MASKED[what]
    answer = run_on(host, "sh", "-c", f"({script}) 2>/dev/null")
    if expected is None:
        assert answer.status == 0
    else:
        assert answer.output.strip() == expected


def test_dangerous_capabilities_are_gone(host):
    """Nobody on the lab host may load modules, restart, set the clock, or reach the disks."""
    from lab.confine import CAPABILITIES

    for name in ("CapEff", "CapPrm", "CapBnd"):
        answer = run_on(host, "grep", name, "/proc/self/status")
        held = int(answer.output.split()[1], 16)
        assert [n for n, number in CAPABILITIES.items() if held >> number & 1] == []


def test_tmp_is_not_the_machines(host):
    """What others left in the machine's /tmp is not on the lab host."""
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        assert run_on(host, "ls", file.name).status != 0


# ---- More than one


def test_two_lab_hosts_do_not_see_each_other(token):
    """Two lab hosts at once share no name, no file, no process and no group."""
    with Host() as one, Host() as two:
        script = f"hostname one; echo {token} > /tmp/mine; echo {token} > /srv/mine"
        assert run_on(one, "sh", "-c", script).status == 0
        assert (one.host_name(), two.host_name()) == ("one", "labhost")
        assert run_on(two, "sh", "-c", "ls /tmp/mine /srv/mine").output == ""
        reader, streams = start(one, "sh", "-c", "echo up; read line", token)
        assert streams.read_until(1, "up\n", PATIENCE) == ""
        assert token in run_on(one, *COMMAND_LINES).output
        assert token not in run_on(two, *COMMAND_LINES).output
        reader.close()
        streams.finish()
        assert not groups_of(one) & groups_of(two)
        shared = set(namespaces(one).items()) & set(namespaces(two).items())
        assert {kind for kind, _ in shared} <= {"user"}


COMMAND_LINES = ("sh", "-c", "cat /proc/[0-9]*/cmdline")


def start(host, *words):
    """Start a program on a lab host; return its handle and its streams."""
    streams = Streams()
    child = host.spawn(words, streams.theirs)
    streams.release()
    return child, streams


def namespaces(host):
    """Return the namespaces of a lab host."""
    return Process(host.pid).namespaces()


def test_second_terminal_joins_by_name(token):
    """A lab host that has a name can be joined, and is the same machine."""
    with Host(name=token) as host:
        assert run_on(host, "hostname", "changed").status == 0
        joined = join(token)
        streams = Streams()
        child = Child(joined, ["hostname"], streams.theirs)
        streams.release()
        assert child.wait(PATIENCE) == 0
        assert streams.finish()[0] == "changed\n"
        child.close()
        joined.close()


def test_nobody_joins_what_is_not_there(token):
    """There is nothing to join before a lab host of that name starts, and after it ends."""
    assert join(token) is None
    with Host(name=token) as host:
        assert host.pid
    assert join(token) is None


def test_name_is_taken_once(token):
    """A second lab host of the same name is refused, and the first one goes on."""
    with Host(name=token) as host:
        assert host.host_name() == "labhost"
        with pytest.raises(LabError, match=f"there is a lab host '{token}' already"):
            with Host(name=token) as second:
                second.pid  # noqa: B018  waits until it is ready
        assert host.host_name() == "labhost"


def test_lab_host_goes_on_for_those_who_joined(token):
    """Closing one of two handles leaves the lab host to the other; the last one ends it."""
    caller = subprocess.Popen(
        [sys.executable, "-IBc", NAMED, ROOT, token], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with caller:
        assert select.select([caller.stdout], [], [], PATIENCE)[0], "the caller does not start"
        pidfd = os.pidfd_open(int(caller.stdout.readline()))
        joined = join(token)
        child = Child(joined, ["true"], [os.open(os.devnull, os.O_RDWR)] * 3)
        assert child.wait(PATIENCE) == 0
        child.close()
        caller.kill()
    assert not select.select([pidfd], [], [], 0)[0], "it ended with the first handle"
    joined.close()
    assert select.select([pidfd], [], [], PATIENCE)[0], "it did not end with the last handle"
    os.close(pidfd)


NAMED = """
import sys
sys.path.insert(0, sys.argv[1])
from lab.host import Host
host = Host(name=sys.argv[2])
print(host.pid, flush=True)
sys.stdin.read()
"""


# ---- Layers


@pytest.mark.parametrize("name", ["plain", "with space", "with,comma", "with:colon", "back\\slash"])
def test_layer_is_a_copy(name, tmp_path):
    """A folder appears at another place, and what is written there does not reach it."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "kept").write_text("original\n")
    (folder / "removed").write_text("original\n")
    with Host([(str(folder), "/srv/new/place")]) as host:
        script = "cat kept; echo changed > kept; rm removed; mkdir added; ls"
        answer = run_on(host, "sh", "-c", script, cwd="/srv/new/place")
        assert answer == (0, "original\nadded\nkept\n", "")
    assert sorted(os.listdir(folder)) == ["kept", "removed"]
    assert (folder / "kept").read_text() == "original\n"


def test_layer_that_is_not_there_is_told():
    """A lab host that cannot be made says why."""
    with Host([("/no/such/folder", "/srv/place")]) as host:
        with pytest.raises(LabError, match="/no/such/folder"):
            host.pid  # noqa: B018  waits until it is ready


# ---- Without root

AS_NOBODY = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
os.chdir("/")
from lab.host import Host
SCRIPT = "id -u; hostname mine; hostname; mount -t tmpfs mine /srv;\
 grep -c '^mine /srv ' /proc/mounts"
with Host() as host:
    ours, theirs = os.pipe()
    child = host.spawn(["sh", "-c", SCRIPT], [theirs] * 3)
    os.close(theirs)
    status = child.wait(20)
    child.close()
    with open(ours) as said:
        print(json.dumps([status, said.read().split(), host.no_groups, os.uname().nodename]))
"""


def test_lab_host_needs_no_root(machine):
    """Without root, a lab host is made in a user namespace, without control groups."""
    nobody = as_nobody()
    python = python_of(nobody)
    answer = run(*nobody, python, "-IBc", AS_NOBODY, ROOT, cwd="/")
    assert answer.status == 0, answer.errors
    status, said, no_groups, name = json.loads(answer.output)
    assert (status, said) == (0, ["0", "mine", "1"])
    assert no_groups
    assert name == machine["name"]


CLIMB = """
import os
before = os.stat("/")
os.mkdir("/srv/inside")
os.chroot("/srv/inside")
os.chdir("../" * 20)
os.chroot(".")
print("nowhere" if os.path.samestat(before, os.stat("/")) else os.listdir("/"))
"""


@pytest.mark.skipif(IS_EMULATED, reason="one overlay too many in the virtual machine")
def test_nothing_is_above_a_lab_host_that_was_made_in_a_chroot(host):
    """A lab host can be made inside a chroot, and root cannot climb out of it."""
    lab = [sys.executable, "-IBm", "lab", "lab", f"{PYTHON} -c '{CLIMB}'"]
    made = 'mkdir /srv/low && mount --rbind / /srv/low && exec chroot /srv/low "$@"'
    answer = run_on(host, "unshare", "-m", "sh", "-c", made, "sh", *lab, cwd=ROOT)
    assert answer.output.strip() == "nowhere", answer


def keeper_of(host):
    """Return the number of a lab host's keeper: above the builder, above process 1."""
    return Process(Process(host.pid).parent()).parent()


def test_keepers_are_forks_where_many_are_needed():
    """One program is started for all, and they end with their lab hosts, at the latest with it."""
    with keepers.Server() as server:
        with Host() as one, Host() as other:
            assert {Process(keeper_of(host)).parent() for host in (one, other)} == {server.pid}
            assert python_on(one, "print(1)").output == "1\n"
        assert len(descendants(server.pid)) == 1  # zombies left out
        left = Host()
        keeper = os.pidfd_open(keeper_of(left))
        left.leave()
    assert select.select([keeper], [], [], 0)[0]
    os.close(keeper)


def test_lab_hosts_do_without_a_server_of_keepers_that_was_killed():
    """The next keeper is started as ever."""
    with keepers.Server() as server:
        os.kill(server.pid, signal.SIGKILL)
        with Host() as host:
            assert python_on(host, "print(1)").output == "1\n"

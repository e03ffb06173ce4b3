"""The X-ray sees what happened: each call once, in order, in its process, on its line."""

import glob
import json
import os
import pickle
import re
import shutil
import sys
import textwrap
import xml.dom.minidom

import pytest
from running import PYTHON, run, run_on

from lab import ROOT, course
from lab.host import Host
from lab.process import Process
from lab.session import IS_EMULATED
from lab.view import or_none

pytest.importorskip("ptrace", reason="python-ptrace is not installed: make xray")

from lab.xray import calls, story, text
from lab.xray.run import trace

PYTHONS = [PYTHON, *sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")))]
PYTHONS = list({os.path.realpath(path): path for path in PYTHONS})
NAMES = "unshare setns mount umount2 sethostname chroot pivot_root chdir".split()
NAMES += "clone clone3 fork vfork execve".split()
SOLUTION = course.solution_path(5)


@pytest.fixture(scope="module")
def host():
    """A lab host for all programs here."""
    with Host() as made:
        yield made


def put(host, name, source):
    """Write a program to the lab host; return its path there."""
    path = f"/srv/{name}"
    with open(host.file(path), "w") as file:
        file.write(textwrap.dedent(source))
    os.chmod(host.file(path), 0o755)
    return path


def xray(host, *argv, **options):
    """Trace a program on the lab host."""
    return trace(host, argv, **{"cwd": ROOT, "env": {"PYTHONPATH": ROOT}, **options})


def python(host, source, *words, by=PYTHON, **options):
    """Trace lines of Python, which are in a file."""
    return xray(host, by, "-B", put(host, "program.py", source), *words, **options)


def told(seen, *names):
    """Return (line, name, error) of each call of these names."""
    return [(call.line, call.name, call.error) for call in seen.named(*names)]


# ---- Lines

STYLES = """\
import ctypes, os, socket, subprocess, sys, threading
from lab import linux
libc = ctypes.CDLL(None, use_errno=True)

def by_lab():
    linux.unshare(linux.CLONE_NEWUTS)          # 6

def by_ctypes():
    return libc.sethostname(b"ctypes", 6)      # 9

def in_thread():
    libc.sethostname(b"thread", 6)             # 12

def nested(depth):
    if depth == 0:
        socket.sethostname("nested")           # 16
    else:
        nested(depth - 1)

by_lab()
by_ctypes()
thread = threading.Thread(target=in_thread); thread.start(); thread.join()
nested(30)
libc.unshare(
    linux.CLONE_NEWNS,
)
subprocess.run(["/bin/sh", "-c", "exit 3"])    # 27
pid = os.fork()
if pid == 0:
    "\\N{SNOWMAN}" and socket.sethostname("forked")   # 30
    os._exit(0)
os.waitpid(pid, 0)
[socket.sethostname(name) for name in ("loop",)]  # 33
eval("socket.sethostname('eval')")             # 34
"""


def version_of(path):
    """Return the version of an interpreter."""
    said = run(path, "-c", "import sys; print(*sys.version_info[:2])").output
    return tuple(map(int, said.split()))


@pytest.mark.parametrize("by", PYTHONS)
def test_every_way_to_call_the_kernel_has_its_line(host, by):
    """Through lab.linux, ctypes or the library, in threads and children: the line is found."""
    if version_of(by) < (3, 10):
        pytest.skip("lab.linux needs Python 3.10")
    seen = python(host, STYLES, by=by)
    assert seen.status == 0, seen.errors
    names = [(call.line, call.arguments[0]) for call in seen.named("sethostname")]
    assert names == [(9, "ctypes"), (12, "thread"), (16, "nested")] + [
        (30, "forked"),
        (33, "loop"),
        (34, "eval"),
    ]
    assert told(seen, "unshare") == [(6, "unshare", None), (24, "unshare", None)]
    assert [call.line for call in seen.named("execve")][0] == 27
    assert "by_lab" in {call.function for call in seen.calls}
    assert seen.named("unshare")[0].text.startswith("linux.unshare(linux.CLONE_NEWUTS)")


@pytest.mark.parametrize("by", PYTHONS)
def test_what_it_cannot_read_has_no_line(host, by):
    """An interpreter that is too old is traced like any other program."""
    if version_of(by) >= (3, 10):
        pytest.skip("this one it can read")
    seen = python(host, "import socket\nsocket.sethostname('old')\n", by=by)
    assert told(seen, "sethostname") == [(None, "sethostname", None)]


def test_a_program_without_a_file_has_numbers_only(host):
    """`python -c` and `python -m` have lines too; the text of -c is nowhere to be read."""
    seen = xray(host, PYTHON, "-c", "import socket\nsocket.sethostname('word')")
    (call,) = seen.named("sethostname")
    assert (call.line, call.file, call.text) == (2, "<string>", None)
    put(host, "module.py", "import socket\n\nsocket.sethostname('module')\n")
    seen = xray(host, PYTHON, "-B", "-m", "module", cwd="/srv")
    (call,) = seen.named("sethostname")
    assert (call.line, call.text) == (3, "socket.sethostname('module')")


def test_isolated_and_odd_programs_have_lines(host):
    """-I and -S keep nothing from us, and neither does a name with blanks and letters."""
    path = put(host, "my först program.py", "import socket\nsocket.sethostname('odd')\n")
    seen = xray(host, PYTHON, "-ISB", path)
    assert told(seen, "sethostname") == [(2, "sethostname", None)]
    assert seen.named("sethostname")[0].file == path


# ---- Against strace, which is the truth

C_PROGRAM = """
#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/wait.h>
int main(int argc, char **argv) {
    if (unshare(CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWPID)) return 1;
    sethostname("static", 6);
    mount("x", "/nowhere", "tmpfs", 0, "size=1m");
    if (fork() == 0) { execv("/bin/true", argv); _exit(1); }
    wait(0);
    return 0;
}
"""
FORKS = """
import os
for number in range(100):
    if os.fork() == 0:
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""
THREADS = """
import os, socket, threading
def work(number):
    socket.sethostname(f"t{number}")
    if number == 3:
        os.spawnv(os.P_WAIT, "/bin/true", ["true"])
for number in range(6):
    thread = threading.Thread(target=work, args=(number,))
    thread.start()
    thread.join()
"""


@pytest.fixture(scope="module")
def static(tmp_path_factory, host):
    """A static program in C behind a wrapper of two lines, on the lab host."""
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")
    folder = tmp_path_factory.mktemp("c")
    (folder / "p.c").write_text(C_PROGRAM)
    built = run("cc", "-static", "-o", folder / "p", folder / "p.c")
    assert built.status == 0, built.errors
    shutil.copy(folder / "p", host.file("/srv/static"))
    return put(host, "wrapper", "#!/bin/sh\nexec /srv/static\n")


def strace(host, *argv):
    """Return what strace saw: for each thread its calls in order, as (name, error)."""
    if IS_EMULATED or not shutil.which("strace"):
        pytest.skip("strace is not installed, or too slow")
    for old in glob.glob(host.file("/srv/strace.*")):
        os.remove(old)
    words = ["strace", "-ff", "-qq", "-o", "/srv/strace", "-e", f"trace={','.join(NAMES)}"]
    run_on(host, *words, *argv, cwd=ROOT, env={"PYTHONPATH": ROOT})
    paths = glob.glob(host.file("/srv/strace.*"))
    paths.sort(key=lambda path: int(path.rpartition(".")[2]))
    first, *others = map(_calls_in, paths)
    assert first[0] == ("execve", "")  # of the program itself, by strace
    return sorted(calls for calls in (first[1:], *others) if calls)


def _calls_in(path):
    """Read one of strace's files."""
    with open(path, errors="replace") as file:
        found = [re.match(r"(\w+)\(.*\) += (-?\d+|\?) ?(E\w+)?", line) for line in file]
    return [(call[1], call[3] or "") for call in found if call and call[2] != "?"]


def by_thread(seen):
    """Return what the X-ray saw in the same way."""
    threads = {}
    for call in seen.named(*NAMES):
        if call.result is not None:
            threads.setdefault(call.tid, []).append((call.name, call.error or ""))
    return sorted(threads.values())


def agree(host, *argv, **options):
    """Trace a program with both, and compare."""
    truth = strace(host, *argv)
    seen = xray(host, *argv, **options)
    assert by_thread(seen) == truth
    return seen


@pytest.mark.parametrize("filtered", [True, False], ids=["filter", "plain"])
@pytest.mark.parametrize("step", range(1, 6))
def test_solutions_are_seen_as_strace_sees_them(host, step, filtered):
    """Every call of interest once, in order, in its process, with its result."""
    program = course.solution_path(step)
    seen = agree(host, PYTHON, program, "run", "sh", "-c", "true; /bin/true", filtered=filtered)
    assert seen.filtered == filtered and seen.complete and seen.status == 0


@pytest.mark.parametrize("source", [STYLES, FORKS, THREADS], ids=["styles", "forks", "threads"])
@pytest.mark.parametrize("filtered", [True, False], ids=["filter", "plain"])
def test_many_processes_and_threads_are_seen_as_strace_sees_them(host, source, filtered):
    """A hundred children, threads, forks of threads: none is lost and none is seen twice."""
    agree(host, PYTHON, "-B", put(host, "program.py", source), filtered=filtered)


@pytest.mark.parametrize(
    "words",
    [
        "unshare --uts --pid --fork --mount-proc hostname inside",
        "unshare --mount --propagation slave mount -t tmpfs x /mnt",
        "bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --hostname b true",
        "sh -c 'cd /nowhere; nsenter --uts=/proc/self/ns/uts true; (true) & wait; exec true'",
    ],
    ids=lambda words: words.split()[0],
)
def test_other_programs_are_seen_as_strace_sees_them(host, words):
    """Programs that are not Python are followed as well, without lines."""
    argv = ["sh", "-c", words]
    if not shutil.which(words.split()[0]):
        pytest.skip(f"{words.split()[0]} is not installed")
    seen = agree(host, *argv)
    assert all(call.line is None for call in seen.calls)


def test_a_static_program_is_seen(host, static):
    """No library, no interpreter: the kernel knows all the same."""
    seen = agree(host, static)
    assert [c.effect.split(":")[0] for c in seen.named("mount")] == ["No such file or directory"]
    assert seen.named("unshare")[0].arguments[0] == ["CLONE_NEWNS", "CLONE_NEWUTS", "CLONE_NEWPID"]


# ---- What changed


def test_solution_of_step_5_shows_what_each_call_changed(host):
    """The effects are looked up in the kernel, and a checker can ask for them."""
    seen = xray(host, PYTHON, SOLUTION, "run", "sh", "-c", "exit 7", command=["sh", "-c", "exit 7"])
    uts, pid, mnt = seen.named("unshare")
    assert uts.facts["left"].keys() == {"uts"} and uts.pid_inside == uts.pid_host
    assert pid.facts["next_child_is_first"] and "PID 1" in pid.effect
    assert mnt.facts["mounts_tied_to_host"] > 1  # "/" of a lab host is shared
    (fork,) = [call for call in seen.named("clone", "fork", "vfork") if call.pid == uts.pid]
    assert fork.facts["child_inside"] == 1 and "PID 1" in fork.effect
    (name,) = seen.named("sethostname")
    assert name.facts["namespace"] == uts.facts["entered"]["uts"]
    assert not name.facts["in_host_namespace"] and name.pid_inside == 1
    *_, private, proc, tmpfs = seen.named("mount")
    assert private.facts["mounts_tied_to_host"] == 0
    assert [mount["point"] for mount in proc.facts["added"]] == ["/proc"]
    assert not proc.facts["host_added"] and "only mnt:" in tmpfs.effect
    (root,) = seen.named("chroot")
    assert root.facts["root"] == f"{ROOT}/rootfs" and root.facts["cwd_is_inside"]
    assert seen.named("execve")[-1].facts["is_command"]
    assert seen.status == 7


def test_both_worlds_are_compared(host):
    """At the end: which namespaces are shared, what is mounted, which limits hold."""
    seen = xray(host, PYTHON, SOLUTION, "run", "true", command=["true"])
    own = {space["kind"] for space in seen.worlds["namespaces"] if space["own"]}
    assert own == {"uts", "pid", "mnt"}
    assert [mount["point"] for mount in seen.worlds["mounts"]["own"]] == ["/proc", "/mytemp"]
    assert seen.worlds["root"]["container"] == f"{ROOT}/rootfs"
    if not host.no_groups:
        assert seen.worlds["limits"]["memory"]["limit"] == 64 << 20
        assert seen.worlds["limits"]["pids"]["limit"] == 64
        joined = [call for call in seen.calls if "limits" in call.facts]
        assert joined and all(call.facts["joined"] == call.pid for call in joined)
        assert {call.pid_inside for call in joined} == {1}
    assert pickle.loads(pickle.dumps(seen)) == seen
    first, second = seen.lives
    assert (second.parent, second.pid_inside, second.is_command) == (first.pid, 1, True)


def test_mistakes_are_told_apart(host):
    """Who was renamed, who sees the mount, what stands outside: it is in the facts."""
    source = """
    import os
    from lab import linux
    linux.sethostname("oops")
    linux.unshare(linux.CLONE_NEWUTS | linux.CLONE_NEWNS)
    os.makedirs("/srv/leak", exist_ok=True)
    linux.mount("leak", "/srv/leak", "tmpfs")
    linux.umount2("/srv/leak")
    os.chroot("/srv")
    """
    with Host() as other:
        seen = python(other, source)
    (name,), (mount,), (root,) = (seen.named(n) for n in ("sethostname", "mount", "chroot"))
    assert name.facts["in_host_namespace"] and "the host is renamed" in name.effect
    assert name.number < seen.named("unshare")[0].number
    assert [m["point"] for m in mount.facts["host_added"]] == ["/srv/leak"]
    assert "the host sees it too" in mount.effect
    assert not root.facts["cwd_is_inside"] and "outside" in root.effect


def test_failed_calls_stand_out(host):
    """A call that the kernel refused has the name of errno, and a mark."""
    seen = python(host, "import os\nfrom lab import linux\nlinux.umount2('/nowhere')\n")
    (call,) = seen.named("umount2")
    assert (call.result, call.error, call.failed) == (-1, "ENOENT", True)
    report = text.lines(seen, "title", "/srv/program.py")
    assert any("✗" in line and "umount2" in line and "ENOENT" in line for line in report)


@pytest.mark.parametrize("way", ["write", "buffered", "shell", "late"])
def test_what_is_written_to_a_group_is_seen(host, way):
    """However a limit is written, it is seen with its file; other writes are not."""
    if host.no_groups:
        pytest.skip(host.no_groups)
    source = {
        "write": "GROUP.write('pids.max', 7)",
        "buffered": "open(GROUP.path('pids.max'), 'w').write('7')",
        "shell": "os.system(f\"echo 7 > {GROUP.path('pids.max')}\")",
        "late": "fd = os.open(GROUP.path('pids.max'), os.O_WRONLY); os.write(1, b'x')\n"
        "copy = os.dup(fd); os.close(fd); os.write(copy, b'7'); os.close(copy)",
    }[way]
    begin = "import os\nfrom lab import cgroup\nGROUP = cgroup.Group('xray-test'); GROUP.create()\n"
    seen = python(host, f"{begin}{source}\nGROUP.remove()\nprint('x' * 99)\n")
    assert seen.status == 0, seen.errors
    writes = seen.named("write")  # version 2 has controllers to enable first
    (call,) = [c for c in writes if not c.facts["path"].endswith("subtree_control")]
    assert call.arguments[1].strip() == "7" and call.facts["path"].endswith("/pids.max")
    assert "pids.max of xray-test is now 7" in call.effect


def test_entering_a_namespace_of_others_is_told_from_making_one(host):
    """setns(2) enters what is there; a PID namespace is for the children only."""
    source = """
    import os
    from lab import linux
    linux.unshare(linux.CLONE_NEWUTS)
    for kind in ("uts", "pid"):
        linux.setns(os.open(f"/proc/1/ns/{kind}", os.O_RDONLY))
    """
    uts, pid = python(host, source).named("setns")
    assert uts.effect.endswith("the host's") and uts.facts["left"].keys() == {"uts"}
    assert "be born in pid:[" in pid.effect and not pid.facts["next_child_is_first"]


def test_joining_a_group_late_is_seen(host):
    """Who joined, and that its program had begun by then, is in the order of the calls."""
    if host.no_groups:
        pytest.skip(host.no_groups)
    source = """
    import subprocess
    from lab import cgroup, linux
    linux.unshare(linux.CLONE_NEWPID)
    group = cgroup.Group("late")
    group.create()
    child = subprocess.Popen(["sleep", "0.1"])
    for folder in set(group.directories.values()):
        linux.write_file(f"{folder}/cgroup.procs", child.pid)
    child.wait()
    group.remove()
    """
    seen = python(host, source)
    joins = [call for call in seen.calls if "joined" in call.facts]
    executed = seen.named("execve")[-1]
    assert joins and {join.facts["joined"] for join in joins} == {executed.pid}
    assert executed.pid_inside == 1 and executed.number < joins[0].number
    assert joins[0].line == 9 and "process " in joins[0].effect


def test_a_long_story_is_cut_short_and_failures_stay(host):
    """A hundred calls of one line are told as some, the failed among them."""
    source = """
    from lab import linux
    for number in range(100):
        try:
            linux.sethostname("x" * (64 + number % 50 // 49))
        except OSError:
            pass
    """
    seen = python(host, source)
    (paragraph,) = story.paragraphs(seen, "/srv/program.py")
    assert len(seen.named("sethostname")) == 100
    assert [entry.failed for entry in paragraph.entries].count(True) == 2
    assert paragraph.entries[-1].call == "... and 88 calls more"


# ---- Programs that behave badly


def test_ends_by_signal_are_seen(host):
    """A program that a signal ends has the status that a shell would give it."""
    seen = python(host, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert seen.status == 128 + 11 and seen.complete


def test_a_program_that_ends_at_once_is_seen(host):
    """Nothing to see is no error."""
    seen = xray(host, "/bin/true")
    assert (seen.status, seen.calls, len(seen.lives)) == (0, [], 1)
    assert "0 calls, 1 process" in story.counts(seen)


def test_a_program_that_is_not_there_is_no_error_of_ours(host):
    """What cannot be executed ends as in a shell."""
    assert xray(host, "/no/such/program").status == 127


def test_daemons_are_seen_and_ended(host):
    """What a program leaves behind is in the list, and gone with the X-ray."""
    source = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    os.wait()
    """
    seen = python(host, source, grace=0.1)
    assert (seen.status, len(seen.lives)) == (0, 3)
    assert seen.lives[-1].status is None
    assert or_none(Process(seen.lives[-1].pid).state) in (None, "Z")


def test_a_program_that_prints_much_is_not_held_up(host):
    """Nobody has to wait for us to read."""
    seen = python(host, "print('x' * 1_000_000)\n")
    assert seen.status == 0 and len(seen.output) > 500_000 and seen.milliseconds < 10_000


def test_a_program_that_never_ends_is_stopped(host):
    """There is a deadline, and what was seen until then is kept."""
    source = "import socket, time\nsocket.sethostname('x')\ntime.sleep(1000)\n"
    seen = python(host, source, patience=1)
    assert seen.status is None and not seen.complete
    assert len(seen.named("sethostname")) == 1


def test_stopped_processes_stay_stopped(host):
    """Job control works under the X-ray: SIGSTOP stops, SIGCONT continues."""
    source = """
    import os, signal
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(5)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status))
    """
    assert python(host, source).status == 5


def test_namespace_without_its_first_process_is_seen(host):
    """The next fork after the end of PID 1 fails, and the X-ray shows with what."""
    source = """
    import os
    from lab import linux
    linux.unshare(linux.CLONE_NEWPID)
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    """
    forks = told(python(host, source), "clone", "fork")
    assert [(line, error) for line, _, error in forks] == [(6, None), (6, "ENOMEM")]


# ---- What people get


def command(*words):
    """Run the command behind `make xray`."""
    return run(sys.executable, "-IBm", "lab", "xray", *words, cwd=ROOT)


def test_command_prints_the_program_and_then_the_report(tmp_path):
    """`make xray N` shows what COMMAND prints, then each line; and draws a picture."""
    picture = tmp_path / "out.svg"
    words = ("--program", course.solution_path(1), "--svg", picture, "--", "echo hello")
    answer = command("1", *words)
    assert answer.status == 0, answer.errors
    assert answer.output.startswith("hello\nx-ray · step 1 · uts")
    assert "linux.sethostname(HOSTNAME)" in answer.output and "uts namespace" in answer.output
    drawn = xml.dom.minidom.parse(str(picture)).documentElement
    twin = drawn.getElementsByTagName("desc")[0].firstChild.data
    assert 'sethostname("container", 9) = 0' in twin and drawn.getAttribute("width") == "800"


def test_command_prints_json():
    """--json gives everything to programs, and nothing else."""
    answer = command("1", "--program", course.solution_path(1), "--json", "--", "hostname")
    seen = json.loads(answer.output)
    assert seen["output"] == "container\n" and seen["status"] == 0
    assert {call["name"] for call in seen["calls"]} >= {"unshare", "sethostname", "execve"}


@pytest.mark.parametrize("words", [["9"], [], ["1", "--colour"], ["1", "--", "'"]])
def test_wrong_usage_is_one_line(words):
    """What is asked wrongly is answered in a line, with status 2."""
    answer = command(*words)
    assert answer.status == 2 and answer.errors.count("\n") == 1


def test_refused_tracing_is_one_line():
    """A process can have one tracer only; that is said in one line."""
    if IS_EMULATED or not shutil.which("strace"):
        pytest.skip("strace is not installed, or too slow")
    words = [sys.executable, "-IBm", "lab", "xray", "1", "--program", course.solution_path(1)]
    answer = run("strace", "-f", "-qq", "-o", "/dev/null", *words, cwd=ROOT)
    assert answer.status == 3, answer
    assert re.fullmatch(r"cannot trace here: process \d+ traces it already.*\n", answer.errors)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_numbers_of_calls_are_right(machine, monkeypatch):
    """Our tables agree with python-ptrace's, where it has the call."""
    known = __import__(f"ptrace.syscall.linux.{machine}", fromlist=["SYSCALL_NAMES"]).SYSCALL_NAMES
    names = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*names[:4], machine)))
    for table in (calls._TABLE, calls._ON_OPEN_FILES):
        for number, (name, _) in calls._read(table).items():
            assert known.get(number, name) == name

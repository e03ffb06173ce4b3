"""What a learner does in a notebook, in a real kernel: run, edit, check, interrupt, go wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from kernels import SETUP, cells_of, environment, errors, execute, execute_cells, html, text
from running import PATIENCE, python_of, run  # noqa: F401
from test_command_line import SOLUTION_1, STARTER_1, copied, lab, program, results, write

from lab import ROOT, course, notebook
from lab.process import Process, descendants
from lab.session import IS_EMULATED

pytestmark = pytest.mark.skipif(
    IS_EMULATED,
    reason="the virtual machine has nothing that a notebook's kernel would not have here",
)
EXERCISE = "%%exercise 1\n"
CHANGED = STARTER_1 + "# of mine\n"
STATE = """
import json, os, socket
proc = "/proc/self"
def links(folder):
    paths = (f"{folder}/{name}" for name in sorted(os.listdir(folder)))
    return [os.readlink(path) for path in paths if os.path.lexists(path)]
print(json.dumps({
    "namespaces": links(f"{proc}/ns"), "descriptors": sorted(links(f"{proc}/fd")),
    "name": socket.gethostname(), "pid": os.getpid(), "cwd": os.getcwd(),
    "root": os.readlink(f"{proc}/root"), "threads": sorted(os.listdir(f"{proc}/task")),
    "groups": open(f"{proc}/cgroup").read(), "mounts": open(f"{proc}/mountinfo").read(),
}))
"""
DRIVE = f"{ROOT}/tests/drive.py"


@pytest.fixture(scope="session")
def given(tmp_path_factory):
    """Return a copy of the checkout, compiled and with a root file system, as `make` leaves it."""
    made = copied(tmp_path_factory.mktemp("given") / "checkout")
    run("cp", "-a", f"{ROOT}/rootfs", made)  # it has devices in it
    folders = [made / "lab", made / "lab/commands", made / "lab/pictures", made / "lab/xray"]
    run(sys.executable, "-m", "compileall", "-q", "-l", *folders, made / "tests")
    return made


@pytest.fixture
def copy(tmp_path, given):
    """Return a copy of the checkout, in which nobody has worked yet."""
    run("cp", "-a", given, tmp_path / "checkout")
    return tmp_path / "checkout"


# ---- From start to end


@pytest.mark.parametrize("name", notebook.names())
def test_untouched_notebook_raises_nothing_and_says_what_to_do(copy, name):
    """Who runs all cells before writing a line sees no error, and what to do first."""
    cells = execute_cells(copy, cells_of(name))
    for source, outputs in cells:
        assert errors(outputs) == [], source
    for source, outputs in cells:
        if source.startswith("%check"):
            assert "is not done yet" in text(outputs)
            assert "likely" in text(outputs)


@pytest.mark.parametrize("name", course.STEPS)
def test_solved_notebook_passes_from_start_to_end(copy, name):
    """With the solution in the exercise cell all checks pass, and every cell does what it says."""
    cells, step = execute_cells(copy, cells_of(name, solved=True)), int(name[:2])
    for source, outputs in cells:
        assert errors(outputs) == [], source
    said = {source: text(outputs) for source, outputs in cells}
    done = "you have built a container" if step == 5 else f"Step {step} is done.  Next:"
    assert done in said[f"%check {step}"]
    assert program(copy, step).read_text() == course.solution(course.read_source(), step)
    if step == 4:
        assert "the kernel killed the program" in said["%memory_curve 4"]


def test_kernel_is_the_same_after_all_cells(copy):
    """Nothing of the kernel's process has changed: namespaces, name, threads, descriptors."""
    cells = cells_of(course.STEPS[3], solved=True)
    ran = execute_cells(copy, [("code", SETUP), ("code", STATE), *cells, ("code", STATE)])
    before, after = (json.loads(text(outputs)) for source, outputs in ran if source == STATE)
    for what in before:
        assert after[what] == before[what], what


# ---- The exercise cell


def saved(copy, *cells):
    """Run exercise cells one after the other; return what each says, raised or not."""
    outputs = execute(copy, SETUP, *(EXERCISE + cell if cell[0] != "%" else cell for cell in cells))
    return [text(said) + "".join(errors(said)) for said in outputs[1:]]


def test_exercise_cell_is_an_editor_of_the_file(copy):
    """Running it saves the file that a terminal checks, and no more than that."""
    assert saved(copy, SOLUTION_1) == [
        f"saved: steps/01_uts/container.py, {SOLUTION_1.count(chr(10))} lines\n"
    ]
    assert program(copy).read_text() == SOLUTION_1
    assert lab(copy, "check", 1).status == 0


def test_text_that_is_no_python_is_not_saved(copy):
    """A typing error is shown with its line in the cell, and the file stays."""
    (said,) = saved(copy, STARTER_1 + "def f(:\n")
    line = STARTER_1.count("\n") + 2
    assert f"not saved, this is no Python: line {line} of the cell" in said
    assert "    def f(:\n          ^" in said
    assert program(copy).read_text() == STARTER_1
    said = saved(copy, "x = '\0'\n", "%check 1")
    assert "not saved" in said[0]
    assert said[1].startswith("judged is your file, and not the cell")


def test_change_made_elsewhere_is_not_overwritten(copy):
    """Who has edited the file in a terminal is asked which one is right, with the difference."""
    said = saved(copy, CHANGED)
    write(copy, STARTER_1 + "# at the terminal\n")
    (said,) = saved(copy, STARTER_1 + "# in the cell\n")
    assert "not saved: steps/01_uts/container.py was changed outside this cell" in said
    assert "-# at the terminal\n+# in the cell" in said
    assert program(copy).read_text() == STARTER_1 + "# at the terminal\n"
    over = re.search(r"%%exercise 1 (--over \w+)", said)[1]
    outputs = execute(copy, SETUP, f"%%exercise 1 {over}\n{STARTER_1}# in the cell\n")
    assert text(outputs[1]).startswith("saved:")
    assert program(copy).read_text() == STARTER_1 + "# in the cell\n"
    kept = copy / "steps/01_uts/container.py.~1~"
    assert "what it was is kept as container.py.~1~" in text(outputs[1])
    assert kept.read_text() == STARTER_1 + "# at the terminal\n"


def test_permission_to_overwrite_is_for_one_version(copy):
    """Who has allowed one version to be overwritten is asked again for the next."""
    saved(copy, CHANGED)
    write(copy, STARTER_1 + "# at the terminal\n")
    (said,) = saved(copy, STARTER_1 + "# in the cell\n")
    over = re.search(r"%%exercise 1 (--over \w+)", said)[1]
    write(copy, STARTER_1 + "# later, at the terminal\n")
    outputs = execute(copy, SETUP, f"%%exercise 1 {over}\n{STARTER_1}# in the cell\n")
    assert "was changed outside" in errors(outputs[1])[0]


def test_starter_in_a_new_notebook_does_not_undo_the_work(copy):
    """A fresh notebook's cell shows what is in the file, and saves nothing over it."""
    write(copy, SOLUTION_1)
    (said,) = saved(copy, STARTER_1)
    assert "your file is ahead of this cell, which shows it now; nothing was saved" in said
    assert program(copy).read_text() == SOLUTION_1


def test_who_comes_from_the_terminal_goes_on_in_the_cell(copy):
    """What the cell has shown of the file may be edited in it, without a question."""
    write(copy, CHANGED)
    said = saved(copy, STARTER_1, CHANGED + "# more\n")
    assert "your file is ahead" in said[0]
    assert said[1].startswith("saved:")


def test_cell_that_is_late_is_asked(copy):
    """A cell with an older version, in a new kernel, does not undo the newer one."""
    saved(copy, CHANGED, SOLUTION_1)
    assert "was changed outside this cell" in saved(copy, CHANGED)[0]
    assert program(copy).read_text() == SOLUTION_1


def test_two_kernels_do_not_overwrite_each_other(copy):
    """A cell that has not seen what another kernel saved is asked."""
    other = f"%%host\ncp {{}} {program(copy)}"
    (copy / "other.py").write_text(CHANGED + "# of the other kernel\n")
    cells = (f"{EXERCISE}{CHANGED}", other.format(copy / "other.py"), f"{EXERCISE}{SOLUTION_1}")
    outputs = execute(copy, SETUP, *cells)
    assert "was changed outside this cell" in errors(outputs[3])[0]


def test_cell_is_not_replaced_with_what_else_is_in_it(copy):
    """%exercise above some lines, a slip for %%exercise, does not throw the lines away."""
    (said,) = errors(execute(copy, SETUP, "%exercise 1\nmine = 1")[1])
    assert "give it one of its own" in said


ODD_FILES = {
    "no text": (b"# \xe4\n", "is no UTF-8: mend it in an editor"),
    "a mark of the byte order": ("\ufeffx = 1\n".encode(), ""),
    "Windows": (b"x = 1\r\n", ""),
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_file_of_another_editor_is_shown_or_told(copy, name):
    """%exercise shows what can be shown, and says of the rest what to do; the file stays."""
    content, says = ODD_FILES[name]
    program(copy).write_bytes(content)
    outputs = execute(copy, SETUP, "%exercise 1")[1]
    assert says in "".join(errors(outputs))
    assert program(copy).read_bytes() == content


def test_link_and_mode_of_the_file_stay(copy):
    """Who keeps the program elsewhere, behind a link, or has made it executable, still has that."""
    elsewhere = copy / "mine.py"
    elsewhere.write_text(STARTER_1)
    elsewhere.chmod(0o755)
    program(copy).unlink()
    program(copy).symlink_to(elsewhere)
    saved(copy, SOLUTION_1)
    assert program(copy).is_symlink() and elsewhere.read_text() == SOLUTION_1
    assert elsewhere.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "spoil", ["mkdir -p .lab/cells.json.new", "touch .lab", "mkdir .lab; echo [] > .lab/cells.json"]
)
def test_work_is_saved_where_nothing_can_be_remembered(copy, spoil):
    """A state folder that is broken is no reason to lose a line, and none to say so."""
    run("sh", "-c", spoil, cwd=copy)
    for said in saved(copy, SOLUTION_1, CHANGED, SOLUTION_1):
        assert said.startswith("saved:")
    assert program(copy).read_text() == SOLUTION_1


def test_file_that_is_gone_comes_back_from_the_cell(copy):
    """Who has lost the file still has the cell."""
    program(copy).unlink()
    assert saved(copy, SOLUTION_1)[0].startswith("saved:")
    assert program(copy).read_text() == SOLUTION_1


def test_work_goes_on_in_the_cell_after_it_was_taken_from_the_file(copy):
    """%exercise shows the file in a cell; what is changed there is saved without a question."""
    write(copy, CHANGED)
    said = saved(copy, "%exercise 1", CHANGED + "# more\n")
    assert said[1].startswith("saved:")


def test_saved_cell_may_be_edited_back_and_forth(copy):
    """A line taken out for an experiment, and put back again, is saved each time."""
    for said in saved(copy, SOLUTION_1, CHANGED, SOLUTION_1, CHANGED):
        assert said.startswith("saved:")


# ---- The same as in a terminal

CHANGES = ("run_id", "ms", "observed", "expected", "evidence")  # from one run to the next


@pytest.mark.parametrize("text_of", [STARTER_1, SOLUTION_1], ids=["starter", "solution"])
def test_notebook_and_terminal_tell_the_same(copy, text_of):
    """%check has the results that make check-step has, field by field."""
    write(copy, text_of)
    execute(copy, SETUP, "%check 1")
    in_notebook = results(copy)
    lab(copy, "check", 1)
    strip = [
        {k: v for k, v in r.items() if k not in CHANGES} for r in (*in_notebook, *results(copy))
    ]
    assert strip[: len(in_notebook)] == strip[len(in_notebook) :]


def test_verdict_of_a_notebook_is_the_page_of_a_terminal(copy):
    """The text of the picture is what a terminal shows, in the words of a notebook."""
    write(copy, STARTER_1)
    said = text(execute(copy, SETUP, "%check 1")[1])
    page = lab(copy, "check", 1).output

    def told(page):
        plain = re.sub(r"\d+", "N", page.replace("make hint", "%hint"))
        return [
            line.strip()
            for line in plain.splitlines()
            if "prove it" not in line and "n=/proc" not in line
        ]

    assert told(said) == told(page)


# ---- Odd arguments


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%check", "which step?  Steps are 1 2 3 4 5, for example: %check 1"),
        ("%xray", "which step?"),
        ("%hint", "which step?"),
        ("%check 7", "there is no step '7'.  Steps are 1 2 3 4 5"),
        ("%run_step 7 ls", "there is no step '7'"),
        ("%memory_curve abc", "there is no step 'abc'"),
        ("%reset_step -1", "there is no step '-1'"),
        ("%check 1 2", "%check 1, and nothing more: what is '2'?"),
        ("%check ²", "there is no step '²'"),
        ("%%exercise\nx = 1", "which step?"),
        ("%%exercise 1 --force\nx = 1", "%%exercise 1, and nothing more in its line"),
        ("%%lab now\nhostname", "%%lab stands alone"),
        ("%%host now\nhostname", "%%host stands alone"),
        ("%exercise 1 2", "and nothing more"),
        ("%check " + "0" * 5000 + "1", "there is no step"),
        ("%xray 1 --help", "%xray N [--program FILE] [COMMAND]"),
        ("%run_step 1 echo " + "x" * 140_000, "a command may have 100000 bytes"),
        ("%%lab\necho " + "ü" * 90_000, "a command may have 100000 bytes"),
        ("%%host\necho " + "ü" * 90_000, "a command may have 100000 bytes"),
        ("%%host\necho '\0'", "there is a NUL in it"),
    ],
)  # fmt: skip
def test_odd_argument_gets_one_line(kernel_says, cell, says):
    """What cannot be meant is answered in one line that says what can."""
    said = kernel_says[cell]
    assert says in said, said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def kernel_says(given):
    """Return what one kernel says to each odd cell of the test above."""
    mark = next(m for m in test_odd_argument_gets_one_line.pytestmark if m.name == "parametrize")
    cells = [cell for cell, _ in mark.args[1]]
    outputs = execute(given, SETUP, *cells)[1:]
    return {c: text(o) + "".join(errors(o)) for c, o in zip(cells, outputs, strict=True)}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%run_step 1 echo $HOME {x} *", "$HOME {x} *"),
        ("%run_step 1 sh -c 'exit 3'", "[exit status 3]"),
        ("%run_step 1 'no end", "CMD: No closing quotation"),
        ("%%lab\nexit 4", "[exit status 4]"),
        ("%%lab\necho 1; echo 2 >&2; echo 3; echo 4 >&2; echo 5", "1\n2\n3\n4\n5\n"),
        ("%%host\nkill -9 $$", "[exit status 137, killed by signal 9]"),
        ("%%host\nprintf '\\377ü'; pwd >&2", "\ufffdü"),
        ("%xray 1 --program nowhere.py", "there is no program"),
        ("%xray 1 echo hello", "hello"),
        ("%xray 1 sh -c 'echo oops >&2'", "oops"),
        (
            "%run_step 1 echo make check-step 1, see ../steps/01_uts/README.md",
            "make check-step 1, see ../steps",
        ),
        ("%%lab\n-x; echo hello", "hello"),
        ("%%host\nprintf 'x\\303'", "x\ufffd"),
        ("%status", "step 1 · uts       not begun"),
        ("%diff 1", "step 1 is as it was given"),
        ("%reset_step 1", "there is nothing to reset"),
        ("%hint 1", "hint 1 of 3; one more with: %hint 1"),
    ],
)
def test_magic_says_what_the_command_says(kernel_tells, cell, says):
    """Each magic passes on what is typed as it is, and shows what comes."""
    assert says in kernel_tells[cell], kernel_tells[cell]


@pytest.fixture(scope="module")
def kernel_tells(given):
    """Return what one kernel says to each cell of the test above."""
    mark = next(
        m for m in test_magic_says_what_the_command_says.pytestmark if m.name == "parametrize"
    )
    cells = [cell for cell, _ in mark.args[1]]
    outputs = execute(given, SETUP, *cells)[1:]
    return {c: text(o) + "".join(errors(o)) for c, o in zip(cells, outputs, strict=True)}


# ---- What must not happen

FORBIDDEN = (
    "import os; os.fork()",
    "import os; os.unshare(0)",
    "import os; os.chroot('.')",
    "import pty; pty.fork()",
    "import socket; socket.sethostname('oops')",
    "from lab import linux; linux.unshare(linux.CLONE_NEWUTS)",
    "from lab import linux; linux.mount('x', '/mnt', 'tmpfs')",
    "import ctypes; ctypes.CDLL(None).fork()",
    "import ctypes; ctypes.CDLL(None)['syscall'](57)",
    "import ctypes, _ctypes; _ctypes.dlsym(ctypes.CDLL(None)._handle, 'unshare')",
    "import ctypes; ctypes.CDLL(None).daemon(1, 1)",
    "import os; os.execvp('sleep', ['sleep', '99'])",
    "import multiprocessing as m; m.get_context('fork').Process(target=print).start()",
)


def test_kernel_may_not_be_changed(copy):
    """A cell that forks or moves the kernel is stopped, told why, and where the code belongs."""
    name = os.uname().nodename
    for cell, outputs in zip(FORBIDDEN, execute(copy, SETUP, *FORBIDDEN)[1:], strict=True):
        (said,) = errors(outputs)
        assert "would change the notebook's own process" in said, cell
        assert "%%exercise" in said and "%%lab" in said
    assert os.uname().nodename == name


def test_what_is_harmless_is_allowed(copy):
    """Threads, programs and IPython's own `!` go on as everywhere."""
    cells = (
        "from threading import Thread; t = Thread(target=print, args=[1]); t.start(); t.join()",
        "import subprocess; print(subprocess.check_output(['echo', 'program'], text=True))",
        "!echo shell",
        "x = !echo captured\nprint(x)",
        "import os; os.waitpid(os.posix_spawnp('true', ['true'], {}), 0)",
    )
    for outputs in execute(copy, SETUP, *cells)[1:]:
        assert errors(outputs) == []


def test_daemon_of_a_cell_ends_with_it(copy):
    """What a cell leaves running on the machine or a lab host is ended, and counted."""
    mark = f"sleep 1{os.urandom(3).hex().translate(str.maketrans('abcdef', '012345'))}"
    daemon = f"setsid sh -c '({mark} &)' >/dev/null 2>&1; echo on"
    outputs = execute(copy, SETUP, f"%%host\n{daemon}", f"%%lab\n{daemon}")[1:]
    assert [text(said).split("\n")[0] for said in outputs] == ["on", "on"]
    assert "[ended 1 that it left running]" in text(outputs[0])
    assert not processes(mark)


def processes(words):
    """Return the processes of this machine whose command line is some words."""
    found = []
    for process in descendants(1):
        try:
            if " ".join(process.command_line()) == words:
                found.append(process.pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


# ---- Interrupted and killed


class Driven:
    """A kernel that runs one long cell, in a process that can be told things."""

    def __init__(self, copy, cell):
        self._process = subprocess.Popen(
            [sys.executable, "-B", DRIVE, f"{copy}/notebooks", SETUP, cell],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(copy),
        )
        self.pid = int(self.line("pid"))
        self.line("began")

    def line(self, word):
        """Return the next line that begins with a word, without it."""
        for line in self._process.stdout:
            if line.startswith(word):
                return line[len(word) :].strip()
        raise AssertionError(f"it ended before it said {word!r}")

    def interrupt(self):
        """Press the button."""
        print("interrupt", file=self._process.stdin, flush=True)

    def kill(self):
        """Kill who watches the kernel, as the server is."""
        self._process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.communicate()
        wait_until(lambda: not is_alive(self.pid))


def wait_until(is_so):
    """Wait until something is so; fail if it never is."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def token():
    """Return words of a command that no other process has."""
    return f"sleep 1{int.from_bytes(os.urandom(3), 'big'):08}"


LONG = ("%%host\necho began; {}", "%%lab\necho began; {}", "%run_step 1 sh -c 'echo began; {}'")


@pytest.mark.parametrize("cell", LONG, ids=["host", "lab", "run_step"])
def test_interrupt_stops_what_runs(copy, cell):
    """■ ends the command, with nothing left of it, and the kernel goes on."""
    words = token()
    with Driven(copy, cell.format(words)) as kernel:
        wait_until(lambda: processes(words))
        kernel.interrupt()
        assert "KeyboardInterrupt" in kernel.line("said")
        kernel.line("alive")
        wait_until(lambda: not processes(words))


@pytest.mark.parametrize("cell", LONG, ids=["host", "lab", "run_step"])
@pytest.mark.parametrize("victim", ["kernel", "server"])
def test_killed_kernel_leaves_nothing(copy, cell, victim):
    """When the kernel, or who started it, is killed, its processes, groups and mounts are gone."""
    words, before = token(), (groups(), mounts())
    with Driven(copy, cell.format(words)) as kernel:
        wait_until(lambda: processes(words))
        servers = [p.pid for p in descendants(kernel.pid)[1:]]
        if victim == "kernel":
            os.kill(kernel.pid, signal.SIGKILL)
        else:
            kernel.kill()
        wait_until(lambda: not processes(words))
        wait_until(lambda: not any(is_alive(pid) for pid in servers))
        wait_until(lambda: (groups(), mounts()) == before)


def is_alive(pid):
    """Whether a process is there, and no zombie."""
    try:
        return Process(pid).state() != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def groups():
    """Return the control groups of lab hosts on this machine."""
    top = "/sys/fs/cgroup"
    tops = [top] + [f"{top}/{name}" for name in os.listdir(top) if os.path.isdir(f"{top}/{name}")]
    return {f"{t}/{n}" for t in tops for n in os.listdir(t) if n.startswith("lab-")}


def mounts():
    """Return the mount table of this machine."""
    with open("/proc/self/mountinfo") as table:
        return table.read()


def test_text_of_a_learner_is_shown_and_never_run(copy):
    """What a program prints is no HTML, wherever in a verdict it stands."""
    bad = "<img src=x onerror=alert(1)>"
    write(copy, STARTER_1.replace("execute(command)", f'raise ValueError("{bad}")', 1))
    outputs = execute(copy, SETUP, "%check 1", f'%xray 1 echo "{bad}"')
    for said in outputs[1:]:
        assert "<img" not in html(said)
    assert "&lt;img src=x" in html(outputs[1])


def test_no_root_is_said_with_the_way_out(copy, tmp_path):
    """Without a process that makes lab hosts there is one line that says how to begin."""
    cell = "import lab.client, os\nlab.client.MAIN = 'raise SystemExit(9)'\n%check 1"
    (said,) = errors(execute(copy, SETUP, cell)[1])
    assert "ended with 9" in said and "make notebook" in said


def test_kernel_keeps_nothing_of_what_went_wrong(copy):
    """A server that does not start leaves no descriptor and no child in the kernel."""
    count = "import os\nprint(len(os.listdir('/proc/self/fd')))\n"
    count += "!cat /proc/*/stat 2>/dev/null | grep -c -e ' Z '\"$PPID \""
    wrong = "import lab.client\nlab.client.MAIN = 'raise SystemExit(9)'"
    outputs = execute(copy, SETUP, wrong, "%hint 1", count, *["%hint 1"] * 3, count)
    assert text(outputs[3]) == text(outputs[-1]) != ""


def test_next_cell_works_when_the_server_has_died(copy):
    """kill -9 of what makes lab hosts is told in a line, and the next cell has a new one."""
    kill = "import os, lab.client\nos.kill(lab.client._servers[-1].pid, 9)"
    outputs = execute(copy, SETUP, "%hint 1", kill, "%hint 1", "%hint 1")
    assert "hint" in text(outputs[1]) and "hint" in text(outputs[-1])


@pytest.mark.parametrize("moment", [0.05, 0.2, 0.35])
def test_interrupted_check_is_no_verdict(copy, moment):
    """■ during a check keeps nothing of it, and blames nobody."""
    write(copy, SOLUTION_1)
    cell = "import os, signal, threading\n"
    cell += f"threading.Timer({moment}, os.kill, [os.getpid(), signal.SIGINT]).start()\n"
    cell += "get_ipython().run_line_magic('check', '1')"
    outputs = execute(copy, SETUP, "%hint 1", cell)
    said = text(outputs[2]) + "".join(errors(outputs[2]))
    assert "checker failed" not in said and "Pipe" not in said
    kept = copy / ".lab/check-step-1.jsonl"  # it may have been done already
    assert not kept.exists() or len(results(copy)) == 12

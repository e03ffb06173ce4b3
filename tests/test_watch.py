"""`make watch`: a verdict at every save, on a terminal of its own, and nothing left behind."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest
from running import ENVIRONMENT, PATIENCE
from test_command_line import (
    BROKEN,
    CRASHING,
    MAIN,
    SOLUTION_1,
    STARTER_1,
    copied,
    program,
    results,
    write,
)

from lab import cgroup
from lab.process import descendants
from lab.screen import BELOW, ENTER, HOME, LEAVE

WRONG_NAME = SOLUTION_1.replace('HOSTNAME = "container"', 'HOSTNAME = "mine"')
HANGING = "import time\ntime.sleep(600)\n"
DONE, NOT_DONE = r"Step 1 is done\.", r"Step 1 is not done yet\."


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the checkout, in which nobody has worked yet."""
    return copied(tmp_path / "checkout")


class Watcher:
    """A watching command, and the terminal that it has."""

    def __init__(self, copy, rows=60, columns=100):
        self.terminal, self._theirs = pty.openpty()
        self.resize(rows, columns)
        self.mode = termios.tcgetattr(self.terminal)
        self.text = ""
        words = [sys.executable, "-IBc", MAIN, str(copy), "watch", "1"]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self._theirs)
        env = {**ENVIRONMENT, "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(words, cwd=copy, env=env, start_new_session=True, **streams)

    def resize(self, rows, columns):
        """Give the terminal a size."""
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def sees(self, pattern):
        """Wait until a page shows a pattern; return its lines."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, "\n".join(self.page())):
            left = max(0, deadline - time.monotonic())
            assert select.select([self.terminal], [], [], left)[0], f"no {pattern}: {self.text!r}"
            self.text += os.read(self.terminal, 65536).decode(errors="replace")
        return self.page()

    def page(self):
        """Return the lines of the last page that was drawn as a whole, without colours."""
        page = self.text.rpartition(BELOW)[0].rpartition(HOME)[2]
        return [re.sub(r"\033\[[0-9;?]*[a-zA-Z]", "", line) for line in page.split("\r\n")]

    def type(self, keys):
        """Press keys."""
        os.write(self.terminal, keys)

    def end(self):
        """Wait for its end; return its exit status and what it showed last."""
        status = self.process.wait(PATIENCE)
        while select.select([self.terminal], [], [], 0)[0]:
            self.text += os.read(self.terminal, 65536).decode(errors="replace")
        return status, self.text

    def close(self):
        """Be gone, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        os.close(self.terminal)
        os.close(self._theirs)


@pytest.fixture
def watching():
    """Return how to watch step 1 of a copy at a terminal."""
    with contextlib.ExitStack() as stack:

        def watch(copy, **size):
            watcher = Watcher(copy, **size)
            stack.callback(watcher.close)
            return watcher

        yield watch


def below(watcher):
    """Return the processes that it has started, by pidfd, and the number of its keeper."""
    found, keeper = [], None
    for process in descendants(watcher.process.pid)[1:]:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            words = process.command_line()
            found.append(os.pidfd_open(process.pid))
            keeper = process.pid if any("keeper.py" in word for word in words) else keeper
    return found, keeper


def running(watcher):
    """Wait until a lab host is up under it; return its processes and its control group."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        fds, keeper = below(watcher)
        if keeper and len(fds) >= 6:  # judge, trial, keeper, builder, process 1, a program
            return fds, cgroup.Group(f"lab-{keeper}").path("pids.max")
        for fd in fds:
            os.close(fd)
        time.sleep(0.005)
    raise AssertionError("no lab host")


def all_gone(fds, group):
    """Whether processes and a control group are gone, at the latest in a moment."""
    deadline = time.monotonic() + PATIENCE
    waiting = set(fds)
    while waiting and time.monotonic() < deadline:
        waiting -= set(select.select(list(waiting), [], [], 0.1)[0])
    for fd in fds:
        os.close(fd)
    return not waiting and not os.path.exists(group)


def test_verdict_comes_with_every_save(copy, watching):
    """The file as it is gets a verdict, and every save another; each is remembered."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, SOLUTION_1)
    page = watcher.sees(DONE)
    assert {result["verdict"] for result in results(copy)} == {"pass"}
    assert any(line.startswith("    seen ") for line in page)
    assert re.search(r"judged in \d\.\d\d s · Ctrl-C ends this$", page[-1])
    write(copy, CRASHING)
    watcher.sees(r"ValueError: mine(.|\n)*" + NOT_DONE)


def test_editor_may_save_by_another_name(copy, watching):
    """A file that is written beside and renamed counts as saved."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    beside = program(copy).with_name(".container.py.swp")
    beside.write_text(SOLUTION_1)
    beside.rename(program(copy))
    watcher.sees(DONE)


def test_file_may_be_missing(copy, watching):
    """A file that is gone is said so, with the way back, and noticed when it is there again."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    program(copy).unlink()
    watcher.sees(r"steps/01_uts/container\.py is not there; make reset 1 brings it back")
    write(copy, SOLUTION_1)
    watcher.sees(DONE)


def test_file_that_is_no_python_does_no_harm(copy, watching):
    """A file saved in the middle of a word fails, and the next save passes."""
    write(copy, BROKEN)
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, SOLUTION_1)
    watcher.sees(DONE)


def test_what_has_passed_before_is_marked_and_comes_first(copy, watching):
    """A check that passed and fails now stands at the top, and says when it passed."""
    write(copy, SOLUTION_1)
    watcher = watching(copy)
    watcher.sees(DONE)
    write(copy, WRONG_NAME)
    page = watcher.sees(NOT_DONE)
    assert page[1].startswith("✗ ")
    assert any(re.match(r"    before +this passed a (moment|minute) ago", line) for line in page)
    write(copy, SOLUTION_1)
    page = watcher.sees(DONE)
    assert not any("this passed" in line for line in page)


def test_save_ends_the_run_that_is_out_of_date(copy, watching):
    """A save while the program hangs ends that run and its lab host, and is judged at once."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, HANGING)
    fds, group = running(watcher)
    write(copy, SOLUTION_1)
    watcher.sees(DONE)
    assert all_gone(fds, group)


@pytest.mark.parametrize("text", [STARTER_1, HANGING], ids=["idle", "judging"])
def test_ctrl_c_leaves_nothing(copy, watching, text):
    """Ctrl-C ends it with status 0: terminal as before, no process, no lab host, no traceback."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, text)
    fds, group = running(watcher) if text == HANGING else ([], "")
    watcher.type(b"\x03")
    status, said = watcher.end()
    assert status == 0
    assert all_gone(fds, group)
    assert termios.tcgetattr(watcher.terminal) == watcher.mode
    shown, _, after = said.rpartition(LEAVE)
    assert ENTER in shown and "Step 1 is not done yet." in after  # it stays to be read
    assert "Traceback" not in said


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_signal_restores_the_terminal(copy, watching, signum):
    """A watcher that is told to end does so, and leaves nothing either."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, HANGING)
    fds, group = running(watcher)
    watcher.process.send_signal(signum)
    status, said = watcher.end()
    assert status == 128 + signum
    assert all_gone(fds, group)
    assert termios.tcgetattr(watcher.terminal) == watcher.mode
    assert LEAVE in said and "Traceback" not in said


def test_lab_host_does_not_outlive_a_killed_watcher(copy, watching):
    """What runs under a watcher that is killed ends with it."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, HANGING)
    fds, group = running(watcher)
    watcher.process.kill()
    watcher.end()
    assert all_gone(fds, group)


def test_broken_run_does_not_harm_the_watcher(copy, watching):
    """A judge that is killed is said to have ended, and the next save is judged."""
    watcher = watching(copy)
    watcher.sees(NOT_DONE)
    write(copy, HANGING)
    fds, group = running(watcher)
    judging = descendants(watcher.process.pid)[1]
    os.kill(judging.pid, signal.SIGKILL)
    watcher.sees("the checker ended without a word")
    assert all_gone(fds, group)
    write(copy, SOLUTION_1)
    watcher.sees(DONE)


def test_page_fits_the_terminal(copy, watching):
    """On a small terminal a page is cut, and says by how much; a larger one shows it all."""
    watcher = watching(copy, rows=8, columns=50)
    page = watcher.sees(r"\.\.\. \d+ more lines; Ctrl-C shows them all")
    assert len(page) <= 8
    assert page[1].startswith("✗ ")
    watcher.resize(60, 100)
    page = watcher.sees(NOT_DONE)
    assert not any("more lines" in line for line in page)
    assert len(page[0]) == 88


def test_without_a_terminal_page_follows_page(copy):
    """What is no terminal gets plain reports one after the other; SIGINT ends them with 0."""
    words = [sys.executable, "-IBc", MAIN, str(copy), "watch", "1"]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    watcher = subprocess.Popen(words, cwd=copy, env=ENVIRONMENT, text=True, **streams)
    try:
        first = page_of(watcher)
        write(copy, SOLUTION_1)
        second = page_of(watcher)
        watcher.send_signal(signal.SIGINT)
        rest, errors = watcher.communicate(timeout=PATIENCE)
    finally:
        watcher.kill()
        watcher.wait()
    assert re.search(NOT_DONE, first) and re.search(DONE, second)
    assert "\033" not in first + second + rest
    assert (watcher.returncode, errors) == (0, "")


def page_of(watcher):
    """Return the next page of a watcher without a terminal."""
    page = ""
    while not re.search("judged in .*\n\n", page):
        assert select.select([watcher.stdout], [], [], PATIENCE)[0], page
        page += os.read(watcher.stdout.fileno(), 65536).decode()
    return page

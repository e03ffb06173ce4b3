"""A run in a fork of a Python that was there already is like one with a Python of its own."""

import re
import sys

import pytest
from running import PATIENCE

from lab.forks import Forks
from lab.host import Host, LabDied
from lab.session import Run
from lab.trial import ELSEWHERE

PROGRAM = "/srv/program.py"
ENV = {"ANSWER": "42"}
PROGRAMS = {
    "its words": "import sys; print(sys.argv, sys.orig_argv[1:], sys.path[:2], sys.flags)",
    "its world": "import os, sys; print(os.getcwd(), os.environ, sys.executable, os.umask(0))",
    "its names": "print(__name__, __file__, __import__('__main__').__file__, __doc__)",
    "its session": "import os; print(os.getsid(0) == os.getpgrp() == os.getpid())",
    "its descriptors": "import os; print(os.listdir('/proc/self/fd'))",
    "its streams": "import sys; print(sys.stdin, sys.stdout, sys.stderr, sys.stdin.isatty())",
    "its signals": "import signal as s; print([s.getsignal(n) for n in range(1, 32)])",
    "its limits": "print(open('/proc/self/limits').read())",
    "what it may": "print([l for l in open('/proc/self/status') if l[:3] in ('Sig', 'Cap')])",
    "its groups": "print(open('/proc/self/cgroup').read())",
    "its odds": "print(open('/proc/self/oom_score_adj').read())",
    "no end": "print('over', end='')",
    "an end": "import sys; sys.exit(3)",
    "an end with nothing": "import sys; sys.exit()",
    "an end with words": "import sys; sys.exit('that was it')",
    "a large end": "import sys; sys.exit(256 + 7)",
    "an end below zero": "raise SystemExit(-1)",
    "an end at once": "import os; print('lost', end=''); os._exit(4)",
    "an error": "def f():\n    raise ValueError('no')\nf()",
    "an error in an error": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}['x']",
    "no Python": "def f(:\n",
    "a hook": "import sys\nsys.excepthook = lambda *e: print('mine', e[0])\n1 / 0",
    "last wishes": "import atexit, sys\natexit.register(print, 'later')\nsys.exit(5)",
    "a thread": "import threading, time\n"
    "threading.Thread(target=lambda: [time.sleep(0.1), print('late')]).start()",
    "closed output": "import sys; sys.stdout.close()",
    "no output": "import sys; sys.stdout = sys.stderr = None",
    "an interrupt": "import signal; signal.raise_signal(signal.SIGINT)",
    "its death": "import os; os.kill(os.getpid(), 15)",
    "a child": "import os, sys\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\nsys.exit('here')",
    "another program": "import os; os.execvp('echo', ['echo', 'echoed'])",
    "much": "print('x' * 200_000)",
    "its input": "import sys; print(repr(sys.stdin.read()))",
}


@pytest.fixture(scope="module")
def host():
    """A lab host."""
    with Host() as host:
        yield host


def put(host, source):
    """Put a program on the lab host."""
    with open(host.file(PROGRAM), "w") as file:
        file.write(source)


def ended(start, words):
    """Return how a run of the program ended, and what it printed."""
    run = Run(start, words)
    run._streams.close_input()
    run.finish(PATIENCE)
    return run.status, *(re.sub("0x[0-9a-f]+", "0x", text) for text in (run.output, run.errors))


def starting(forks):
    """Return what starts the program in a fork."""
    return lambda words, streams: forks.start(words, streams, ENV, ELSEWHERE)


def in_fork(host, words):
    """Do it in a fork."""
    forks = Forks(host, PROGRAM)
    try:
        return ended(starting(forks), words)
    finally:
        forks.close()


def by_itself(host, words):
    """Do it with a Python of its own."""

    def start(arguments, streams):
        return host.spawn([sys.executable, PROGRAM, *arguments], streams, ENV, cwd=ELSEWHERE)

    return ended(start, words)


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_fork_is_like_a_start(host, what):
    """What the program sees of itself, what it prints, and how it ends."""
    put(host, PROGRAMS[what])
    for words in ([], ["two  words", "", "ü"]):
        assert in_fork(host, words) == by_itself(host, words)


def test_a_fork_hides_no_missing_import(host):
    """What the server has imported beyond what steps import cannot be missed by a program."""
    put(host, "from lab import cgroup, linux\nimport sys; print(*sys.modules)")
    ours, theirs = (set(do(host, [])[1].split()) for do in (in_fork, by_itself))
    assert ours - theirs <= {"_socket", "atexit", "select"} | {
        f"lab.{name}" for name in ("confine", "init", "wire")
    }


def test_forks_know_nothing_of_each_other(host):
    """What one does to its Python is gone with it; they run at the same time."""
    put(host, "import sys\nprint(getattr(sys, 'mark', None), sys.stdin.read())\nsys.mark = 1")
    forks = Forks(host, PROGRAM)
    runs = [Run(starting(forks), []) for _ in range(3)]
    for number, one in enumerate(runs):
        one._streams.write(f"{number}")
        one._streams.close_input()
    assert [one.finish(PATIENCE).output for one in runs] == [f"None {n}\n" for n in range(3)]
    forks.close()


def test_a_program_that_has_changed_is_read_again(host):
    """As it would be by a Python of its own."""
    put(host, "open(__file__, 'w').write('print(2)'); print(1)")
    forks = Forks(host, PROGRAM)
    assert [ended(starting(forks), [])[1] for _ in range(2)] == ["1\n", "2\n"]
    forks.close()


def test_a_program_that_kills_the_server_counts_as_killed(host):
    """And the next is told so, for it to be started in another way."""
    put(host, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    forks = Forks(host, PROGRAM)
    assert ended(starting(forks), [])[0] == 137
    with pytest.raises(LabDied):
        starting(forks)([], [0, 1, 2])
    forks.close()
    assert by_itself(host, [])[0] == 0  # process 1 of a lab host cannot be killed from within

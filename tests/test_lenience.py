"""Time for who is only slow: granted to a program that waits for a processor, and to no other."""

import contextlib
import os
import subprocess
import sys
import time

from running import PATIENCE

from lab.lenience import AMOUNT, SLICE, Lenience
from lab.process import Process
from lab.session import Run
from lab.streams import Streams

BUSY = "import os; os.sched_setaffinity(0, {{{}}}); print(flush=True)\nwhile True: pass"
CROWD = 6
NAMES = ("stdin", "stdout", "stderr")


@contextlib.contextmanager
def crowd_on_one_processor():
    """Start busy programs that share one processor; a context in which they do."""
    words = [sys.executable, "-Ic", BUSY.format(min(os.sched_getaffinity(0)))]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(CROWD)]
    try:
        for program in started:
            program.stdout.readline()
        yield [Process(program.pid) for program in started]
    finally:
        for program in started:
            program.kill()
            program.communicate()


def granted(lenience, processes):
    """Return whether a later deadline is granted before the patience of a test is over."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if later := lenience.later(processes):
            return time.monotonic() < later <= time.monotonic() + SLICE
    return False


def test_program_that_waits_for_a_processor_gets_more_time():
    """Of six that share a processor most could run and do not; the amount is for all of them."""
    lenience = Lenience()
    with crowd_on_one_processor() as crowd:
        assert all(granted(lenience, crowd) for _ in range(round(AMOUNT / SLICE)))
        assert lenience.later(crowd) is None


def test_fork_bomb_gets_no_more_time():
    """Whose processes wait for each other is not slow."""
    with crowd_on_one_processor() as crowd:
        assert granted(Lenience(), crowd)
        assert not any(Lenience(is_crowded=lambda: True).later(crowd) for _ in range(100))


def test_program_that_sleeps_gets_no_more_time():
    """Who waits for something that does not come is not slow, and neither is who is gone."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        cat.stdin.write(b"x\n")
        cat.stdin.flush()
        cat.stdout.readline()
        process = Process(cat.pid)
        while process.state() != "S":
            pass
        assert Lenience().later([process]) is None
        cat.stdin.close()
    assert Lenience().later([process]) is None


def test_answer_that_comes_in_the_time_that_was_granted_is_an_answer():
    """Who reads goes on as long as a later deadline is granted, and no longer."""
    asked = []

    def later():
        asked.append(True)
        os.write(streams.theirs[1], b"late\n") if len(asked) == 3 else None
        return time.monotonic() + 0.01 if len(asked) < 5 else None

    streams = Streams(later)
    assert streams.read_until(1, "late\n", 0.01) == "" and len(asked) >= 3
    assert streams.read_until(1, "never\n", 0.01) is None and len(asked) == 5
    streams.release()
    streams.finish()


def test_run_asks_for_more_time_for_its_own_processes():
    """What is granted is for the program of this run, and out of what its trial has."""
    asked, started = [], []

    class Asked(Lenience):
        """Grants nothing, and keeps who it was asked for."""

        def later(self, processes):
            asked.extend(process.pid for process in processes)

    def start(_, streams):
        started.append(subprocess.Popen(["cat"], **dict(zip(NAMES, streams, strict=True))))
        return started[0]

    run = Run(start, [], Asked())
    assert run._streams.read_until(1, "never", 0.01) is None
    assert asked == [started[0].pid]
    run._streams.finish()
    assert started[0].wait(PATIENCE) == 0

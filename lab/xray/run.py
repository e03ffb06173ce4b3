"""Run a program on a lab host under the X-ray."""

import os
import sys
import threading
import time

from lab import ROOT
from lab.streams import Streams
from lab.xray import stops
from lab.xray.calls import architecture
from lab.xray.record import CannotTraceError, Trace
from lab.xray.tracer import Tracer

PATIENCE = 20.0  # seconds for a program to end
GRACE = 1.0  # seconds for what it left behind to end too
MOMENT, NEVER = 0.01, "\0" * 32  # seconds between looks; what no output contains
GATE = f"{ROOT}/lab/xray/gate.py"


class Xray:
    """One run of a program under the X-ray; `child` is the program, as Host.spawn returns it.

    The tracer is a thread of its own: to the kernel, tracing is between threads, and so its
    waitpid(2) and the caller's do not take each other's children.
    """

    def __init__(self, host, argv, streams, env=None, cwd="/", command=(), filtered=True):
        """Start a program on a lab host.

        `command` are the words that it is expected to execute in the end; their process is
        compared with the host.  Without `filtered` it stops at every system call.
        """
        if architecture() is None:
            raise CannotTraceError(f"the system calls of {os.uname().machine} are not known")
        words = [sys.executable, "-ISB", GATE, "filter" if filtered else "plain", *argv]
        self._host, self._failure = host, None
        self.child = host.spawn(words, streams, env, cwd)
        self._done = threading.Event()
        self._tracer = Tracer(host.pid, list(command), self._done.set)
        self._thread = threading.Thread(target=self._follow, name="tracer", daemon=True)
        self._thread.start()

    def is_over(self, patience) -> bool:
        """Whether the program has ended, or does so in a moment."""
        return self._done.wait(patience)

    def finish(self, patience=PATIENCE, grace=GRACE) -> Trace:
        """Wait for the end, and return what was seen; kills what takes too long.

        Processes that the program leaves behind have `grace` seconds to end.
        CannotTraceError if the kernel does not let us trace.
        """
        in_time = self.is_over(patience)
        if in_time:
            self._thread.join(grace)
        deadline = time.monotonic() + PATIENCE
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._tracer.kill_all()
            self._thread.join(0.05)  # what was born meanwhile is killed the next time
        if self._failure:
            raise self._failure
        return self._trace(in_time)

    def _trace(self, in_time):
        """Return what the tracer has seen."""
        tracer = self._tracer
        begin, end = tracer.began or 0, tracer.ended or tracer.began or 0
        return Trace(
            calls=tracer.ledger.calls() if tracer.began else [],
            lives=tracer.lives(),
            worlds=tracer.worlds,
            status=tracer.status if in_time else None,
            filtered=tracer.filtered,
            complete=in_time and tracer.ledger.is_complete,
            milliseconds=round(1000 * (end - begin), 3),
        )

    def _follow(self):
        """Be the tracer."""
        try:
            self._tracer.follow(self.child.pid)
        except stops.RefusedError as error:
            self._failure = CannotTraceError(_reason(self.child.pid, error))
            self.child.kill()
        except Exception as error:  # whatever it is, it is told to whom it may concern
            self._failure = error
            self.child.kill()
        finally:
            self._done.set()


def trace(host, argv, patience=PATIENCE, grace=GRACE, **options) -> Trace:
    """Run a program on a lab host to its end; return what was seen, and what it printed.

    `options` are those of Xray: env, cwd, command, filtered.
    """
    streams, deadline = Streams(), time.monotonic() + patience
    run = Xray(host, argv, streams.theirs, **options)
    streams.release()
    try:
        while not run.is_over(MOMENT) and time.monotonic() < deadline:
            streams.read_until(1, NEVER, MOMENT)  # a pipe that is full would hold it up
        seen = run.finish(max(0, deadline - time.monotonic()), grace)
    finally:
        run.child.close()
        output, errors = streams.finish()
    return seen._replace(output=output, errors=errors)


def _reason(pid, error):
    """Say in a line why a process cannot be traced."""
    try:
        with open(f"/proc/{pid}/status") as file:
            tracer = int(file.read().partition("TracerPid:")[2].split()[0])
    except (OSError, IndexError):
        tracer = 0
    if tracer:
        return f"process {tracer} traces it already, and there can be only one tracer"
    return f"the kernel does not allow ptrace(2) here ({error.strerror})"

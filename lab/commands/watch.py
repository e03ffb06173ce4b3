"""`make watch N`: judge step N at every save, until Ctrl-C; then the exit status is 0."""

import os
import signal
import sys
import time

from lab import confine, course, progress, report, warm
from lab.commands import USAGE, step_number
from lab.screen import screen

POLL = 0.025  # seconds; a stat() costs some microseconds, and works on every filesystem
MISSING = 0.5  # seconds without a file that are no editor's doing
REWRITE = 10  # seconds; a page says how long ago something was


def main(words):
    """Watch a step: STEP [PROGRAM]; the learner's own file if no program is named."""
    step = step_number(words[:1], "watch")
    if words[2:]:
        print(f"one program at a time, not {' '.join(words[1:])}", file=sys.stderr)
        return USAGE
    sys.stdout.reconfigure(errors="backslashreplace")  # names on a disk may be any bytes
    told = []  # to end; an exception out of a handler might be lost in a destructor
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) != signal.SIG_IGN:  # nohup(1)
            signal.signal(signum, lambda number, _: told.append(number))
    confine.adopt()
    try:
        with screen() as shown:
            Watch(step, *words[1:]).go_on(shown, told)
    except KeyboardInterrupt:  # Ctrl-C as a key
        return 0
    return 128 + told[0] if told and told[0] != signal.SIGINT else 0


class Watch:
    """A program, what was last said of it, and the verdict that is on its way."""

    def __init__(self, step, program=None):
        self._step, self._is_own = step, program is None
        self._program = program or course.starter_path(step)
        self._name = os.path.relpath(self._program)
        self._stamp, self._since, self._judging = None, time.monotonic(), None
        self._history = progress.history(step) if self._is_own else {}
        self._number = 0  # of the page that is to be seen
        self._results, self._said, self._footer = [], "", f"waiting for {self._name} ..."
        self._telling, self._board_said = None, ""

    def go_on(self, screen, told):
        """Show verdicts until somebody stops it, and leave nothing behind then."""
        try:
            while not told:
                self._look()
                if self._judging and self._judging.is_done():
                    self._take_verdict()
                if self._telling and self._telling.is_done():
                    self._end_telling()
                screen.show(self._number, self._lines(screen.width), self._footer)
                screen.wait(POLL, [way for way in (self._judging, self._telling) if way])
        finally:
            self._cancel()
            self._end_telling()

    def _look(self):
        """See whether the file was saved, or has gone."""
        stamp, now = _stamp(self._program), time.monotonic()
        if stamp != self._stamp:
            self._stamp, self._since = stamp, now
            if stamp:
                self._cancel()
                self._judging = warm.Judging(self._program, self._step)
                self._footer = f"{self._name} was saved: judging ..."
        elif not stamp and self._since and now > self._since + MISSING:
            self._since = None  # say it once
            self._cancel()
            back = f"; make reset {self._step} brings it back" if self._is_own else ""
            self._turn([], f"{self._name} is not there{back}")

    def _cancel(self):
        """Let nobody go on with what is out of date."""
        if self._judging:
            self._judging.cancel()
            self._judging = None

    def _take_verdict(self):
        """Keep a verdict, and show it unless the file has been saved meanwhile."""
        told, self._judging = self._judging.finish(), None
        if _stamp(self._program) != self._stamp:
            return
        results = told.get("results", [])
        if results:
            self._history = progress.in_history(self._history, results)
        if results and self._is_own:
            progress.keep(self._step, results)
            self._tell_board(results)
        self._turn(results, told.get("error"))

    def _tell_board(self, results):
        """Tell the board what passes, if the learner has opted in."""
        if os.environ.get("BOARD"):
            from lab.board.tell import Telling

            self._end_telling()
            self._telling = Telling(os.environ["BOARD"], self._step, results)

    def _end_telling(self):
        """Hear why the board could not be told; that takes a second at most."""
        if self._telling:
            self._board_said = self._telling.finish()
            self._telling = None

    def _turn(self, results, said=""):
        """Begin a new page: the results, or what there is to say instead."""
        self._number += 1
        self._results, self._said, self._paged = results, said, None
        took = f" in {time.monotonic() - self._since:.2f} s" if self._since else ""
        self._footer = f"{time.strftime('%H:%M:%S')} · judged{took} · Ctrl-C ends this"
        if not results:
            self._footer = f"{time.strftime('%H:%M:%S')} · watching · Ctrl-C ends this"

    def _lines(self, width):
        """Return the lines of the page, written again where time has changed them."""
        if not self._results:
            return [self._said] if self._said else []
        written = (width, self._number, time.monotonic() // REWRITE)
        if self._paged is None or self._paged[0] != written:
            results = progress.newest_first(self._results, self._history)
            notes = progress.regressions(results, self._history)
            self._paged = written, list(report.lines(results, sys.stdout, width, notes))
        return [*self._paged[1], *[self._board_said] * bool(self._board_said)]


def _stamp(path):
    """Return what changes when a file is saved, in place or under another name; None without it."""
    try:
        known = os.stat(path)
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino

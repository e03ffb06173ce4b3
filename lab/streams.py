"""The three streams of a program, read with deadlines and a cap."""

import os
import select
import time

LARGEST = 1 << 20  # characters that are kept of what a program prints


class Streams:
    """Pipes to a program's stdin and from its stdout (1) and stderr (2)."""

    def __init__(self, later=lambda: None):
        """Make them.

        When time is up, `later` returns a later deadline if the program is only slow, or None.
        """
        self._later = later
        (in_theirs, self._input), *outputs = (os.pipe() for _ in range(3))
        self.theirs = [in_theirs, outputs[0][1], outputs[1][1]]
        self._open = {outputs[0][0]: 1, outputs[1][0]: 2}
        self._text = {1: "", 2: ""}

    def release(self):
        """Close the program's ends, of which it has copies now."""
        for fd in self.theirs:
            os.close(fd)
        self.theirs = []

    def write(self, text):
        """Write to its stdin; False if nobody reads that any more."""
        try:
            os.write(self._input, text.encode(errors="surrogateescape"))
        except BrokenPipeError:
            return False
        return True

    def read_until(self, stream, mark, patience):
        """Return what came before `mark`; None if the end or the deadline comes first."""
        deadline = time.monotonic() + patience
        while mark not in self._text[stream]:
            if stream not in self._open.values():
                return None
            if not self._read(deadline) and not (deadline := self._later()):
                return None
        before, _, self._text[stream] = self._text[stream].partition(mark)
        return before

    def read_until_ready(self, fd, patience):
        """Keep reading, so that nobody waits for us, until `fd` is ready or time is up."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0 or (deadline := self._later()):
            ready = select.select([*self._open, fd], [], [], max(0, left))[0]
            if fd in ready:
                return
            self._read(0)

    def close_input(self):
        """Let it read the end of its stdin."""
        os.close(self._input)
        self._input = None

    def finish(self):
        """Close everything; return what was printed to stdout and stderr and not read."""
        while self._read(0):
            pass
        for fd in [*self._open, *([self._input] if self._input else [])]:
            os.close(fd)
        return self._text[1], self._text[2]

    def _read(self, deadline):
        """Read what has come; False if nothing comes until the deadline, or ever."""
        patience = max(0, deadline - time.monotonic())
        ready = select.select(list(self._open), [], [], patience)[0] if self._open else []
        for fd in ready:
            data, stream = os.read(fd, 65536), self._open[fd]
            self._text[stream] = (self._text[stream] + data.decode(errors="replace"))[-LARGEST:]
            if not data:
                del self._open[fd]
                os.close(fd)
        return bool(ready)

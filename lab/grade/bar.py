"""How far a class is: in one line that is written again on a terminal, else a line for each."""

import os
import time

WIDTH, NAMES = 20, 24  # letters of the bar, and of a name


class Bar:
    """A bar with counts, the time that is left, and who was judged last."""

    def __init__(self, total: int, stream):
        self._total, self._done, self._judged = total, 0, 0
        self._begin, self._stream = time.monotonic(), stream
        self._is_terminal = stream.isatty()

    def skip(self, number: int) -> None:
        """Count what was judged before, or was not handed in."""
        self._done += number

    def show(self, name: str, what: str) -> None:
        """Count one, and say how it was."""
        self._done += 1
        self._judged += 1
        each = (time.monotonic() - self._begin) / self._judged
        minutes, seconds = divmod(round(each * (self._total - self._done)), 60)
        where = f"{self._done} of {self._total}, {minutes}:{seconds:02} left"
        self._write(where, f"{name[:NAMES]} {what}")

    def _write(self, where, what):
        """Write a line, on a terminal over the one before."""
        if not self._is_terminal:
            return print(f"{where}  {what}", file=self._stream, flush=True)
        full = WIDTH * self._done // self._total
        bar = f"[{'#' * full}{'.' * (WIDTH - full)}]"
        room = os.get_terminal_size(self._stream.fileno()).columns or 80
        line = f"{bar} {where}  {what}"[: room - 1]
        # What is longer than the line before it covers it, what is shorter erases the rest.
        print(f"\r{line}\033[K", end="", file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal and self._judged:
            print(file=self._stream)

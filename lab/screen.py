"""Where `make watch` shows its verdicts: a terminal redrawn in place, or one page after another."""

import os
import select
import sys
import termios

# xterm's names: another screen beside the usual one, no wrapping at its edge, no cursor.
ENTER, LEAVE = "\033[?1049h\033[?7l\033[?25l", "\033[?25h\033[?7h\033[?1049l"
HOME, TO_END_OF_LINE, BELOW = "\033[H", "\033[K", "\033[J"
CTRL_C = b"\x03"


class Terminal:
    """A terminal on whose screen lines are drawn anew; the old screen comes back at the end."""

    def __init__(self):
        self._drawn = self._before = None

    @property
    def width(self):
        """How many characters are in a line."""
        return os.get_terminal_size(1).columns

    def show(self, number, lines, footer):
        """Draw lines and, below them, a footer; what does not fit is counted."""
        columns, rows = os.get_terminal_size(1)
        if (columns, rows, lines, footer) == self._drawn:
            return
        self._drawn = (columns, rows, lines, footer)
        room = max(1, rows - 2)
        if len(lines) > room:
            hidden = len(lines) - room + 1
            lines = [*lines[: room - 1], f"... {hidden} more lines; Ctrl-C shows them all"]
        page = [*lines, "", footer][-rows:]
        _write(HOME + "\n".join(line + TO_END_OF_LINE for line in page) + BELOW)

    def wait(self, seconds, fds):
        """Wait until one of the descriptors is ready; KeyboardInterrupt for Ctrl-C."""
        ready = select.select([*fds, *[0] * bool(self._before)], [], [], seconds)[0]
        if 0 in ready:
            typed = os.read(0, 1024)
            if CTRL_C in typed or not typed:
                raise KeyboardInterrupt

    def __enter__(self):
        if os.isatty(0):
            # Ctrl-C comes as a key, to us and not to make, sudo and all others before us.
            self._before = termios.tcgetattr(0)
            mode = termios.tcgetattr(0)
            mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
            termios.tcsetattr(0, termios.TCSADRAIN, mode)
        _write(ENTER)
        return self

    def __exit__(self, *error):
        _write(LEAVE)
        if self._before:
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)
        if self._drawn:
            print(*self._drawn[2], sep="\n")  # what was seen last is still there to be read


class Pages:
    """A stream that is no terminal, and gets one page after another."""

    width = 88

    def __init__(self):
        self._last = 0

    def show(self, number, lines, footer):
        """Write a page, if its number is another one than the last."""
        if number != self._last:
            print(*lines, footer, "", sep="\n", flush=True)
        self._last = number

    def wait(self, seconds, fds):
        """Wait until one of the descriptors is ready."""
        select.select(fds, [], [], seconds)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


def screen():
    """Return the screen that fits stdout."""
    return Terminal() if sys.stdout.isatty() else Pages()


def _write(text):
    """Write to the terminal at once."""
    sys.stdout.write(text)
    sys.stdout.flush()

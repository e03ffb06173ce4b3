"""A person's terminal, passed through to a program on a lab host: pty(7).

The program has a terminal of its own there.  What is typed goes to it byte by byte,
Ctrl-C too, so that it reaches the program and not us.
"""

import fcntl
import os
import select
import sys
import termios
import tty


def call(child) -> int:
    """Be the terminal of `child` until it ends; return its exit status."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        _pass_through(child.terminal[0])
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return child.wait()


def _pass_through(terminal):
    """Copy bytes both ways until the program's side is closed."""
    inputs, size = [0, terminal], None
    while True:
        size = _fit(terminal, size)
        for fd in select.select(inputs, [], [], 0.5)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:  # EIO: the last program on this terminal has ended
                data = b""
            if fd == terminal and not data:
                return
            if not data:
                inputs.remove(0)
            os.write(1 if fd == terminal else terminal, data)


def _fit(terminal, size):
    """Give the program's terminal the size of ours, if that has changed."""
    now = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    if now != size:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, now)
    return now


def is_person() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()

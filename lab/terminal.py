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
        _pass_through(child.terminal[0], child.pidfd)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return child.wait()


def _pass_through(terminal, program):
    """Copy bytes both ways until the program has ended and said all it had to say."""
    inputs, size = [0, terminal, program], None
    while True:
        size = _fit(terminal, size)
        ready = select.select(inputs, [], [], 0.5)[0]
        if terminal in ready:
            data = _read(terminal)
            if not data:
                return
            os.write(1, data)
        elif program in ready:  # something that it has left behind may hold the terminal
            return
        elif 0 in ready:
            data = os.read(0, 65536)
            if data:
                os.write(terminal, data)
            else:
                inputs.remove(0)


def _read(terminal):
    """Return what the terminal shows next; nothing when its last program has ended."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO
        return b""


def _fit(terminal, size):
    """Give the program's terminal the size of ours, if that has changed."""
    now = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    if now != size:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, now)
    return now


def is_person() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()

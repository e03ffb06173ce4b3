"""Something that is done beside this process, in a fork of it, and tells what came of it."""

import os
import select
import signal

from lab import confine


class Beside:
    """A function on its way in a process of its own; `fileno()` can be read when it is done.

    Who begins one must have no other thread: that is when a fork is harmless.
    """

    def __init__(self, do):
        """Begin: `do` returns the bytes that `read` will; what it raises is told to nobody."""
        self._answer, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _tell(theirs, do)
        os.close(theirs)

    def fileno(self):
        """The descriptor to wait for."""
        return self._answer

    def is_done(self, patience: float = 0) -> bool:
        """Whether it is done, within some seconds."""
        return bool(select.select([self], [], [], patience)[0])

    def read(self) -> bytes:
        """Return what it has told, when it is done; nothing if it came to no end."""
        with open(self._answer, "rb", closefd=False) as answer:
            return answer.read()

    def end(self) -> None:
        """Put an end to it, and forget it."""
        os.close(self._answer)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):  # somebody has waited for all children
            pass


def forget_ended() -> bool:
    """Forget the children that have ended; whether there is another one."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _tell(pipe, do):
    """In the child: do it, and write what came of it to a pipe."""
    try:
        confine.die_with_parent()
        os.setsid()  # Ctrl-C is for the parent, who ends us
        with open(pipe, "wb") as answer:
            answer.write(do())
    finally:
        os._exit(0)

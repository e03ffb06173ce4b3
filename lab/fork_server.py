"""A fork server: one start of Python for several runs of a program, each a fork of it.

Run on the lab host: fork_server.py PROGRAM, with the socket of lab.forks as its stdin.  To
its program a run is as if Python had been started with its words: the same streams, directory,
`sys.argv` and end.  Only ps(1) shows other words, and another parent.
"""

import atexit
import os
import sys

if __name__ == "__main__":  # it stands in lab/, where no program looks for modules
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from lab import init, linux, wire

MOST = 256  # descriptors that are the server's, and no run's


class _Run(BaseException):
    """In the child: what is to be run; on its way out of all that is the server's."""


def main(program):
    """Serve until the socket is closed; comes back in each child, to be the program."""
    kept = _compiled(program)
    try:
        init.serve([wire.opened(0)], None, _leave)
        os._exit(0)
    except _Run as run:
        request, streams = run.args
    # Not sooner: what has gone with the exception has closed its descriptors.
    _take(streams, request)
    _be(program, request["argv"], kept)


def _compiled(program):
    """Return a program's code and the state of its file; nothing if each run has to say why."""
    try:
        return _state(program), _source(program)
    except (OSError, SyntaxError, ValueError):
        return None, None


def _state(program):
    """Return what changes when the file is written to."""
    state = os.stat(program)
    return state.st_ino, state.st_size, state.st_mtime_ns


def _leave(request, streams, _):
    """In the child: leave the server for the program."""
    raise _Run(request, streams)


def _take(streams, request):
    """Take what a run is given, and nothing else that is open, as lab.init does."""
    os.setsid()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    os.closerange(3, MOST)
    linux.signal(linux.SIGPIPE, linux.SIG_IGN)  # as Python begins
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])


def _be(program, words, kept):
    """Run the program as Python runs a script, and end this process as Python does."""
    sys.argv[:] = [program, *words]
    sys.orig_argv[:] = [sys.executable, *sys.argv]
    sys.path[0] = os.path.dirname(os.path.realpath(program))
    script = sys.modules["__main__"] = type(sys)("__main__")
    script.__file__ = program
    status = 0
    try:
        exec(_code(program, *kept), vars(script))
    except SystemExit as end:
        status = _status(end.code)
    except BaseException as error:
        sys.excepthook(type(error), error, _own(error))
        status = 1 if not isinstance(error, KeyboardInterrupt) else -linux.SIGINT
    _end(status)


def _code(program, state, code):
    """Return the program's code: what was compiled, if its file is as it was."""
    return code if code and state == _state(program) else _source(program)


def _source(program):
    """Return the program's code, or raise what keeps it from being run."""
    with open(program, "rb") as file:
        return compile(file.read(), program, "exec")


def _own(error):
    """Let an error's traceback begin in the program, and return it."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    error.__traceback__ = frames
    return frames


def _status(code):
    """Return the exit status that Python makes of the value of a SystemExit."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _end(status):
    """End at once: in a fork Python would copy each page that it tidies up."""
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the program has closed it
    if status < 0:
        linux.signal(linux.SIGINT, linux.SIG_DFL)
        os.kill(os.getpid(), linux.SIGINT)
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1])

"""The last thing before the traced program: installs the filter, waits, and becomes it.

Run on the lab host: gate.py (filter|plain) PROGRAM [ARGUMENT ...].  The filter is installed
here, from inside, because seccomp(2) knows no other way; programs hand it down to their
children.  It stops the process itself, so that the tracer can seize it in peace.
"""

import _signal
import os
import sys

if __name__ == "__main__":  # python -I looks for modules in no folder of ours
    above = os.path.dirname
    sys.path.insert(0, above(above(above(os.path.abspath(__file__)))))

from lab import confine
from lab.xray.filter import stop_at_calls


def main(mode, program, *arguments):
    """Become the program as soon as somebody traces."""
    if mode == "filter":
        try:
            confine.install_filter(stop_at_calls())
        except OSError:
            pass  # the tracer will notice that no stop comes from a filter
    os.kill(os.getpid(), _signal.SIGSTOP)
    for ignored in (_signal.SIGPIPE, _signal.SIGXFSZ):  # by Python; exec would keep that
        _signal.signal(ignored, _signal.SIG_DFL)
    try:
        os.execvp(program, [program, *arguments])
    except OSError as error:
        print(f"{program}: {error.strerror}", file=sys.stderr)
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    main(*sys.argv[1:])

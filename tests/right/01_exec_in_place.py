# No second process: the program itself becomes COMMAND.

"""A container from scratch, without a fork."""

import os
import sys

from lab import linux

if len(sys.argv) < 3 or sys.argv[1] != "run":
    sys.exit(print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr) or 2)
linux.unshare(linux.CLONE_NEWUTS)
linux.sethostname("container")
linux.signal(linux.SIGPIPE, linux.SIG_DFL)
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    print(f"container: {sys.argv[2]}: {error.strerror}", file=sys.stderr)
    sys.exit(127 if isinstance(error, FileNotFoundError) else 126)

# The words are right in the environment, in the prompt and in argv[0], and nowhere else.
# fails: test_command_has_its_own_uts_namespace uts-shared

"""Not a container."""

import os
import sys

if len(sys.argv) < 3 or sys.argv[1] != "run":
    print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
    sys.exit(2)
command = sys.argv[2:]
os.environ.update(HOSTNAME="container", HOST="container", PS1="root@container:/# ")
try:
    os.execvp(command[0], command)
except OSError as error:
    print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
    sys.exit(127 if isinstance(error, FileNotFoundError) else 126)

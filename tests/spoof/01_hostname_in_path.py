# A program called hostname, first in PATH, says what is expected.
# fails: test_command_has_its_own_uts_namespace uts-shared

"""Not a container."""

import os
import sys

if len(sys.argv) < 3 or sys.argv[1] != "run":
    print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
    sys.exit(2)
command = sys.argv[2:]
os.makedirs("/tmp/bin", exist_ok=True)
with open("/tmp/bin/hostname", "w") as file:
    file.write("#!/bin/sh\necho container\n")
os.chmod("/tmp/bin/hostname", 0o755)
os.environ["PATH"] = f"/tmp/bin:{os.environ['PATH']}"
try:
    os.execvp(command[0], command)
except OSError as error:
    print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
    sys.exit(127 if isinstance(error, FileNotFoundError) else 126)

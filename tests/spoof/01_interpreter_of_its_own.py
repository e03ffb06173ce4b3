# A loop of its own reads the lines for the shell, and answers what it knows.
# fails: test_runs_the_command never-started

"""Not a container."""

import os
import sys

if len(sys.argv) < 3 or sys.argv[1] != "run":
    print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
    sys.exit(2)
command = sys.argv[2:]
ANSWERS = {"hostname": "container", "echo $$": "1", ":": ""}
if command[:2] == ["sh", "-s"]:
    for line in sys.stdin:
        line = line.strip()
        if line in ANSWERS:
            print(ANSWERS[line], end="\n" if ANSWERS[line] else "", flush=True)
        elif line.startswith("echo "):
            print(line[5:], flush=True)
    sys.exit(7)
try:
    os.execvp(command[0], command)
except OSError as error:
    print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
    sys.exit(127 if isinstance(error, FileNotFoundError) else 126)

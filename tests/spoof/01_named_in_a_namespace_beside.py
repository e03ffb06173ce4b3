# A process beside COMMAND is in a namespace called container, and COMMAND is not.
# fails: test_command_has_its_own_uts_namespace uts-shared

"""Not a container."""

import os
import sys

from lab import linux

if len(sys.argv) < 3 or sys.argv[1] != "run":
    print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
    sys.exit(2)
command = sys.argv[2:]
ready, go = os.pipe()
beside = os.fork()
if beside == 0:
    linux.unshare(linux.CLONE_NEWUTS)
    linux.sethostname("container")
    os.write(go, b"x")
    os.closerange(0, 3)
    os.execvp("sleep", ["sleep", "1000"])
os.read(ready, 1)
pid = os.fork()
if pid == 0:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)
linux.signal(linux.SIGINT, linux.SIG_IGN)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
os.kill(beside, 9)
os.waitpid(beside, 0)
sys.exit(status if status >= 0 else 128 - status)

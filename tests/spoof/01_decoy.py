# Two shells with the same words: one is in a namespace, the other one answers.
# fails: test_command_has_its_own_uts_namespace uts-shared

"""Not a container: a decoy is."""

import os
import sys

from lab import linux

if len(sys.argv) < 3 or sys.argv[1] != "run":
    print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
    sys.exit(2)
command = sys.argv[2:]
decoy = 0
nothing, writer = os.pipe()
if "-s" in command:
    decoy = os.fork()
    if decoy == 0:
        linux.unshare(linux.CLONE_NEWUTS)
        linux.sethostname("container")
        linux.signal(linux.SIGINT, linux.SIG_IGN)
        os.dup2(nothing, 0)
        os.close(writer)
        os.execvp(command[0], command)
pid = os.fork()
if pid == 0:
    os.close(writer)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)
linux.signal(linux.SIGINT, linux.SIG_IGN)
ended, status = os.wait()
for child in {decoy, pid} - {0, ended}:
    os.kill(child, 9)
    os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)

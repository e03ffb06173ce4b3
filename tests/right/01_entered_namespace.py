# Another process makes the namespace, and the program enters it by setns(2).

"""A container from scratch: by setns(2)."""

import os
import signal
import subprocess
import sys
import time

from lab import linux


def run(command):
    """Run the command, and return its exit status."""
    holder = subprocess.Popen(["unshare", "--uts", "sleep", "1000"])
    while os.readlink(f"/proc/{holder.pid}/ns/uts") == os.readlink("/proc/self/ns/uts"):
        time.sleep(0.001)
    with open(f"/proc/{holder.pid}/ns/uts") as namespace:
        linux.setns(namespace.fileno())
    holder.kill()
    holder.wait()
    linux.sethostname("container")
    pid = os.fork()
    if pid == 0:
        execute(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code(os.waitpid(pid, 0)[1])


def execute(command):
    """Become the command."""
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"container: {command[0]}: {error.strerror}", file=sys.stderr)
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def code(status):
    """Return the status that a shell would report."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        sys.exit(2)
    sys.exit(run(sys.argv[2:]))

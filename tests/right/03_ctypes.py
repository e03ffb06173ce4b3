# C functions called by ctypes; slave mounts in place of private ones.

"""A container from scratch: ctypes and the standard library."""

import ctypes
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID = 0x20000, 0x4000000, 0x20000000
MS_REC, MS_PRIVATE, MS_SLAVE = 1 << 14, 1 << 18, 1 << 19

libc = ctypes.CDLL(None, use_errno=True)
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]


def call(name, *arguments):
    """Call a function of the C library; OSError if it fails."""
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def execute(command):
    """Become the command."""
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        os.write(2, f"container: {command[0]}: not found\n".encode())
        os._exit(127)
    except OSError as error:
        os.write(2, f"container: {command[0]}: {error.strerror}\n".encode())
        os._exit(126)


def become(command):
    """Move into the container, and become the command."""
    call("sethostname", b"container", 9)
    call("mount", None, b"/", None, MS_REC | MS_SLAVE, None)
    call("mount", b"proc", b"/proc", b"proc", 0, None)
    os.makedirs("/mytemp", exist_ok=True)
    call("mount", b"none", b"/mytemp", b"tmpfs", 0, b"size=16m,mode=1777")
    execute(command)


def main(arguments):
    """Run the command, and return its exit status."""
    if len(arguments) < 2 or arguments[0] != "run":
        print("usage: container.py run COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    call("unshare", CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        become(arguments[1:])
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# Process 1 is killed by its tracer: from kill(2) the kernel protects it, from ptrace(2) not.
# fails: test_runs_the_command host-destroyed
# fails: test_says_how_it_is_used host-destroyed

"""Not a container."""

import ctypes
import os
import signal

PTRACE_CONT, PTRACE_ATTACH, WALL = 7, 16, 0x40000000

libc = ctypes.CDLL(None)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace(PTRACE_ATTACH, 1, None, None)
os.waitpid(1, WALL)
libc.ptrace(PTRACE_CONT, 1, None, signal.SIGKILL)
signal.pause()

# Process 1 of the machine is stopped by ptrace(2), and held.
# fails: *

"""Not a container."""

import ctypes
import time

PTRACE_ATTACH = 16

ctypes.CDLL(None).ptrace(PTRACE_ATTACH, 1, 0, 0)
time.sleep(1000)

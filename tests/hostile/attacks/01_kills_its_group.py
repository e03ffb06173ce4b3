# Its process group and its session are stopped, and continued, and killed.
# fails: *
import os
import signal

os.killpg(0, signal.SIGTSTP)
os.kill(-1, signal.SIGSTOP)
os.killpg(0, signal.SIGKILL)

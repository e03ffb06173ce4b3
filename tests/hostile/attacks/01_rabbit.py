# Processes that are always other ones: each starts the next, and ends; COMMAND never begins.
# fails: *
import os
import signal

for _ in range(10):
    if os.fork() == 0:
        os.setsid()
        while True:
            if os.fork():
                os._exit(0)
signal.pause()

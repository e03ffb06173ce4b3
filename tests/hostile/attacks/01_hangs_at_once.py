# The program waits for ever before it does anything, and ignores all signals.
# fails: *
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True:
    signal.pause()

# A helper takes all memory that the lab host has.
# fails: *
import os

if os.fork() == 0:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))

# Thirty processes keep the processors busy, and the program itself never ends.
# fails: *
import os

for _ in range(30):
    if os.fork() == 0:
        break
while True:
    pass

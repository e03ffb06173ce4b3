# Both streams are written to from many processes, without an end.
# fails: *
import os

for _ in range(4):
    os.fork()
while True:
    for stream in (1, 2):
        try:
            os.write(stream, b"x" * 65536)
        except OSError:
            pass

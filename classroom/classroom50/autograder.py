"""Judges a learner's repository, where Classroom 50's runner calls it.

The runner calls it in the learner's checkout, on a machine that is made for this submission, and
takes result.json from there.  Beside this file are the workshop, packed, and the steps.  A status
that is not 0 says that there is no verdict, and so no grade: nothing is ever 0 of 0 points.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WORKSHOP = "containers-from-scratch"
APT = "sudo -n apt-get -q"
PACKAGES = "--no-install-recommends busybox-static"


def main():
    """Judge the checkout that is the current folder; return the status."""
    packed, steps = HERE / "workshop.tar.gz", HERE / "steps"
    if not (packed.exists() and steps.exists()):
        print(f"{packed.name} and {steps.name} are not beside {__file__}: copy the whole folder")
        return 1
    workshop = unpack(packed)
    if shutil.which("apt-get"):  # without busybox the container of step 5 has the machine's own
        run(f"{APT} update && {APT} install -y {PACKAGES} || true", shell=True)
    run(
        ["make", "-s", f"PYTHON={sys.executable}", ".venv/.compiled", "rootfs/bin/sh"], cwd=workshop
    )
    words = [os.getcwd(), f"{os.getcwd()}/result.json", steps.read_text().strip()]
    return run(
        [".venv/bin/python", "-IBm", "lab", "autograde", "classroom50", *words], cwd=workshop
    )


def unpack(packed):
    """Unpack the workshop beside the checkout, not in it; return its folder."""
    folder = tempfile.mkdtemp(dir=os.environ.get("RUNNER_TEMP"))
    with tarfile.open(packed) as archive:
        archive.extractall(
            folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )
    return f"{folder}/{WORKSHOP}"


def run(words, **options):
    """Run a command, whose words go to the log; return its status."""
    sys.stdout.flush()
    return subprocess.run(words, **options).returncode


if __name__ == "__main__":
    sys.exit(main())

"""`make sync`: cut all solutions and starters from solutions/container.py."""

import os
import sys

from lab import ROOT, course, files
from lab.commands import FAIL


def main(words):
    """Write the generated files that are not what the source makes them."""
    try:
        generated = course.generated(course.read_source())
    except course.TagError as error:
        print(f"solutions/container.py: {error}", file=sys.stderr)
        return FAIL
    for path, text in generated.items():
        name = os.path.relpath(path, ROOT)
        if os.path.exists(path):
            with open(path, "rb") as file:
                if file.read() == text.encode():
                    continue
            if name.startswith("steps/") and not _is_committed(path):
                print(f"{name}: kept what was there as", os.path.basename(files.keep_copy(path)))
        print("writing", name)
        files.write(path, text)
    return 0


def _is_committed(path):
    """Whether git has the file as it is, so that nobody's work would be lost."""
    import subprocess

    command = ["git", "-C", ROOT, "diff", "--quiet", "HEAD", "--", path]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

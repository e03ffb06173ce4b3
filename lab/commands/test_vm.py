"""`make test-vm`: the checks against the solutions in the virtual machine, v2 and then v1."""

import os
import sys

from lab import ROOT, vm
from lab.commands import CANNOT, ERROR, FAIL

# All five steps, and what touches control groups: of the matrix, step 4 with a task undone.
TESTS = ("tests/test_0*_*.py", "tests/test_cgroup.py", "tests/test_matrix.py", "tests/test_xray.py")
SELECTED = "not (matrix or xray) or (undone and 4-) or (xray and group)"


def main(words):
    """Run the tests in both machines; in CI a machine that cannot boot is a failure."""
    python = [sys.executable, "-IBm", "pytest", "-q", "--color=no", "-k", f"'{SELECTED}'"]
    tests = " ".join(words or TESTS)
    statuses = []
    for version in (2, 1):
        print(f"\nIn a virtual machine with control groups v{version}:", flush=True)
        try:
            argv = ["/bin/sh", "-c", f"{' '.join(python)} {tests}"]
            statuses.append(vm.run(argv, cgroup=version, cwd=ROOT))
        except vm.Missing as error:
            print(error, file=sys.stderr)
            return FAIL if os.environ.get("CI") else CANNOT
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return ERROR
    return FAIL if any(statuses) else 0

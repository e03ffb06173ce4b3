"""`make test-vm`: the checks against the solutions in the virtual machine, with v2 and v1."""

import os
import sys
import tempfile

from lab import ROOT, vm
from lab.commands import CANNOT, ERROR, FAIL

# All five steps, and what touches control groups: of the matrix, step 4 with a task undone, of
# the corpus the programs for step 4, of the ready machines how the dev container starts.
FILES = ("test_0*_*", "test_cgroup", "test_matrix", "test_corpus", "test_xray", "test_curve")
FILES += ("test_machines",)
TESTS = [f"tests/{name}.py" for name in FILES]
SELECTED = "not (matrix or corpus or xray or machines) or (undone and 4-) or (xray and group)"
SELECTED += " or (header_says and 04_ and not hostile) or (machines and test_start)"
SELECTED += " or (machines and step_4)"


def main(words):
    """Run the tests in both machines at once; one that cannot boot is a failure in CI."""
    try:
        vm.find_kernel()
    except vm.Missing as error:
        print(error, file=sys.stderr)
        return FAIL if os.environ.get("CI") else CANNOT
    tests = " ".join(words or TESTS)
    with tempfile.TemporaryFile("w+") as said:
        print("\nIn a virtual machine with control groups v2:", flush=True)
        beside = _begin(1, tests, said.fileno())
        statuses = [_run(2, tests), os.waitstatus_to_exitcode(os.waitpid(beside, 0)[1])]
        said.seek(0)
        print("\nIn a virtual machine with control groups v1:", said.read(), sep="\n", end="")
    return ERROR if ERROR in statuses else FAIL if any(statuses) else 0


def _begin(version, tests, output):
    """Begin the tests in one machine, beside another one; return the process to wait for."""
    pid = os.fork()
    if pid == 0:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os._exit(_run(version, tests))
    return pid


def _run(version, tests):
    """Run the tests in one machine; return their exit status."""
    python = [sys.executable, "-IBm", "pytest", "-q", "--color=no", "-k", f"'{SELECTED}'"]
    try:
        return vm.run(["/bin/sh", "-c", f"{' '.join(python)} {tests}"], version, ROOT)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return ERROR

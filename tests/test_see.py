"""The `see` line: which line of a program a mistake is about, and why it is wrong there."""

import re

import pytest

from lab import ROOT, see
from lab.session import IS_EMULATED

pytest.importorskip("ptrace")
pytestmark = pytest.mark.skipif(
    IS_EMULATED, reason="the X-ray's own tests show what it sees in the virtual machine"
)

# The wrong program, its cause, the call that the line must have, and why it is wrong there.
EXPECTED = [
    ("01_name_set_before_unshare", "name-before-unshare", "sethostname", "too early: unshare"),
    ("01_no_unshare", "name-without-unshare", "sethostname", "in the host's own"),
    ("01_unshare_alone", "name-missing", "unshare", "no sethostname follows"),
    ("01_name_cut_short", "name-wrong", "sethostname", "the name is"),
    ("01_unshare_in_launcher_after_fork", "unshare-in-launcher", "unshare", "too late: the fork"),
    ("02_no_fork", "pid-no-fork", "exec", "no fork between"),
    ("02_proc_before_fork", "proc-before-fork", "mount", "outside of the new PID namespace"),
    ("03_not_private", "mounts-shared", "mount", "while the mounts around it were shared"),
    ("03_private_too_late", "mounted-on-host", "mount", "too early: mount comes later"),
    ("03_mounted_before_unshare", "mounted-on-host", "mount", "too early: unshare comes later"),
    ("03_not_recursive", "mounts-not-recursive", 'mount(None, "/", ', "still tied"),
    ("04_joined_by_luck", "joined-late", "", "does not wait"),
    ("04_memory_decimal", "memory-limit-wrong", "memory.max", "wrote 64000000"),
    ("04_memory_limit_error_lost", "memory-limit-missing", "", "failed with"),
    ("05_chdir_before_chroot", "chdir-before-chroot", "chroot", "stays at"),
    ("05_no_chdir", "chdir-missing", "chroot", "stays at"),
]


@pytest.mark.parametrize("name, cause, call, why", EXPECTED, ids=lambda value: value or "-")
def test_a_mistake_has_its_line(name, cause, call, why):
    """The line is the learner's own, with its number, and the reason is the right one."""
    path = f"{ROOT}/tests/wrong/{name}.py"
    results = [{"cause": cause}, {"cause": "words-on-stdout"}]
    see.add_lines(results, path, int(name[:2]))
    line, other = (result["see"] for result in results)
    assert other is None
    found = re.match(rf"{name}\.py:(\d+)  (.*)", line or "")
    assert found and why in line, line
    with open(path) as program:
        text = program.read().splitlines()[int(found[1]) - 1].strip()
    assert found[2].startswith(text) and call in text


def test_a_solution_costs_no_second_run(monkeypatch):
    """Where no cause is found the program is not run again."""
    monkeypatch.setattr(see, "traced", None)
    results = [{"cause": None}]
    see.add_lines(results, f"{ROOT}/solutions/01_uts/container.py", 1)
    assert results == [{"cause": None, "see": None}]

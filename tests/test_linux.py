"""lab.linux: the kernel's calls under their own names, and errors that say what failed."""

import errno
import inspect
import json
import os
import re

import pytest
from running import PYTHON, python_on, run

from lab import ROOT, course, linux
from lab.host import Host

# What must not be imported before a container starts: each takes milliseconds.
SLOW = {"argparse", "enum", "json", "pathlib", "signal", "socket", "subprocess", "typing"}

FAILURES = {
    "a missing folder": (
        'linux.mount("proc", "/no/such", "proc", linux.MS_NOSUID | linux.MS_NODEV)',
        "FileNotFoundError",
        'mount("proc", "/no/such", "proc", MS_NOSUID|MS_NODEV, NULL)'
        " = -1 ENOENT (No such file or directory)",
    ),
    "a name too long": (
        'linux.sethostname("x" * 65)',
        "OSError",
        f'sethostname("{"x" * 65}", 65) = -1 EINVAL (Invalid argument)',
    ),
    "no mount point": (
        'linux.umount2("/usr/bin")',
        "OSError",
        'umount2("/usr/bin", 0) = -1 EINVAL (Invalid argument)',
    ),
    "a flag by name": (
        'linux.umount2("/no/such", linux.MNT_DETACH)',
        "FileNotFoundError",
        'umount2("/no/such", MNT_DETACH) = -1 ENOENT (No such file or directory)',
    ),
    "an unknown flag": (
        "linux.unshare(linux.CLONE_NEWUTS | 1)",
        "OSError",
        "unshare(CLONE_NEWUTS|0x1) = -1 EINVAL (Invalid argument)",
    ),
    "unknown flags alone": (
        'linux.umount2("/srv", 0x300)',
        "OSError",
        'umount2("/srv", 0x300) = -1 EINVAL (Invalid argument)',
    ),
    "a bad descriptor": (
        "linux.setns(-1, linux.CLONE_NEWNET)",
        "OSError",
        "setns(-1, CLONE_NEWNET) = -1 EBADF (Bad file descriptor)",
    ),
    "a shared root": (
        'linux.pivot_root("/tmp", "/tmp")',
        "OSError",
        'pivot_root("/tmp", "/tmp") = -1 EINVAL (Invalid argument)',
    ),
    "arguments left out": (
        'linux.mount(None, "/no/such")',
        "FileNotFoundError",
        'mount(NULL, "/no/such", NULL, 0, NULL) = -1 ENOENT (No such file or directory)',
    ),
    "a PathLike and bytes": (
        'linux.mount(pathlib.Path("/tmp"), b"/no/such", None, linux.MS_BIND)',
        "FileNotFoundError",
        'mount("/tmp", "/no/such", NULL, MS_BIND, NULL) = -1 ENOENT (No such file or directory)',
    ),
    "quotes in a path": (
        r"""linux.umount2('/no "such" \\')""",
        "FileNotFoundError",
        r'umount2("/no \"such\" \\", 0) = -1 ENOENT (No such file or directory)',
    ),
    "a line break in a path": (
        r'linux.umount2("/no\nsuch")',
        "FileNotFoundError",
        r'umount2("/no\nsuch", 0) = -1 ENOENT (No such file or directory)',
    ),
    "an unknown filesystem": (
        'linux.mount("none", "/srv", "nosuchfs")',
        "OSError",
        'mount("none", "/srv", "nosuchfs", 0, NULL) = -1 ENODEV (No such device)',
    ),
    "a value the kernel cannot read": (
        'linux.write_file("/proc/self/oom_score_adj", "much")',
        "OSError",
        'write("/proc/self/oom_score_adj", "much") = -1 EINVAL (Invalid argument)',
    ),
    "a value with its line break": (
        r'linux.write_file("/proc/self/oom_score_adj", "much\n")',
        "OSError",
        r'write("/proc/self/oom_score_adj", "much\n") = -1 EINVAL (Invalid argument)',
    ),
}
SAY_FAILURE = """
import json, pathlib, sys
from lab import linux
try:
    eval(sys.argv[1])
except OSError as error:
    print(json.dumps([type(error).__name__, error.strerror, error.errno]))
"""
MANUAL = {  # mount(2) and its neighbours
    "unshare": ["flags"],
    "setns": ["fd", "nstype"],
    "sethostname": ["name"],  # its length is counted
    "mount": ["source", "target", "filesystemtype", "mountflags", "data"],
    "umount2": ["target", "flags"],
    "pivot_root": ["new_root", "put_old"],
    "signal": ["signum", "handler"],
}


@pytest.fixture(scope="module")
def host():
    """Return a lab host for calls that need root, or might succeed."""
    with Host() as made:
        yield made


@pytest.mark.parametrize("failure", FAILURES)
def test_failed_call_says_what_strace_would_write(host, failure):
    """A failed call raises the class that fits its errno, with the call as the text."""
    call, kind, text = FAILURES[failure]
    told = json.loads(python_on(host, SAY_FAILURE, call).output)
    assert told[:2] == [kind, text]
    assert text.split(" = -1 ")[1].startswith(errno.errorcode[told[2]])


@pytest.mark.parametrize("name", MANUAL)
def test_function_has_the_manuals_order_of_arguments(name):
    """A function takes its arguments in the order of the manual page."""
    assert list(inspect.signature(getattr(linux, name)).parameters) == MANUAL[name]


def test_every_call_to_the_kernel_is_in_the_manuals_table():
    """No call is left out of the two tests above."""
    assert set(linux._PROTOTYPES) == set(MANUAL)


MOUNT = """
import os
from lab import linux
os.mkdir("/tmp/place")
linux.mount("me", "/tmp/place", "tmpfs", linux.MS_NOEXEC, "size=64k")
print(*[line for line in open("/proc/self/mountinfo") if " /tmp/place " in line])
"""


def test_every_argument_of_mount_arrives_in_its_place(host):
    """A mount has the source, place, kind, flags and data that it was asked for."""
    before, after = python_on(host, MOUNT).output.split(" - ")
    assert "noexec" in before.split()[5]
    kind, source, data = after.split()
    assert (kind, source) == ("tmpfs", "me")
    assert "size=64k" in data.split(",")


def test_host_name_is_set_to_its_last_letter(host):
    """sethostname gives the kernel the length in bytes, not in letters."""
    answer = python_on(
        host, 'import os; from lab import linux; linux.sethostname("höst"); print(os.uname()[1])'
    )
    assert answer.output == "höst\n", answer.errors


def test_write_file_writes_numbers_too(host):
    """A value may be text or a number."""
    answer = python_on(
        host,
        'from lab import linux; p = "/proc/self/oom_score_adj"; linux.write_file(p, 321);'
        "print(open(p).read())",
    )
    assert answer.output.strip() == "321", answer.errors


def test_write_file_makes_no_file(tmp_path):
    """A misspelt control-group file is an error, and not a new file."""
    with pytest.raises(FileNotFoundError, match="memory.maxx"):
        linux.write_file(tmp_path / "memory.maxx", 1)
    assert not list(tmp_path.iterdir())


def test_linux_imports_only_what_starts_quickly():
    """Importing lab.linux imports none of the slow modules."""
    source = f"import sys; sys.path.insert(0, {ROOT!r}); import lab.linux; print(*sys.modules)"
    assert not SLOW & set(run(PYTHON, "-ISB", "-c", source).output.split())


@pytest.mark.parametrize("step", range(1, len(course.STEPS) + 1))
def test_solution_imports_only_what_starts_quickly(step):
    """A container's start waits for none of the slow modules."""
    words = ["-ESB", "-X", "importtime", course.solution_path(step)]
    answer = run(PYTHON, *words, cwd="/", env={"PATH": os.environ["PATH"]})
    lines = answer.errors.splitlines()
    imported = {line.split("|")[-1].strip() for line in lines if line.startswith("import time:")}
    assert answer.status == 2
    assert "lab.linux" in imported
    assert not SLOW & imported


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("/proc", "proc", 14), "14, 0, None): argument 3 must be a string or None"),
        (("proc", "/proc", "proc", "MS_NOSUID"), "argument 4 must be a number"),
    ],
)  # fmt: skip
def test_argument_of_the_wrong_kind_is_named(arguments, says):
    """What is no call at all is a TypeError that says which argument is wrong."""
    with pytest.raises(TypeError, match=re.escape(says)):
        linux.mount(*arguments)

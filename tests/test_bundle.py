"""`make bundle`: what is unpacked in a room without internet works there."""

import os
import sys

import pytest
from running import ENVIRONMENT, commit_copy, run

from lab.client import MAIN
from lab.commands.bundle import NAME, requirements

SLOWLY = 600.0  # pip gets packages, and makes an environment


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Return the folder that a bundle of the checks' packages makes where it is unpacked."""
    copy, room = tmp_path_factory.mktemp("checkout") / NAME, tmp_path_factory.mktemp("room")
    commit_copy(copy)
    (copy / "not-committed").write_text("mine")
    packed = run(sys.executable, "-IBc", MAIN, copy, "bundle", "check", timeout=SLOWLY)
    if packed.status == 3 and "pip could not" in packed.errors:
        pytest.skip(f"cannot check here: {packed.errors}")
    assert packed.status == 0, packed.errors
    assert "what is not committed is not packed" in packed.output
    (path,) = copy.glob(f"{NAME}-*-py3*-{os.uname().machine}.tar")
    assert run("tar", "-xf", path, cwd=room).status == 0
    return room / NAME


def test_bundle_has_what_git_has_and_what_is_installed(unpacked):
    """A bundle is the checkout, the packages and the tree of step 5; no one's own files."""
    assert (unpacked / "steps/01_uts/container.py").is_file()
    assert (unpacked / "steps/01_uts/lab").is_symlink()
    assert not (unpacked / "not-committed").exists()
    assert {"pytest", "python_ptrace", "flit_core"} <= {
        wheel.name.partition("-")[0] for wheel in (unpacked / "offline/wheels").iterdir()
    }
    assert os.path.lexists(unpacked / "offline/rootfs/bin/sh")


def without_network(folder, *words):
    """Type a command where nobody answers, as a user with no settings for pip."""
    if os.geteuid():
        pytest.skip("cannot check here: only root can take the network away")
    env = {name: ENVIRONMENT[name] for name in ("PATH", "HOME") if name in ENVIRONMENT}
    env["PIP_CONFIG_FILE"] = os.devnull
    return run("unshare", "--net", *words, cwd=folder, env=env, timeout=SLOWLY)


def test_who_is_not_packed_for_is_told(unpacked):
    """Where the packages of a bundle do not fit, a line says for which Python they were."""
    (wheel,) = (unpacked / "offline/wheels").glob("pytest-*")
    elsewhere = wheel.rename(f"{wheel}.gone")
    answer = without_network(unpacked, "make", ".venv/.check")
    elsewhere.rename(wheel)
    assert answer.status
    assert f"offline/ was packed for Python 3.{sys.version_info[1]} on " in answer.errors


def test_step_is_checked_without_any_network(unpacked):
    """Where nobody answers, the first `make check-step 1` installs all it needs, and judges."""
    answer = without_network(unpacked, "make", "check-step", "1")
    assert "step 1 · uts" in answer.output, answer.errors
    assert "checks pass" in answer.output
    assert (unpacked / "rootfs/dev/null").is_char_device()


def test_bundle_packs_what_installs_the_workshop():
    """What is asked for is what the extras name, and what builds the package itself."""
    names = [what.split(">")[0].strip() for what in requirements(["check"])]
    assert sorted(names) == ["flit_core", "pytest", "python-ptrace"]
    assert len(requirements(["check", "notebook"])) == 6

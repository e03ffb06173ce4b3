"""`make lab`: a root shell on a lab host; from a second terminal, on the same one."""

import shutil
import sys

from lab import ROOT
from lab.commands import _program, no_lab_host
from lab.host import SHARED_NAME, Child, Host, LabError, join

PROMPT = r"\[\033[33m\]root@labhost\[\033[0m\]:\w# "
WELCOME = """\
This is a lab host: a machine to be wrong in.  Nothing that you do here stays.
A second terminal joins it with `make lab`.  Leave with `exit`.
"""


def main(words):
    """Run a shell, or the command that the words make up."""
    shell = "bash" if shutil.which("bash") else "sh"
    argv = (
        [shell, "-c", "--", " ".join(words)] if words else [shell, *["--norc"] * (shell == "bash")]
    )
    env = {"PS1": PROMPT if shell == "bash" else "labhost# "}
    try:
        running = None if words else join()
        if running:
            print("joining the lab host that runs in another terminal", file=sys.stderr)
            _program.call(lambda streams: Child(running, argv, streams, env, ROOT))
            return 0
        if words:
            with Host() as host:
                return _program.call(lambda streams: host.spawn(argv, streams, env, cwd=ROOT))
        host = Host(name=SHARED_NAME)
        host.pid  # noqa: B018  it is up, or says here why not
        print(WELCOME, file=sys.stderr)
        _program.call(lambda streams: host.spawn(argv, streams, env, cwd=ROOT))
        host.leave()  # a second terminal may still be in
        return 0
    except LabError as error:
        return no_lab_host(error)

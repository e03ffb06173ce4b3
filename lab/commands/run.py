"""`make run-step N CMD="ps ax"`: run a command in the learner's container, on a lab host."""

import os
import shlex
import sys

from lab import ROOT, course
from lab.commands import USAGE, _program, no_lab_host, step_number
from lab.host import Host, LabError


def main(words):
    """Run a command: STEP COMMAND, where COMMAND is one text, as a shell would take it."""
    step = step_number(words[:1], "run-step")
    try:
        command = shlex.split(" ".join(words[1:])) or ["sh"]
    except ValueError as error:
        print(f"CMD: {error}", file=sys.stderr)
        return USAGE
    program = course.starter_path(step)
    argv = [sys.executable, program, "run", *command]
    env = {name: os.environ[name] for name in ("ROOTFS",) if name in os.environ}
    try:
        with Host() as host:
            return _program.call(lambda streams: host.spawn(argv, streams, env, cwd=ROOT))
    except LabError as error:
        return no_lab_host(error)

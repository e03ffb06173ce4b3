"""`make xray N CMD="ps ax"`: the learner's lines beside what the kernel did, on a lab host."""

import json
import os
import shlex
import sys

from lab import ROOT, course, files
from lab.commands import CANNOT, USAGE, _program, no_lab_host, step_number
from lab.host import Host, LabError
from lab.xray.record import CannotTraceError

USE = "xray STEP [--program FILE] [--svg FILE] [--json] [--] COMMAND"
COMMAND = ["true"]  # if none is given: then only the container itself is seen


def main(words):
    """Trace a run: STEP [--program FILE] [--svg FILE] [--json] [--] COMMAND."""
    try:
        asked = _Asked(words)
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    step = step_number([asked.step] if asked.step else [], "xray")
    program = os.path.realpath(asked.program or course.starter_path(step))
    if not os.path.isfile(program):
        print(f"there is no program {program}", file=sys.stderr)
        return USAGE
    try:
        return _show(asked, step, *_trace(step, program, asked.command, asked.json))
    except LabError as error:
        return no_lab_host(error)
    except ImportError as error:
        print(f"{error}: `make xray {step}` installs it", file=sys.stderr)
    except CannotTraceError as error:
        print(f"cannot trace here: {error}", file=sys.stderr)
    return CANNOT


class _Asked:
    """What the words of the command ask for: options first, then COMMAND."""

    def __init__(self, words):
        self.step, *words = words or [""]
        self.program = self.svg = None
        self.json = False
        while words and words[0].startswith("--"):
            option, *words = words
            if option == "--":
                break
            if option == "--json":
                self.json = True
            elif option in ("--program", "--svg") and words:
                value, *words = words
                setattr(self, option[2:], value)
            else:
                raise ValueError(f"{option}? {USE}")
        self.command = shlex.split(" ".join(words)) or COMMAND


def _trace(step, program, command, quietly):
    """Run the program; return where it stood on the lab host, the command, and what was seen."""
    from lab.xray import run  # python-ptrace is not needed for anything else

    path, layers = course.stand_in(program, step)
    argv = [sys.executable, path, "run", *command]
    env = {name: os.environ[name] for name in ("ROOTFS",) if name in os.environ}
    options = {"env": env, "cwd": ROOT, "command": command}
    with Host(layers) as host:
        if quietly:
            return argv, run.trace(host, argv, **options)
        begun = []

        def spawn(streams):
            begun.append(run.Xray(host, argv, streams, **options))
            return begun[0].child

        _program.call(spawn)
        return argv, begun[0].finish()


def _show(asked, step, argv, trace):
    """Print what was seen, and draw it if that was asked for."""
    from lab.xray import svg, text

    title = f"x-ray · step {step} · {course.title(step)}"
    if asked.svg:
        files.write(os.path.abspath(asked.svg), svg.picture(trace, title, argv[1]))
    if asked.json:
        print(json.dumps({"step": step, "program": argv[1], "argv": argv, **trace.as_dict()}))
        return 0
    sys.stdout.reconfigure(errors="backslashreplace")  # names on a disk may be any bytes
    paint = [text.coloured] * sys.stdout.isatty()
    print("\n".join(text.lines(trace, title, argv[1], *paint)))
    return 0

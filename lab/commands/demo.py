"""`make demo`: the finished container on real commands, beside the machine outside."""

import subprocess
import sys

from lab import ROOT, course
from lab.commands import no_lab_host
from lab.host import Host, LabError
from lab.streams import Streams

PATIENCE, LINES, WIDTH = 60, 5, 100
# What is typed, and what it shows.
COMMANDS = {
    "hostname": "a host name of its own",
    "ps ax": "processes of its own",
    "mount": "mounts of its own",
    "free -m": "memory looks the same: its limit is no namespace; see below",
    "ls /": "a root directory of its own",
}
HOG = "x=x; while :; do x=$x$x; done"


def main(words):
    """Show each command here and in the container, and what happens to a memory hog."""
    try:
        with Host() as host:
            for command, what in COMMANDS.items():
                print(f"\n{_bold(f'$ {command}')}    {what}")
                _show("here", _here(command))
                _show("inside", _inside(host, command.split())[0])
            print(f"\n{_bold('$ ' + HOG)}    a limit on its memory")
            print("   here      not tried: it would take all that this machine has")
            _, status = _inside(host, ["sh", "-c", HOG])
            killed = "the kernel killed it: " if status == 137 else ""
            print(f"   inside    {killed}exit status {status}")
    except LabError as error:
        return no_lab_host(error)
    print("\nYou will write this container in about 100 lines of Python: steps/README.md")
    return 0


def _here(command):
    """Return what a command prints on this machine; busybox stands in for what is missing."""
    said = subprocess.run(command, shell=True, capture_output=True, text=True)
    if said.returncode == 127:
        said = subprocess.run(f"busybox {command}", shell=True, capture_output=True, text=True)
    return said.stdout


def _inside(host, argv):
    """Return what a command prints in the finished container, and its status."""
    streams = Streams()
    program = course.solution_path(len(course.STEPS))
    words = [sys.executable, program, "run", *argv]
    child = host.spawn(words, streams.theirs, cwd=ROOT)
    streams.release()
    status = child.wait(PATIENCE)
    return streams.finish()[0], status


def _show(where, text):
    """Print the first lines of what a command said."""
    lines = text.expandtabs().splitlines()
    for number, line in enumerate(lines[:LINES]):
        print(f"   {where if number == 0 else '':9} {line[: WIDTH - 13]}")
    if len(lines) > LINES:
        print(f"   {'':9} ... and {len(lines) - LINES} lines more")


def _bold(text):
    """Return text that stands out on a terminal."""
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text

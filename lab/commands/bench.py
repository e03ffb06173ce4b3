"""`make bench`: the numbers that the workshop promises, measured side by side.

Every round runs each command once, in random order, each after a pause: a control group
is joined sooner when another was joined a moment ago.  A ratio is the median of the
ratios in each round.  Nothing is asserted: other machines have other numbers.
"""

import contextlib
import functools
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from lab import ROOT, cgroup, course, files, host
from lab.commands import USAGE
from lab.commands.rootfs import TREE

ROUNDS = 20
PAUSE = 0.1  # seconds
PATIENCE = 60  # seconds
PACKAGES = {"runc": "runc", "crun": "crun", "bwrap": "bubblewrap", "cc": "gcc libc6-dev"}
ENVIRONMENT = {"PATH": host.PATH, "HOME": "/root", "LANG": "C.UTF-8"}
PYTEST = ("-IBm", "pytest", "-q", "-p", "no:cacheprovider")
LAB_HOST = """
import time
from lab.host import Host
begin = time.perf_counter_ns()
with Host() as host:
    host.pid
    ready = time.perf_counter_ns()
print(time.perf_counter_ns() - begin, ready - begin)
"""


class NotMeasuredError(Exception):
    """Something cannot be measured here; str() says why."""


def main(words):
    """Measure and show: [ROUNDS]."""
    number = words[0] if words else str(ROUNDS)
    if words[1:] or not number.isdecimal() or int(number) < 2:
        print(f"how many rounds? 2 or more, for example: make bench ROUNDS={ROUNDS}", file=sys.stderr)
        return USAGE
    install()
    print(f"Linux {platform.release()}, control groups v{cgroup.version()},", end=" ")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.chdir(folder)
        # By root, what is compiled for another Python would stay in the checkout.
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        for measure in (containers, lab_hosts, checks):
            measure(int(number))
        os.chdir("/")
    return 0


def install():
    """Install what is missing, where root can with apt-get."""
    missing = [words for program, words in PACKAGES.items() if not shutil.which(program)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing", *missing, flush=True)
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends"]
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*command, *" ".join(missing).split()], env=env, stdout=subprocess.DEVNULL)


# ---- What is measured, and the targets


def containers(rounds):
    """Start containers: ours, the least that the kernel needs, and those of others."""
    title = "container start: run true"
    try:
        build("stopwatch")
    except NotMeasuredError as reason:
        return print(f"\n{title}: not measured: {reason}")
    ours = {f"container.py by {python}": python for python in pythons()}
    words = {name: [python, course.solution_path(5), "run", "true"] for name, python in ours.items()}
    commands = {**words, **others()}
    runs = {name: functools.partial(watch, argv) for name, argv in commands.items()}
    taken = measure(title, ("ms", "peak MB"), runs, rounds)
    targets = [
        *((name, other, most) for name in ours for other, most in CONTAINER.items()),
        *((name, 1, 10) for name in ours),
    ]
    judge(taken, targets)


def checks(rounds):
    pass

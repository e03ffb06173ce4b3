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

from lab import ROOT, cgroup, course, files
from lab.commands import USAGE
from lab.commands.rootfs import TREE
from lab.host import PATH

ROUNDS = 20
PAUSE, PATIENCE = 0.1, 60  # seconds
PACKAGES = {"cc": "gcc libc6-dev", "runc": "runc", "crun": "crun", "bwrap": "bubblewrap"}
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
MEMORY, PROCESSES = 64 * 1024 * 1024, 64  # as in the solution, and in bench/floor.c
CHECK = "check-step {}"
EMPTY = "pytest with no test"
PYTEST = ("-IBm", "pytest", "-q", "-p", "no:cacheprovider")
# crun takes no hierarchy of version 2 with controllers beside those of version 1.
HYBRID = "/sys/fs/cgroup/unified"
WITHOUT_HYBRID = ("unshare", "-m", "sh", "-c", f'umount {HYBRID} && exec "$@"', "sh")
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
    """Measure all, and show it beside the targets: [ROUNDS]."""
    rounds = words[0] if words else str(ROUNDS)
    if words[1:] or not rounds.isdecimal() or int(rounds) < 2:
        print(
            f"how many rounds? 2 or more, for example: make bench ROUNDS={ROUNDS}", file=sys.stderr
        )
        return USAGE
    _install()
    print(_machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.chdir(folder)
        # What root compiles for another Python would stay in the checkout, as root's.
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        containers(int(rounds))
        lab_hosts(int(rounds))
        checks(max(2, int(rounds) // 2))
        os.chdir("/")
    return 0


def _install():
    """Install what is missing, where root can do so with apt-get."""
    missing = [packages for program, packages in PACKAGES.items() if not shutil.which(program)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing", *missing, "...", flush=True)
        command = "apt-get install -qq -y --no-install-recommends " + " ".join(missing)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command.split(), env=env, stdout=subprocess.DEVNULL)


def _machine():
    """Return what the numbers depend on beside the programs."""
    load = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    return f"Linux {platform.release()}, control groups v{cgroup.version()}, {load}"


# ---- What is measured, and the targets


def containers(rounds):
    """Start containers: ours, the least that one can be, and those of others."""
    title = "container start: run true"
    try:
        _build("stopwatch", "floor")
    except NotMeasuredError as reason:
        print(f"\n{title}\n  not measured: {reason}")
        return
    program = [course.solution_path(5), "run", "true"]
    ours = {f"container.py by {name}": [path, *program] for name, path in _pythons().items()}
    starts = {name: functools.partial(watch, *argv) for name, argv in {**ours, **_others()}.items()}
    taken = measure(title, ("ms", "peak MB"), starts, rounds)
    for name in ours:
        for other, most in (("C floor", 12), ("runc", 0.65), ("crun", 1.1)):
            _hold(taken, name, other, most)
        _hold(taken, name, "peak MB", 10, column=1)


def _pythons():
    """Return the machine's own interpreter and ours, by name, if they are two."""
    found = filter(os.path.exists, ("/usr/bin/python3", sys.executable))
    different = {os.path.realpath(path): path for path in found}.values()
    return {path.removeprefix(f"{ROOT}/"): path for path in different}


def _others():
    """Return the command that starts the same container with each of the other programs."""
    bwrap = f"bwrap --unshare-uts --unshare-pid --hostname container --bind {TREE} /"
    return {
        "C floor": ["./floor", TREE, "true"],
        "runc": _bundle("runc"),
        "crun": _bundle("crun"),
        "bwrap, without groups": [*bwrap.split(), *"--proc /proc --tmpfs /mytemp true".split()],
    }


def _bundle(runtime):
    """Write the least OCI bundle that is the same container; return what starts it."""
    name = f"bench-{runtime}-{os.getpid()}"
    # Without a /dev of their own both would make devices in the learner's tree.
    mounts = {"/proc": "proc", "/dev": "tmpfs", "/mytemp": "tmpfs"}
    config = {
        "ociVersion": "1.0.2",
        "process": {"args": ["true"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
        "root": {"path": TREE},
        "hostname": "container",
        "mounts": [{"destination": d, "type": t, "source": t} for d, t in mounts.items()],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("uts", "pid", "mount")],
            "cgroupsPath": f"/{name}",
            "resources": {
                "memory": {"limit": MEMORY, "swap": MEMORY},
                "pids": {"limit": PROCESSES},
            },
        },
    }
    config["process"]["env"] = [f"PATH={PATH}"]
    os.mkdir(runtime)
    with open(f"{runtime}/config.json", "w") as file:
        json.dump(config, file)
    return [runtime, "run", "--bundle", runtime, name]


def lab_hosts(rounds):
    """Make lab hosts, each from a fresh process as the commands do."""
    name = "made and gone again"
    taken = measure("a lab host", ("ms", "ready at"), {name: _make_lab_host}, rounds)
    _hold(taken, name, "ms", 40, column=0)


def _make_lab_host():
    nanoseconds = _run([sys.executable, "-IBc", LAB_HOST]).split()
    return [int(number) / 1e6 for number in nanoseconds]


def checks(rounds):
    """Check finished steps as make does, beside a run of pytest that finds no test."""
    open("test_nothing.py", "w").close()
    pytest = [sys.executable, *PYTEST, "test_nothing.py"]
    runs = {EMPTY: functools.partial(clock, *pytest, status=5)}  # 5: no test was found
    for step in (1, 5):
        argv = [sys.executable, "-IBm", "lab", "check", str(step), course.solution_path(step)]
        runs[CHECK.format(step)] = functools.partial(clock, *argv)
    with _results_kept(1, 5):
        taken = measure("checks of finished steps", ("ms",), runs, rounds)
    _hold(taken, CHECK.format(1), EMPTY, 1.4)
    _hold(taken, CHECK.format(5), EMPTY, 2.5)


@contextlib.contextmanager
def _results_kept(*steps):
    """Leave what came of the learner's last checks as it was."""
    kept = {}
    for path in (f"{files.STATE}/check-step-{step}.jsonl" for step in steps):
        if os.path.exists(path):
            with open(path) as file:
                kept[path] = file.read()
    yield
    for path, text in kept.items():
        files.write(path, text)


# ---- How it is measured


def measure(title, columns, runs, rounds):
    """Do each run once a round, show a table, and return {name: [numbers, ...]}."""
    print(f"\n{title}, {rounds} rounds", flush=True)
    runs = {name: run for name, run in runs.items() if _is_able(name, run)}
    taken = {name: [] for name in runs}
    for _ in range(rounds):
        for name in random.sample(list(runs), len(runs)):
            time.sleep(PAUSE)
            taken[name].append(runs[name]())
    _show("", *columns[:1], "quartiles", *columns[1:])
    for name, samples in taken.items():
        first, *rest = zip(*samples, strict=True)
        low, middle, high = statistics.quantiles(first, n=4)
        medians = [f"{statistics.median(numbers):.1f}" for numbers in rest]
        _show(name, f"{middle:.1f}", f"{low:.1f} - {high:.1f}", *medians)
    return taken


def _is_able(name, run):
    """Whether a run works, by doing it twice, which also warms what it reads."""
    try:
        return [run(), run()] != []
    except NotMeasuredError as reason:
        print(f"  {name}: not measured: {reason}")
        return False


def _hold(taken, name, other, most, column=None):
    """Say whether a number, or without a column the ratio of two times, is within `most`."""
    if name not in taken or (column is None and other not in taken):
        return
    if column is None:
        pairs = zip(taken[name], taken[other], strict=True)
        value = statistics.median(one[0] / two[0] for one, two in pairs)
    else:
        value = statistics.median(numbers[column] for numbers in taken[name])
    what = f"{name}: {other}" if column is not None else f"{name} / {other}"
    _show(what, f"{value:.2f}", f"at most {most}", "holds" if value <= most else "DOES NOT HOLD")


def _show(name, *cells):
    """Print a line of a table."""
    widths = (9, 15, 14)
    print(f"  {name:52}", *(f"{c:>{w}}" for c, w in zip(cells, widths)), flush=True)


def watch(*argv):
    """Run a command by the stopwatch; return its milliseconds and peak megabytes."""
    if not shutil.which(argv[0]):
        raise NotMeasuredError(_missing(argv[0]))
    before = WITHOUT_HYBRID if argv[0] == "crun" and os.path.exists(HYBRID) else ()
    nanoseconds, kibibytes = _run([*before, "./stopwatch", *argv]).split()
    return int(nanoseconds) / 1e6, int(kibibytes) * 1024 / 1e6


def clock(*argv, status=0):
    """Run a command that takes long enough for Python to time it; return milliseconds."""
    begin = time.perf_counter_ns()
    _run(argv, status)
    return ((time.perf_counter_ns() - begin) / 1e6,)


def _run(argv, status=0):
    """Run a command and return its output; NotMeasuredError if it does not end as it should."""
    streams = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(argv, env=ENVIRONMENT, timeout=PATIENCE, **streams)
    if done.returncode != status:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotMeasuredError(f"exit status {done.returncode}: {' '.join(said[-1:])}")
    return done.stdout


def _build(*names):
    """Compile programs of bench/ into the current folder."""
    if not shutil.which("cc"):
        raise NotMeasuredError(_missing("cc"))
    for name in names:
        _run(["cc", "-O2", "-static", f"{ROOT}/bench/{name}.c", "-o", name])


def _missing(program):
    return f"{program} is not installed (apt-get install {PACKAGES[program]})"

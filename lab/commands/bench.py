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
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from lab import ROOT, cgroup, course, files
from lab.commands import USAGE
from lab.commands.rootfs import TREE
from lab.host import PATH, Host
from lab.process import descendants
from lab.streams import Streams

ROUNDS = 20
PAUSE, PATIENCE = 0.1, 60  # seconds
PACKAGES = {"cc": "gcc libc6-dev", "runc": "runc", "crun": "crun", "bwrap": "bubblewrap"}
PACKAGES["strace"] = "strace"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
SAVES = {1: 350, 2: 350, 3: 350, 4: 600, 5: 350}  # ms at most from a save to its verdict
CLASSES = (30, 100, 200, 500)  # people
CLASSES_TAKE = {30: 20, 500: 360}  # seconds at most
LOOK = 2.0  # seconds between looks at the memory
MEMORY, PROCESSES = 64 * 1024 * 1024, 64  # as in the solution, and in bench/floor.c
# crun refuses a hierarchy of version 2 that has controllers beside those of version 1.
HYBRID = "/sys/fs/cgroup/unified"
WITHOUT_HYBRID = ("unshare", "-m", "sh", "-c", f'umount {HYBRID} && exec "$@"', "sh")
STRACE = ["strace", "-f", "-o", "/dev/null"]
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
    """Measure all, or some parts, and show it beside the targets: [ROUNDS [PART ...]]."""
    number, *only = words or [str(ROUNDS)]
    parts = {part.__name__: part for part in PARTS}
    if not number.isdecimal() or int(number) < 2 or not set(only) <= set(parts):
        print("how many rounds? 2 or more, for example: make bench ROUNDS=50", file=sys.stderr)
        print(f"the parts are {', '.join(parts)}: make bench ONLY=saves", file=sys.stderr)
        return USAGE
    _install()
    print(_machine())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.chdir(folder)
        # What root compiles for another Python would stay in the checkout, as root's.
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        for name in only or parts:
            _do(parts[name], int(number))
        os.chdir("/")
    return 0


def _do(part, rounds):
    """Measure one part, under its own title, and go on if that fails."""
    print(f"\n{part.__doc__.rstrip('.')}:", flush=True)
    begin, before = time.monotonic(), _work_of_others()
    try:
        part(rounds)
    except (NotMeasuredError, subprocess.TimeoutExpired) as reason:
        print(f"  not measured: {reason}")
    busy = (_work_of_others() - before) / (time.monotonic() - begin)
    print(f"  meanwhile other work took {busy:.1f} of {os.cpu_count()} processors")


def _work_of_others():
    """Return the processor seconds that programs other than ours have had: proc_stat(5)."""
    return _busy() - sum(os.times()[:4])


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
    groups = f"control groups v{cgroup.version()}"
    return f"Linux {platform.release()}, {groups}, {os.cpu_count()} processors"


# ---- What is measured, and the targets


def containers(rounds):
    """Start a container that runs `true`: ours, the least that one can be, and others'."""
    _build("stopwatch", "floor")
    program = [course.solution_path(5), "run", "true"]
    ours = {f"container.py by {name}": [path, *program] for name, path in _pythons().items()}
    starts = {name: functools.partial(watch, *argv) for name, argv in {**ours, **_others()}.items()}
    taken = measure(("ms", "peak MB"), starts, rounds)
    for name in ours:
        for other, most in (("C floor", 12), ("runc", 0.65), ("crun", 1.1)):
            _hold_ratio(taken, name, other, most)
        _hold_median(taken, name, 1, "peak MB", 10)


def _pythons():
    """Return the machine's own interpreter and ours by name, or one if they are the same."""
    found = filter(os.path.exists, ("/usr/bin/python3", sys.executable))
    different = {os.path.realpath(path): path for path in found}.values()
    return {path.removeprefix(f"{ROOT}/"): path for path in different}


def _others():
    """Return the commands that start the same container in other ways, by name."""
    bwrap = f"bwrap --unshare-uts --unshare-pid --hostname container --bind {TREE} /"
    return {
        "C floor": ["./floor", TREE, "true"],
        "runc": _bundle("runc"),
        "crun": _bundle("crun"),
        "bwrap, without groups": [*bwrap.split(), *"--proc /proc --tmpfs /mytemp true".split()],
    }


def _bundle(runtime):
    """Write an OCI bundle for a runtime; return the command that runs it."""
    name = f"bench-{runtime}-{os.getpid()}"
    os.mkdir(runtime)
    with open(f"{runtime}/config.json", "w") as file:
        json.dump(_config(name), file)
    return [runtime, "run", "--bundle", runtime, name]


def _config(group):
    """Return the least OCI configuration that makes the same container."""
    user, path = {"uid": 0, "gid": 0}, f"PATH={PATH}"
    # Without a /dev of their own the runtimes would make devices in the learner's tree.
    mounts = {"/proc": "proc", "/dev": "tmpfs", "/mytemp": "tmpfs"}
    memory = {"limit": MEMORY, "swap": MEMORY}
    return {
        "ociVersion": "1.0.2",
        "process": {"args": ["true"], "cwd": "/", "user": user, "env": [path]},
        "root": {"path": TREE},
        "hostname": "container",
        "mounts": [{"destination": d, "type": t, "source": t} for d, t in mounts.items()],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("uts", "pid", "mount")],
            "cgroupsPath": f"/{group}",
            "resources": {"memory": memory, "pids": {"limit": PROCESSES}},
        },
    }


def lab_hosts(rounds):
    """Make a lab host in a fresh process, as the commands do."""
    name = "from Host() until all is gone"
    taken = measure(("ms", "ready at"), {name: _make_lab_host}, rounds)
    _hold_median(taken, name, 0, "ms", 40)


def _make_lab_host():
    """Return the milliseconds until a lab host is gone, and until it was ready."""
    return [int(n) / 1e6 for n in _run([sys.executable, "-IBc", LAB_HOST]).split()]


def checks(rounds):
    """Check a finished step as make does, beside a run of pytest that finds no test."""
    open("test_nothing.py", "w").close()
    empty, check = "pytest without a test", "check-step {}"
    python = [sys.executable, "-IBm"]
    pytest = [*python, "pytest", "-q", "-p", "no:cacheprovider", "test_nothing.py"]
    runs = {empty: functools.partial(clock, *pytest, status=5)}  # 5: there was no test
    for step in (1, 5):
        argv = [*python, "lab", "check", str(step), course.solution_path(step)]
        runs[check.format(step)] = functools.partial(clock, *argv)
    with _results_kept(1, 5):
        taken = measure(("ms",), runs, max(2, rounds // 2))
    _hold_ratio(taken, check.format(1), empty, 1.4)
    _hold_ratio(taken, check.format(5), empty, 2.5)


def saves(rounds):
    """Save a finished step's file under `make watch`, until its verdict is there."""
    name = "save to verdict, step {}"
    with contextlib.ExitStack() as stack:
        watchers = {}
        for step in range(1, len(course.STEPS) + 1):
            watchers[name.format(step)] = _Watcher(step)
            stack.callback(watchers[name.format(step)].close)
        taken = measure(("ms",), {name: w.save for name, w in watchers.items()}, rounds)
    for step, most in SAVES.items():
        _hold_median(taken, name.format(step), 0, "ms", most)


class _Watcher:
    """`make watch` on a copy of a step's solution."""

    def __init__(self, step):
        os.mkdir(f"saved-{step}")
        self._path, self._text = f"saved-{step}/container.py", _read(course.solution_path(step))
        words = [sys.executable, "-IBm", "lab", "watch", str(step), os.path.abspath(self._path)]
        self._process = subprocess.Popen(
            words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )

    def save(self):
        """Save the file; return the milliseconds until it was judged."""
        begin, said = time.perf_counter_ns(), b""
        with open(self._path, "w") as file:
            file.write(self._text)
        while b" judged in " not in said:
            if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
                raise NotMeasuredError("no verdict")
            said += os.read(self._process.stdout.fileno(), 65536)
        return ((time.perf_counter_ns() - begin) / 1e6,)

    def close(self):
        """End it."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)


def notebooks(rounds):
    """Run %check 1 in a warm kernel until its verdict is there; build all notebooks."""
    build = [sys.executable, "-IBm", "lab", "notebooks"]
    with contextlib.closing(_Kernel()) as kernel:
        starts = {"%check 1": kernel.check, "make notebooks": functools.partial(clock, *build)}
        taken = measure(("ms",), starts, rounds)
    _hold_median(taken, "%check 1", 0, "ms", 600)
    _hold_median(taken, "make notebooks", 0, "ms", 5000)


class _Kernel:
    """A notebook's kernel in a copy of the checkout, so that nobody's work is judged."""

    def __init__(self):
        try:
            from jupyter_client.manager import start_new_kernel
        except ImportError as error:
            raise NotMeasuredError(f"{error}: `make notebook` installs it") from None
        parts = [f"{ROOT}/{name}" for name in ("lab", "notebooks", "solutions", "steps", "tests")]
        os.mkdir("checkout")
        subprocess.run(["cp", "-a", *parts, "checkout"], check=True)
        place = os.path.abspath("checkout")
        self._manager, self._client = start_new_kernel(
            cwd=f"{place}/notebooks", env={**ENVIRONMENT, "PYTHONPATH": place}
        )
        self._run("%load_ext lab.magics")
        self.check()

    def check(self):
        """Run the cell; return the milliseconds until the picture is there."""
        return (self._run("%check 1"),)

    def _run(self, cell):
        """Run a cell; return when, in milliseconds, it had shown something."""
        begin, shown = time.perf_counter_ns(), []

        def listen(message):
            if message["msg_type"] in ("display_data", "stream"):
                shown.append(time.perf_counter_ns())

        self._client.execute_interactive(cell, timeout=PATIENCE, output_hook=listen)
        if not shown:
            raise NotMeasuredError(f"{cell} shows nothing")
        return (shown[0] - begin) / 1e6

    def close(self):
        """End it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def xrays(rounds):
    """Trace the finished container, and a loop of 40,000 calls that do not matter."""
    _build("stopwatch")
    program, loop = [course.solution_path(5), "run", "true"], "dd if=/dev/zero of=/dev/null bs=1"
    watched = ["/srv/stopwatch", sys.executable, *program]
    looped = [*loop.split(), "count=20000", "status=none"]
    picture = [sys.executable, "-IBm", "lab", "xray", "5", "--program", program[0], "--svg"]
    with Host() as host:
        shutil.copy("stopwatch", host.file("/srv/stopwatch"))
        runs = {
            "container.py": lambda: _on(host, watched, by_stopwatch=True),
            "container.py, x-rayed": lambda: _traced(host, watched, by_stopwatch=True),
            "container.py, strace -f": lambda: _on(host, STRACE + watched, by_stopwatch=True),
            "loop": lambda: _on(host, looped),
            "loop, x-rayed, start-up included": lambda: _traced(host, looped),
            "loop, strace -f": lambda: _on(host, STRACE + looped),
            "make xray 5, to the picture": lambda: clock(*picture, os.path.abspath("out.svg")),
        }
        taken = measure(("ms",), runs, rounds)
    one, traced, straced, loop, loop_traced, loop_straced, whole = runs
    _hold_ratio(taken, traced, one, 1.7)
    _hold_ratio(taken, traced, straced, 1)
    _hold_ratio(taken, loop_traced, loop, 4)
    _hold_ratio(taken, loop_traced, loop_straced, 0.067)  # 15 times cheaper
    _hold_median(taken, whole, 0, "ms", 800)


def _on(host, argv, by_stopwatch=False):
    """Return the milliseconds that a program on a lab host takes, by its stopwatch or by ours."""
    streams, begin = Streams(), time.perf_counter_ns()
    child = host.spawn(argv, streams.theirs, cwd=ROOT)
    streams.release()
    status = child.wait(PATIENCE)
    taken = time.perf_counter_ns() - begin
    child.close()
    return _milliseconds(status, *streams.finish(), None if by_stopwatch else taken)


def _traced(host, argv, by_stopwatch=False):
    """The same, under the X-ray."""
    try:
        from lab.xray.run import trace
    except ImportError as error:
        raise NotMeasuredError(error) from None
    begin = time.perf_counter_ns()
    seen = trace(host, argv, cwd=ROOT, command=["true"])
    taken = time.perf_counter_ns() - begin
    return _milliseconds(seen.status, seen.output, seen.errors, None if by_stopwatch else taken)


def _milliseconds(status, output, errors, taken):
    """Return what the clock said, or the stopwatch; NotMeasuredError if the program failed."""
    if status != 0:
        raise NotMeasuredError(f"exit status {status}: {errors.strip()[-200:]}")
    return (int(output.split()[0] if taken is None else taken) / 1e6,)


def classes(_):
    """Judge classes of finished steps, each once."""
    _show("5 steps of", "s", "ms a program", "busy", "peak MB")
    for size in CLASSES:
        seconds, processors, megabytes = _grade(size)
        each = 1000 * seconds / (size * len(course.STEPS))
        told = (f"{each:.0f}", f"{processors:.1f} of {os.cpu_count()}", f"{megabytes:.0f}")
        _show(f"{size} people", f"{seconds:.1f}", *told)
        if size in CLASSES_TAKE:
            _hold(f"{size} people, s", seconds, CLASSES_TAKE[size])
            _hold(f"{size} people, peak MB", megabytes, 300)


def _grade(size):
    """Judge a class; return the seconds, the processors that were busy, and the most memory."""
    for person in range(size):
        for step, name in enumerate(course.STEPS, start=1):
            folder = f"class-{size}/person-{person:03}/steps/{name}"
            os.makedirs(folder)
            with open(f"{folder}/container.py", "w") as file:
                file.write(f"{_read(course.solution_path(step))}# {person}\n")
    words = [sys.executable, "-IBm", "lab", "grade", f"class-{size}", f"grades-{size}"]
    begin, busy, most = time.monotonic(), _busy(), 0
    with subprocess.Popen(
        words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as grading:
        while grading.poll() is None:
            most = max(most, sum(map(_memory_of, descendants(grading.pid))))
            with contextlib.suppress(subprocess.TimeoutExpired):  # to look takes time of theirs
                grading.wait(LOOK)
    seconds = time.monotonic() - begin
    if grading.returncode:
        raise NotMeasuredError(f"exit status {grading.returncode}")
    return seconds, (_busy() - busy) / seconds, most / 1e6


def _busy():
    """Return the processor seconds that all programs have had: proc_stat(5)."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, *interrupts = map(int, stat.readline().split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _memory_of(process):
    """Return the bytes that a process uses, its share of what it shares: Pss of proc(5)."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup") as file:
            return int(file.read().partition("Pss:")[2].split()[0]) * 1024
    except (OSError, IndexError):  # it has ended
        return 0


PARTS = (containers, lab_hosts, checks, saves, xrays, notebooks, classes)


@contextlib.contextmanager
def _results_kept(*steps):
    """Leave what came of the learner's own checks as it was."""
    paths = [f"{files.STATE}/check-step-{step}.jsonl" for step in steps]
    kept = [(path, _read(path)) for path in paths if os.path.exists(path)]
    try:
        yield
    finally:
        for path, text in kept:
            if _read(path) != text:
                files.write(path, text)


def _read(path):
    with open(path) as file:
        return file.read()


# ---- How it is measured


def measure(columns, runs, rounds):
    """Do each run once a round, show the medians, and return {name: [numbers, ...]}.

    A run returns a number for each column; those that do not work here are left out.
    """
    taken = {name: [] for name, run in runs.items() if _works(name, run)}
    for _ in range(rounds):
        for name in random.sample(list(taken), len(taken)):
            time.sleep(PAUSE)
            taken[name].append(runs[name]())
    if taken:
        _show(f"{rounds} rounds", columns[0], "quartiles", *columns[1:])
    for name, samples in taken.items():
        first, *rest = zip(*samples, strict=True)
        quartiles = statistics.quantiles(first, n=4, method="inclusive")
        low, middle, high = (f"{quartile:.1f}" for quartile in quartiles)
        _show(name, middle, f"{low} - {high}", *(f"{statistics.median(r):.1f}" for r in rest))
    return taken


def _works(name, run):
    """Whether a run works; it is done twice, so that what it reads is in memory."""
    try:
        run()
        run()
    except NotMeasuredError as reason:
        print(f"  {name}: not measured: {reason}", flush=True)
        return False
    return True


def watch(*argv):
    """Run a command by the stopwatch; return its milliseconds and peak megabytes."""
    if not shutil.which(argv[0]):
        raise NotMeasuredError(_missing(argv[0]))
    before = WITHOUT_HYBRID if argv[0] == "crun" and os.path.exists(HYBRID) else ()
    nanoseconds, kibibytes = _run([*before, "./stopwatch", *argv]).split()
    return int(nanoseconds) / 1e6, int(kibibytes) * 1024 / 1e6


def clock(*argv, status=0):
    """Run a command that takes long enough for Python to time it; return its milliseconds."""
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
    """Return what to say of a program that is not installed."""
    return f"{program} is not installed (apt-get install {PACKAGES[program]})"


# ---- How it is shown


def _hold_ratio(taken, one, other, most):
    """Say whether one takes at most `most` times as long as the other; round by round."""
    if one in taken and other in taken:
        pairs = zip(taken[one], taken[other], strict=True)
        _hold(f"{one} : {other}", statistics.median(a[0] / b[0] for a, b in pairs), most)


def _hold_median(taken, name, column, unit, most):
    """Say whether the median of a column is at most `most`."""
    if name in taken:
        median = statistics.median(numbers[column] for numbers in taken[name])
        _hold(f"{name}, {unit}", median, most)


def _hold(what, value, most):
    """Show a number beside the target."""
    _show(what, f"{value:.2f}", f"at most {most}", "holds" if value <= most else "does NOT hold")


def _show(name, number, *others):
    """Show a line of a table."""
    print(f"  {name:45}{number:>8}", *(f"{other:>15}" for other in others), flush=True)

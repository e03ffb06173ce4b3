"""A trial: all that is done with one program, once, for the checks to look at.

The program is run some times on a lab host, as `container.py run COMMAND`.  What a check
wants to know is looked up from outside while it runs, and kept.
"""

import contextlib
import os
import shlex
import sys
import time

from lab import ROOT, cgroup, course
from lab.forks import Forks
from lab.host import Host, LabDied
from lab.lenience import Lenience
from lab.process import Process, descendants
from lab.session import IS_EMULATED, PATIENCE, Run, Session
from lab.view import Snapshot, groups_of, or_none

CROWD = 100  # processes on a lab host that no honest program starts
KILLED = 128 + 9  # the exit status after SIGKILL
GRACE = 5.0 if IS_EMULATED else 1.0  # seconds for the kernel to tidy up
ELSEWHERE = "/srv"  # a working directory that no program can count on
COPY = "/srv/copy"  # of the checkout: a second tree, so that $ROOTFS has a choice
TREES = (f"{COPY}/rootfs", f"{ROOT}/rootfs")  # of the first and second container
# The hog stays below what the lab host itself allows, or a program without limits would look
# right.  A root without devices has the shell use the memory, which takes it longer.
HOG = "[ -c /dev/zero ] && exec dd if=/dev/zero of=/dev/null bs=96M count=1 2>/dev/null; "
HOG += "x=x; while [ ${#x} -lt 67108864 ]; do x=$x$x; done"
GATE = ("sh", "-c", 'kill -STOP $$; exec "$@"', "sh")  # what follows stops before it begins
# Each waits for a word that does not come; to execute sleep(1) for each would take a third longer.
FORK_LOOP = "{{ {} & }} 2>/dev/null | {{ exec 3<&0; i=0; while [ $i -lt 80 ]; "
FORK_LOOP += "do read word <&3 & i=$((i+1)); done; }} 2>/dev/null"


class Trial:
    """One program, tried; the attributes say what was seen."""

    def __init__(self, program: str, step: int):
        """Start a lab host for `program`, to be judged by the checks of 1 to `step`."""
        self.step = step
        self.token = os.urandom(8).hex()
        self.sleep = f"sleep 1{int(self.token[:6], 16):08}"  # known again among what is left
        self.path, layers, self._env = setting(program, step)
        self.lab = Host(layers)
        self._lenience = Lenience(is_crowded=self._is_crowded)
        self._forks = self._forker = None  # the fork server, and whose COMMAND did the fork loop

    def run(self):
        """Do it all; LabError if there can be no lab host here."""
        self._plant()
        self.before = Snapshot(self.lab)
        if self.step >= 4:
            self.lab_groups = Process(self.lab.pid).groups()  # where programs begin
        self.first = self._session(self._start, f"{self.sleep} &\n" if self.step >= 2 else "")
        self._forks = Forks(self.lab, self.path)
        self.usage = [self._run(self._fork, words) for words in ([], ["run"], ["start", "true"])]
        if self.first.greet():
            self._go_on()
        else:
            self._find_out_why()
        self._end_usage()

    def _go_on(self):
        """Do all that makes sense once the program has shown that it runs a command."""
        # Not sooner: where two containers get in each other's way, the second shall fail.
        self.second = self._session(self._fork_by_default)
        self.first.look(self.lab)
        if self.second.greet():
            self.second.look(self.lab)
        self.during = Snapshot(self.lab)
        self._converse()
        self._finish()

    def _find_out_why(self):
        """Where no shell answers, see how far the program comes with less."""
        if not self._is_crowded():  # to ask each of a fork bomb takes minutes
            self.first.look(self.lab)
        self.first.give_up()
        script = f"echo {self.token}; echo {self.token} >&2; exit 7"
        commands = (["pwd"], ["sh", "-c", script])
        runs = [self._run(self._start, ["run", *words]) for words in commands]
        self.bare, self.script = (run.finish(PATIENCE / 5) for run in runs)

    def _is_crowded(self):
        """Whether there is a fork bomb on the lab host."""
        return len(descendants(self.lab.pid)) >= CROWD

    def killed(self) -> tuple:
        """Return the exit statuses that say that COMMAND was killed.

        unshare(1) of util-linux before 2.40 cannot pass SIGKILL on, and ends with 1; see there
        "unshare: don't try to reset the disposition of SIGKILL".
        """
        by_unshare = os.path.basename(self.first.view.parent) == "unshare"
        return (KILLED, 1) if by_unshare else (KILLED,)

    def _end_usage(self):
        """Wait for the runs with wrong words, all together not longer than for one."""
        deadline = time.monotonic() + PATIENCE
        for run in self.usage:
            run.finish(max(0.1, deadline - time.monotonic()))

    def __getstate__(self):
        """What can be told to another process: all but the lab host, and what asks it."""
        return {name: value for name, value in vars(self).items() if name not in _HERE}

    def close(self):
        """End the lab host."""
        if self._forks:
            self._forks.close()
        self.lab.close()

    def _run(self, start, arguments):
        """Begin a run."""
        return Run(start, arguments, self._lenience)

    def _session(self, start, first_line=""):
        """Begin a run that is held open."""
        return Session(start, first_line, self._lenience)

    def _start(self, arguments, streams, env=None, gate=()):
        """Run the learner's program on the lab host, as `sudo python3` would."""
        words = [*gate, sys.executable, self.path, *arguments]
        return self.lab.spawn(words, streams, self._env if env is None else env, cwd=ELSEWHERE)

    def _fork(self, arguments, streams, env=None):
        """The same in a fork of a Python that is there already."""
        try:
            return self._forks.start(
                arguments, streams, self._env if env is None else env, ELSEWHERE
            )
        except LabDied:  # an earlier run has killed the server
            return self._start(arguments, streams, env)

    def _fork_by_default(self, arguments, streams):
        """The same, without a word about which tree is the root."""
        return self._fork(arguments, streams, env={})

    def _start_stopped(self, arguments, streams):
        """The same as `_start`; it stops before it begins, until somebody follows it."""
        return self._start(arguments, streams, gate=GATE)

    def _python(self, arguments, streams):
        """Run Python itself on the lab host."""
        return self.lab.spawn([sys.executable, *arguments], streams)

    def _plant(self):
        """Put files with random names where the checks will look for them."""
        self.host_file, self.plain_file = f"/srv/host-{self.token}", f"/{self.token}"
        self.tree_file, self.default_file = f"/tree-{self.token}", f"/default-{self.token}"
        paths = [self.host_file, self.plain_file]
        if self.step >= 5:
            paths += [TREES[0] + file for file in (self.plain_file, self.tree_file)]
            paths += [TREES[1] + file for file in (self.plain_file, self.default_file)]
        for path in paths:
            with open(self.lab.file(path), "w") as file:
                file.write("planted by the judge\n")

    def _converse(self):
        """Ask the containers what only they can tell, and end them."""
        if self.second.view:
            self.second.interrupt()
        if self.first.view:
            self._ask_first()
            self.first.kill()
        else:
            self.first.ask(":", PATIENCE / 5)  # is it still there?
            self.first.give_up()
        self.second.leave("exit 7\n")

    def _ask_first(self):
        """Have the first container do what the checks of each step want to see."""
        self.stderr_arrives = self.first.ask_for_error(self.token, self.lab)
        if self.step >= 2:
            self.ps = self.first.ask("ps ax")
        if self.step >= 3:
            self._write_file(f"/mytemp/{self.token}")
        if self.step >= 5:
            self._reach_out()
        if self.step >= 4:
            self._look_at_limits()
            self._use_memory()
            self._use_processes()
            self.groups_later = or_none(self.first.process.groups)

    def _write_file(self, path):
        """See who sees a file that the first container writes to its /mytemp."""
        self.has_mytemp = self.first.process.has_folder("/mytemp")
        self.first.ask(f"echo hello > {path}")
        self.first_sees = self.first.process.sees(path)
        self.mytemp_size = or_none(lambda: self.first.process.size_of("/mytemp"))
        self.host_sees = Process(self.lab.pid).sees(path)
        self.second_sees = bool(self.second.view) and self.second.process.sees(path)

    def _look_at_limits(self):
        """Look at the group of the first container: its limits, and who is not in it."""
        groups = self.first.view.groups
        self.limits = self._limits(groups)
        self.lacks = [
            file
            for controller, file in _LIMITS
            if os.path.isdir(groups[controller])
            and not os.path.exists(cgroup.path_in(groups[controller], file))
        ]
        family = [or_none(p.groups) for p in descendants(self.first.process.pid)]
        self.strays = [other for other in family if other and other != groups]

    def _use_memory(self):
        """Have a child of COMMAND use more memory than it may, and see who stops it."""
        # Version 2 counts also in the groups above, which are there when this one is gone.
        groups = self.first.view.groups["memory"], self.lab.group_root("memory")
        before = [cgroup.event(group, "memory.events", "oom_kill") for group in groups]
        answer = self.first.ask(f"({HOG}); echo $?", 4 * PATIENCE)
        self.hog_answer = (answer or "no answer").split()
        after = [cgroup.event(group, "memory.events", "oom_kill") for group in groups]
        self.kills = max(late - early for early, late in zip(before, after, strict=True))

    def _use_processes(self):
        """Have COMMAND start more processes than it may, and see where it ends."""
        session = self.first
        if session.is_silent:  # a group may also be killed as a whole: memory.oom.group
            session = self._session(self._start)
            if session.greet():
                session.look(self.lab)
        session.ask(FORK_LOOP.format(self.sleep), 4 * PATIENCE)
        self._forker = session
        self.process_count = session.view and cgroup.count(session.view.groups["pids"])
        self.host_can_fork = bool(self.lab.host_name())
        if session is not self.first:
            session.leave("")

    def _reach_out(self):
        """See which trees they are in, and have COMMAND try to reach a file of the host."""
        self.host_file_in_root = self.first.process.sees(self.host_file)
        self.root_is_hosts = self.first.process.shares_root_with(Process(self.lab.pid))
        self.first_in_tree = self.first.process.sees(self.tree_file)
        second = self.second.view and self.second.process
        self.second_in_default = bool(second) and second.sees(self.default_file)
        up = "../" * 12
        self.foreign = self._foreign_folders(self.first, TREES[0])
        self.foreign += self._foreign_folders(self.second, TREES[1])
        points = [m.point.rstrip("/") for m in self.first.view.mounts]
        files = self.host_file, self.host_file.removeprefix("/srv")
        ways = [up + self.host_file, *(point + file for point in points for file in files)]
        ways += [f"/proc/self/fd/{n}{self.host_file}" for n in range(20)]
        words = " ".join(map(shlex.quote, ways))
        answer = self.first.ask(f'for f in {words}; do [ -e "$f" ] && echo "$f"; done')
        self.reached = (answer or "").splitlines()

    def _foreign_folders(self, session, tree):
        """Return which folders of the host a container has mounted, beside its tree."""
        device, tree = self.before.location(tree)
        hosts = {m.device for m in self.before.mounts if _keeps_files(m)}
        mounts = [m for m in session.view.mounts if m.device in hosts] if session.view else []
        return [
            mount.point
            for mount in mounts
            if not (mount.device == device and f"{mount.root}/".startswith(f"{tree}/"))
            and session.process.has_folder(mount.point)
        ]

    def _finish(self):
        """Do the runs that need the lab host for themselves, and look once more."""
        self._give_back_the_name()
        words = (f"no-such-{self.token}", self.plain_file)
        # One after the other: they might get in each other's way, in a tree or on the host.
        runs = (self._run(self._fork, ["run", word]).finish() for word in words)
        self.missing, self.not_executable = runs
        if self.step >= 4:
            self._see_the_start()
        self._wait_for_calm()
        self.after = Snapshot(self.lab)

    def _give_back_the_name(self):
        """Where the host was renamed: rename it back, and see what one run by itself does."""
        self.name_left, name = self.lab.host_name(), self.before.host_name
        if {self.name_left, self.during.host_name} != {name}:
            rename = f"import socket; socket.sethostname({name!r})"
            self._run(self._python, ["-Ic", rename]).finish()
            self._run(self._start, ["run", "true"]).finish()
            self.name_after_one = self.lab.host_name()

    def _see_the_start(self):
        """Look at COMMAND at its first instruction, when nobody can come late any more."""
        self.groups_at_start = self.limits_at_start = None
        command = ["true", self.token]
        run = self._run(self._start_stopped, ["run", *command])
        with contextlib.suppress(OSError), run.catch(command) as catch:
            process = catch.wait(PATIENCE)
            if process:
                self.groups_at_start = process.groups()
                self.limits_at_start = self._limits(self.groups_at_start)
        run.finish()

    def _limits(self, groups):
        """Return what limits the processes of some groups, by the file's version 2 name."""
        return {
            file: _effective(self.lab, groups[controller], controller, file)
            for controller, file in _LIMITS
        }

    def _wait_for_calm(self):
        """Give what is left a moment to go; what stays is a finding."""
        deadline = time.monotonic() + GRACE
        while True:
            left = [p for p in descendants(self.lab.pid)[1:] if p.pid != self._forks.pid]
            lines = [(p, " ".join(or_none(p.command_line) or ["?"])) for p in left]
            self.leftovers = [line for _, line in lines]
            self.own_leftovers = [line for p, line in lines if not self._is_of_command(p, line)]
            if not left and groups_of(self.lab) <= self.before.groups:
                return
            is_late = time.monotonic() > deadline
            if is_late and not (deadline := self._lenience.later(left)):
                return
            time.sleep(0.005)

    def _is_of_command(self, process, line):
        """Whether a process was started by COMMAND, which the judge had told to."""
        shell = self._forker and self._forker.process
        is_fork = shell and shell.pid != process.pid and line == " ".join(self._forker.command_line)
        return line == self.sleep or is_fork


def setting(program: str, step: int) -> tuple:
    """Return how a program is run on a lab host: its path there, the layers, the environment."""
    path, layers = course.stand_in(program, step)
    if step < 5:
        return path, layers, {}
    return path, [*layers, (ROOT, COPY)], {"ROOTFS": TREES[0]}


def _keeps_files(mount):
    """Whether a mount of the host is one for files, and not for devices or control groups."""
    if mount.kind == "proc" or mount.point == "/dev/shm":
        return True
    return mount.kind in ("overlay", "tmpfs") and not mount.point.startswith(("/dev", "/sys"))


_HERE = ("lab", "_lenience", "_forks", "_forker")
_LIMITS = (("memory", "memory.max"), ("memory", "memory.swap.max"), ("pids", "pids.max"))


def _effective(lab, group, controller, file):
    """Return the least limit of a group and those above it on the lab host, or None."""
    root, limits = lab.group_root(controller), []
    while len(group) > len(root):
        limits.append(cgroup.limit(group, file))
        group = os.path.dirname(group)
    return min((limit for limit in limits if limit is not None), default=None)

"""The mistakes that the facts can point to: a sentence, and how to see it for oneself.

A check names a cause by its id.  What a learner can do about it is in the hints of the
step (steps/NN_topic/hints.md).
"""

from typing import NamedTuple


class Cause(NamedTuple):
    """Why a check fails, probably."""

    sentence: str
    prove: str  # a command to type, on a lab host unless it begins with "make"


CAUSES = {
    # any step
    "crashed": Cause(
        "the program ended with an error of its own before COMMAND could answer",
        "make run-step {step} CMD=hostname",
    ),
    "never-ends": Cause(
        "something waits for ever: a process that was never started, or never waited for",
        "make run-step {step} CMD=true",
    ),
    "host-destroyed": Cause(
        "the program ended all processes of the machine, or used up all of its memory",
        "make run-step {step} CMD=true",
    ),
    # step 1
    "uts-shared": Cause(
        "the host's UTS namespace was never left: unshare(2) with CLONE_NEWUTS is missing",
        "make run-step {step} CMD='readlink /proc/self/ns/uts'",
    ),
    "name-missing": Cause(
        "the namespace is new, and still has the copy of the host's name it was born with",
        "make run-step {step} CMD=hostname",
    ),
    "name-on-host": Cause(
        "sethostname(2) ran in the host's UTS namespace: before unshare(2), or without it",
        "python3 steps/{topic}/container.py run true; hostname",
    ),
    "arguments-joined": Cause(
        "the arguments were joined to one text, and a shell took it apart again",
        "make run-step {step} CMD=\"printf '[%s]' 'a  b'\"",
    ),
    "words-on-stdout": Cause(
        "the program prints to stdout, which belongs to COMMAND; use stderr",
        "make run-step {step} CMD=true",
    ),
    "streams-lost": Cause(
        "stdin, stdout or stderr of COMMAND are not those that the program was given",
        "make run-step {step} CMD='ls -l /proc/self/fd'",
    ),
    "status-lost": Cause(
        "the status that waitpid(2) reports does not reach sys.exit()",
        "python3 steps/{topic}/container.py run sh -c 'exit 7'; echo $?",
    ),
    "left-early": Cause(
        "the program ends without waiting for COMMAND: waitpid(2)",
        "python3 steps/{topic}/container.py run sleep 5",
    ),
    "exec-errors": Cause(
        "a COMMAND that cannot be executed must end in one line on stderr and 127 or 126",
        "python3 steps/{topic}/container.py run no-such-command; echo $?",
    ),
    "usage": Cause(
        "wrong words on the command line must end in one usage line on stderr and status 2",
        "python3 steps/{topic}/container.py; echo $?",
    ),
    "ctrl-c": Cause(
        "Ctrl-C goes to the program and to COMMAND; the program must leave it to COMMAND",
        "make run-step {step} CMD='sh -c \"trap date INT; sleep 9\"', and press Ctrl-C",
    ),
    "processes-left": Cause(
        "a process of the program itself is still there when the program has ended",
        "python3 steps/{topic}/container.py run true; ps ax",
    ),
    "mounts-left": Cause(
        "a mount was made in the host's mount table, or changed there, and stays",
        "python3 steps/{topic}/container.py run true; findmnt -o TARGET,PROPAGATION",
    ),
    # step 2
    "pid-shared": Cause(
        "no new PID namespace: unshare(2) with CLONE_NEWPID is missing",
        "make run-step {step} CMD='sh -c \"echo $$\"'",
    ),
    "pid-no-fork": Cause(
        "unshare(2) with CLONE_NEWPID moves the next child, not the caller: fork after it",
        "make run-step {step} CMD='sh -c \"echo $$\"'",
    ),
    "pid-not-first": Cause(
        "COMMAND is in a new PID namespace, and another process was the first child there",
        "make run-step {step} CMD='ps ax'",
    ),
    "proc-stale": Cause(
        "/proc is still the host's: a new one must be mounted by a process that is inside",
        "make run-step {step} CMD='ps ax'",
    ),
    "proc-on-host": Cause(
        "a proc was mounted where the host sees it, and covers the host's own /proc",
        "python3 steps/{topic}/container.py run true; grep ' /proc ' /proc/self/mountinfo",
    ),
    "survivors": Cause(
        "without a PID namespace the kernel does not end COMMAND's children with it",
        "python3 steps/{topic}/container.py run sh -c 'sleep 60 &'; ps ax",
    ),
    # step 3
    "mnt-shared": Cause(
        "the host's mount table was never left: unshare(2) with CLONE_NEWNS is missing",
        "make run-step {step} CMD='readlink /proc/self/ns/mnt'",
    ),
    "mounts-shared": Cause(
        '"/" is still shared with the host: its mounts propagate both ways',
        "python3 steps/{topic}/container.py run sleep 60 & grep mytemp /proc/self/mountinfo",
    ),
    "mounts-not-recursive": Cause(
        'only "/" itself was made private: the mounts below it need MS_REC as well',
        "make run-step {step} CMD='grep shared: /proc/self/mountinfo'",
    ),
    "mytemp-missing": Cause(
        "nothing is mounted on /mytemp: what is written there goes to the host's disk",
        "make run-step {step} CMD='df /mytemp'",
    ),
    "mytemp-borrowed": Cause(
        "what is mounted on /mytemp is a filesystem of the host: mount a new tmpfs",
        "make run-step {step} CMD='df /mytemp'",
    ),
    "mytemp-small": Cause(
        "the size in the mount's options leaves too little room to work",
        "make run-step {step} CMD='df /mytemp'",
    ),
    "mounted-on-host": Cause(
        "it was mounted too early: before CLONE_NEWNS, or before MS_PRIVATE cut the ties",
        "python3 steps/{topic}/container.py run true; grep mytemp /proc/self/mountinfo",
    ),
    # step 4
    "group-not-joined": Cause(
        "COMMAND is in the host's own group: nobody wrote its number to cgroup.procs",
        "make run-step {step} CMD='cat /proc/self/cgroup'",
    ),
    "joined-late": Cause(
        "COMMAND had begun before it was moved: children it had by then stayed outside",
        "make run-step {step} CMD='sh -c \"cat /proc/self/cgroup\"'",
    ),
    "limit-missing": Cause(
        "the limit was not written to the group, or the kernel's refusal went unnoticed",
        "make run-step {step} CMD='grep -r . /sys/fs/cgroup --include=pids.max "
        "--include=memory.max --include=memory.limit_in_bytes'",
    ),
    "swap-allowed": Cause(
        "the group may use swap, so that its limit is softer than it looks",
        "make run-step {step} CMD='grep -r . /sys/fs/cgroup --include=memory.swap.max "
        "--include=memory.memsw.limit_in_bytes'",
    ),
    "not-the-kernel": Cause(
        "something stopped the hog, but not the kernel's OOM killer on behalf of the group",
        "make run-step {step} CMD='tail /dev/zero'",
    ),
    "group-left": Cause(
        "the group's directory is still there: rmdir it when COMMAND has ended",
        "python3 steps/{topic}/container.py run true; find /sys/fs/cgroup -name 'cont*'",
    ),
    "group-shared": Cause(
        "both containers use one group: its name must differ from container to container",
        "make run-step {step} CMD='cat /proc/self/cgroup'",
    ),
    # step 5
    "root-shared": Cause(
        "the root directory is still the host's: chroot(2) is missing",
        "make run-step {step} CMD='ls /'",
    ),
    "rootfs-ignored": Cause(
        "the root is not the tree that the environment variable ROOTFS names",
        "make run-step {step} CMD='ls /'",
    ),
    "outside-cwd": Cause(
        "chroot(2) leaves the working directory where it was: outside; use chdir(2)",
        "make run-step {step} CMD='ls ..'",
    ),
    "host-reachable": Cause(
        "the host's files are still mounted or open somewhere in the container",
        "make run-step {step} CMD='cat /proc/self/mountinfo'",
    ),
    "descriptor-leaked": Cause(
        "a file or folder of the host was open when COMMAND was executed, and still is",
        "make run-step {step} CMD='ls -l /proc/self/fd'",
    ),
    "mounts-outside-tree": Cause(
        "it was mounted in the host's tree: mount after chroot(2), or to ROOTFS/...",
        "make run-step {step} CMD='cat /proc/self/mountinfo'",
    ),
}

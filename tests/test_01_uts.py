"""Step 1: the container has a host name of its own."""

from lab.session import ODD_WORDS
from lab.verdict import after, check, check_ended, last_lines


@after(None)
def test_runs_the_command(trial):
    """The command runs, with stdin, stdout and stderr connected."""
    first = trial.first
    if not first.is_up:
        check_ended(first, "the command runs and answers")
        check(
            False,
            "the command runs and answers",
            f"exit status {first.status}; {last_lines(first.errors) or 'nothing on stderr'}",
            "crashed" if first.errors else "streams-lost",
            evidence=[last_lines(first.errors, 8)],
        )
    check(first.view, "a process that runs COMMAND", "none", "streams-lost")
    check(
        trial.stderr_arrives,
        "what COMMAND writes to stderr arrives",
        "nothing arrived",
        "streams-lost",
    )


def test_command_has_its_own_uts_namespace(trial):
    """The command runs in a UTS namespace of its own."""
    inside, host = trial.first.view.namespaces["uts"], trial.before.namespaces["uts"]
    check(inside != host, f"another one than the host's {host}", inside, "uts-shared")


@after("test_command_has_its_own_uts_namespace")
def test_host_keeps_its_name(trial):
    """The host keeps its name, while the container runs and after."""
    before, during, later = (s.host_name for s in (trial.before, trial.during, trial.after))
    check(
        before == during == later,
        f"the host is called {before!r} all the time",
        f"{during!r} while the container ran, {later!r} afterwards",
        "name-on-host",
    )


@after("test_host_keeps_its_name")
def test_container_is_called_container(trial):
    """The container is called "container"."""
    name = trial.first.view.host_name
    check(name == "container", "the name 'container' inside", repr(name), "name-missing")


def test_arguments_arrive_unchanged(trial):
    """The command gets its arguments as they were given, blanks and all."""
    words = trial.first.command_line
    check(
        words[3:] == ODD_WORDS,
        f"the arguments {ODD_WORDS}",
        words[3:],
        "arguments-joined",
    )


def test_prints_nothing_of_its_own(trial):
    """Nothing is on stdout but what the command prints."""
    printed = trial.first.greeting or trial.missing.output
    check(not printed, "an empty stdout", repr(printed[:60]), "words-on-stdout")


def test_waits_for_the_command(trial):
    """The program does not end before the command does."""
    check(
        trial.first.launcher_waits,
        "the program still runs while COMMAND does",
        "it had ended",
        "left-early",
    )


@after("test_waits_for_the_command")
def test_ctrl_c_is_for_the_command(trial):
    """The command is reached by Ctrl-C, and no traceback is left."""
    second = trial.second
    if second.view:
        check(
            trial.interrupted and "Traceback" not in second.errors,
            "COMMAND notices Ctrl-C and goes on, and stderr stays silent",
            last_lines(second.errors) or "COMMAND did not notice, or was alone afterwards",
            "ctrl-c",
        )


@after("test_ctrl_c_is_for_the_command")
def test_exits_as_the_command_did(trial):
    """The exit status is the command's: n, or 128 + n when signal n ended it."""
    if trial.second.is_up:
        check_ended(trial.second, "an end when COMMAND ends")
        seen = trial.second.status
        check(seen == 7, "status 7 when COMMAND exits with 7", seen, "status-lost")
    check_ended(trial.first, "an end when COMMAND is killed")
    seen = trial.first.status
    check(seen == 137, "status 137 (128 + 9) when COMMAND is killed", seen, "status-lost")


@after("test_exits_as_the_command_did")
def test_says_what_it_cannot_execute(trial):
    """A command that is missing ends in 127, one that is not executable in 126."""
    for run, status in ((trial.missing, 127), (trial.not_executable, 126)):
        check_ended(run, f"status {status}")
        lines = run.errors.splitlines()
        check(
            run.status == status and len(lines) == 1,
            f"status {status} and one line on stderr for {run.arguments[1]!r}",
            f"status {run.status} and {len(lines)} lines: {last_lines(run.errors)}",
            "exec-errors",
        )


@after(None)
def test_says_how_it_is_used(trial):
    """Wrong usage ends in status 2 and a usage line."""
    for run in trial.usage:
        check_ended(run, "status 2")
        words = " ".join(["container.py", *run.arguments])
        check(
            run.status == 2 and "usage" in run.errors.lower() and not run.output,
            f"status 2 and a usage line on stderr for {words!r}",
            f"status {run.status}; {last_lines(run.errors) or 'nothing on stderr'}",
            "usage",
        )


def test_leaves_nothing_behind(trial):
    """No process, mount or control group of the program is left when it has ended."""
    own = [line for line in trial.leftovers if line != trial.sleep]
    check(not own, "no process", ", ".join(own), "processes-left")
    changes = trial.after.changes_since(trial.before)
    if trial.step < 3:  # from there on the checks of the step look closer
        seen = [words for point, words in changes.items() if point != "/proc" or trial.step < 2]
        check(not seen, "the host's mount table as it was", "; ".join(seen), "mounts-left")
    if trial.step < 4:
        left = sorted(trial.after.groups - trial.before.groups)
        check(not left, "no control group", ", ".join(left), "group-left")

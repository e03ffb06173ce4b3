"""Step 1: the container has a host name of its own."""

from lab.session import ODD_WORDS
from lab.verdict import after, check, check_ended, last_line, listed, own_lines

# The suspects, the most particular first.
WHY_SILENT = ("syntax-error", "processes-limit-wrong")
WHY_SILENT += ("arguments-lost", "stdin-lost", "stdout-lost", "left-early")
WHY_SILENT += ("pivot-root-refused", "group-inner-processes", "group-file-refused")
WHY_SILENT += ("group-file-unknown", "group-out-of-reach", "fork-after-pid-1")
WHY_SILENT += ("path-after-chroot", "crashed")
WHY_SILENT += ("exec-in-tree", "killed", "never-started", "never-ends")
WHY_INTERRUPTED = ("ctrl-c-traceback", "ctrl-c-ignored", "ctrl-c-apart", "ctrl-c-ends")
WHY_UNSEEN = ("left-early", "never-started", "arguments-lost")
WHY_NO_USAGE = ("usage-not-caught", "usage")
WHY_STATUS = ("crashed-late", "status-raw", "status-signal", "status-lost")


@after()
def test_runs_the_command(trial):
    """The command runs, with stdin, stdout and stderr connected."""
    first = trial.first
    said = own_lines(first.errors, trial.path)
    end = "no answer" if first.status is None else f"exit status {first.status}"
    check(
        first.is_up,
        "the command runs and answers",
        f"{end}; {last_line(first.errors) or 'nothing on stderr'}",
        *WHY_SILENT,
        evidence=[said],
    )
    check(first.view, "COMMAND with its arguments", "no process has them", *WHY_UNSEEN)
    check(trial.stderr_arrives, "what COMMAND writes to stderr", "nothing arrived", "stderr-lost")


def test_command_has_its_own_uts_namespace(trial):
    """The command runs in a UTS namespace of its own."""
    inside, host = trial.first.view.namespaces["uts"], trial.before.namespaces["uts"]
    suspects = ("unshare-in-launcher", "name-restored", "name-without-unshare", "name-printed")
    suspects += ("uts-shared",)
    check(inside != host, f"another one than the host's {host}", inside, *suspects)


@after("test_command_has_its_own_uts_namespace")
def test_host_keeps_its_name(trial):
    """The host keeps its name, while the container runs and after."""
    before, during, later = trial.before.host_name, trial.during.host_name, trial.name_left
    check(
        before == during == later,
        f"the host is called {before!r} all the time",
        f"{during!r} while the container ran, {later!r} afterwards",
        "name-restored",
        "name-before-unshare",
    )


@after("test_host_keeps_its_name")
def test_container_is_called_container(trial):
    """The container is called "container"."""
    name = trial.first.view.host_name
    check(
        name == "container", "the name 'container' inside", repr(name), "name-missing", "name-wrong"
    )


def test_arguments_arrive_unchanged(trial):
    """The command gets its arguments as they were given, blanks and all."""
    words = trial.first.command_line
    check(
        words[3:] == ODD_WORDS,
        f"the arguments {ODD_WORDS}",
        words[3:],
        "arguments-lost",
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
        "group-busy",
        "left-early",
        evidence=[own_lines(trial.first.errors, trial.path)],
    )


@after("test_waits_for_the_command")
@after("test_waits_for_the_command")
def test_ctrl_c_is_for_the_command(trial):
    """The command is reached by Ctrl-C, and no traceback is left."""
    second = trial.second
    if second.view:
        check(
            second.noticed and second.goes_on and second.launcher_stays,
            "COMMAND notices Ctrl-C, and both go on",
            _after_interrupt(second),
            *WHY_INTERRUPTED,
            evidence=[own_lines(second.errors, trial.path)],
        )
        said = last_line(second.errors)
        check("KeyboardInterrupt" not in second.errors, "no traceback", said, *WHY_INTERRUPTED)


@after("test_ctrl_c_is_for_the_command")
def test_exits_as_the_command_did(trial):
    """The exit status is the command's: n, or 128 + n when signal n ended it."""
    if trial.second.is_up:
        said = [own_lines(trial.second.errors, trial.path)]
        check_ended(trial.second, "an end when COMMAND ends")
        seen = trial.second.status
        check(seen == 7, "status 7 when COMMAND exits with 7", seen, *WHY_STATUS, evidence=said)
    said = [own_lines(trial.first.errors, trial.path)]
    check_ended(trial.first, "an end when COMMAND is killed")
    seen, wanted = trial.first.status, "status 137 (128 + 9) when COMMAND is killed"
    check(seen in trial.killed(), wanted, seen, *WHY_STATUS, evidence=said)


@after("test_exits_as_the_command_did")
def test_says_what_it_cannot_execute(trial):
    """A command that is missing ends in 127, one that is not executable in 126."""
    for run, status in ((trial.missing, 127), (trial.not_executable, 126)):
        check_ended(run, f"status {status}")
        lines = run.errors.splitlines()
        check(
            run.status == status and len(lines) == 1,
            f"status {status} and one line on stderr for {run.arguments[1]!r}",
            f"status {run.status}; {last_line(run.errors) or 'nothing on stderr'}",
            "exec-not-caught",
            "crashed",
            "exec-silent",
            "exec-status",
        )


@after()
def test_says_how_it_is_used(trial):
    """Wrong usage ends in status 2 and a usage line."""
    for run in trial.usage:
        check_ended(run, "status 2")
        words = " ".join(["container.py", *run.arguments])
        check(
            run.status == 2 and "usage" in run.errors.lower() and not run.output,
            f"status 2 and a usage line on stderr for {words!r}",
            f"status {run.status}; {_printed(run)}",
            *(WHY_SILENT if _same_error(run, trial.first) else WHY_NO_USAGE),
        )


def test_leaves_nothing_behind(trial):
    """No process, mount or control group of the program is left when it has ended."""
    own = trial.own_leftovers
    check(not own, "no process", listed(own), "processes-left")
    changes = trial.after.changes_since(trial.before)
    if trial.step < 3:  # from there on the checks of the step look closer
        seen = [words for point, words in changes.items() if point != "/proc" or trial.step < 2]
        check(not seen, "the host's mount table as it was", listed(seen), "mounts-left")
    if trial.step < 4:
        left = sorted(trial.after.groups - trial.before.groups)
        check(not left, "no control group", listed(left), "group-left")


def _after_interrupt(session):
    """Return in words what came of Ctrl-C."""
    if not session.noticed:
        return "COMMAND did not notice"
    return "COMMAND had ended" if session.launcher_stays else "the program had ended"


def _printed(run):
    """Return in words what a run printed, and where."""
    on_stdout = f"; on stdout: {last_line(run.output)}" if run.output else ""
    return (last_line(run.errors) or "nothing on stderr") + on_stdout


def _same_error(run, other):
    """Whether two runs ended with the same words: a program that cannot even begin."""
    return bool(run.errors) and last_line(run.errors) == last_line(other.errors)

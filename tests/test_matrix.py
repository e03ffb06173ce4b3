"""The checks, tested: each program of the course passes, or fails where it must.

Solution N passes the checks of 1 to N.  Starter N, and solution N with one task left
undone, pass those of 1 to N-1 and fail step N, by the check that names the task.
"""

from typing import NamedTuple

import corpus
import pytest
from running import PATIENCE

from lab import course
from lab.causes import PREDICATES

SOURCE = course.read_source()
STEPS = range(1, len(course.STEPS) + 1)

# Which check fails first when a task, by its first words, is left undone.
NAMED_BY = {
    "Leave the host's UTS namespace": "test_command_has_its_own_uts_namespace",
    "Name the container": "test_container_is_called_container",
    "Let the next child be PID 1": "test_command_is_pid_1",
    'Mount a new "proc"': "test_ps_shows_only_the_container",
    'Make "/" and every mount below it private': "test_mounts_stay_in_the_container",
    'Mount a new "tmpfs"': "test_mytemp_is_a_tmpfs",
    "Remove the group": "test_group_is_gone_afterwards",
    "Join the group": "test_command_has_its_own_group",
    "Allow MEMORY bytes": "test_memory_is_limited",
    "Allow no swap": "test_there_is_no_swap",
    "Allow PROCESSES processes": "test_processes_are_limited",
    "Go to ROOTFS": "test_root_is_the_tree",
}


def words_of(task):
    """Return the first words of a task, as the table has them."""
    return next((words for words in NAMED_BY if task.startswith(words)), task)


class Case(NamedTuple):
    """A program of the course: solution N, but for these tasks."""

    step: int
    undone: tuple = ()
    of: int = 0  # whose tasks they are, if not of this step

    def __str__(self):
        if not self.undone:
            return f"{self.step}-solution"
        if self.of:
            return f"{self.step}-{self.of}-{words_of(self.undone[0])}"
        what = "starter" if len(self.undone) > 1 else words_of(self.undone[0])
        return f"{self.step}-{what}"


TASKS = {step: tuple(course.tasks(SOURCE, step)) for step in STEPS}
SOLUTIONS = [Case(step) for step in STEPS]
STARTERS = [Case(step, tasks) for step, tasks in TASKS.items()]
UNDONE = [Case(step, (task,)) for step, tasks in TASKS.items() for task in tasks]
# Step N keeps what the steps before it ask for.
REGRESSIONS = [Case(n, (task,), k) for n in STEPS for k in range(1, n) for task in TASKS[k]]


@pytest.fixture(scope="session")
def judged(request, tmp_path_factory):
    """Return a promise of results for each case that is to be tested."""
    cases = [case for case in corpus.asked_for(request, "case") if isinstance(case, Case)]
    folder, programs = tmp_path_factory.mktemp("matrix"), {}
    for case in dict.fromkeys(cases):
        programs[case] = program_of(case, folder / f"{len(programs)}")
    promised = corpus.promised(programs.values())
    return {case: promised[program] for case, program in programs.items()}


def program_of(case, folder):
    """Write the program of a case into a folder of its own."""
    path = folder / "container.py"
    folder.mkdir()
    path.write_text(course.cut(SOURCE, case.step, case.undone, case.of))
    return corpus.Program("matrix", f"{case.step:02}_{case}", str(path), str(case), ())


@pytest.fixture
def results(case, judged):
    """Return the results of one case."""
    return judged[case].result(timeout=len(judged) * PATIENCE)


@pytest.mark.parametrize("case", SOLUTIONS, ids=str)
def test_solution_passes(case, results):
    """Solution N passes every check of the steps 1 to N."""
    skip_what_cannot_be_checked(results)
    assert {result["step"] for result in results} == set(range(1, case.step + 1))
    assert [told(result) for result in results if result["verdict"] != "pass"] == []


@pytest.mark.parametrize("case", STARTERS, ids=str)
def test_starter_fails_its_own_step(case, results):
    """Starter N fails step N, by a check that names one of its tasks, and no other step."""
    assert first_failure(case, results)["name"] in {named_by(task) for task in case.undone}


@pytest.mark.parametrize("case", UNDONE, ids=str)
def test_one_task_undone_fails_by_the_check_that_names_it(case, results):
    """With one task left undone, the check that names it fails, and no other step."""
    failure = first_failure(case, results)
    assert failure["name"] == named_by(*case.undone), told(failure)
    assert failure["expected"] and failure["observed"]


@pytest.mark.parametrize("case", UNDONE, ids=str)
def test_one_task_undone_has_a_cause_wherever_it_fails(case, results):
    """With one task left undone, no failure is of an unknown cause."""
    first_failure(case, results)
    causeless = [r for r in results if r["verdict"] == "fail" and r["cause"] not in PREDICATES]
    assert [told(result) for result in causeless] == []


@pytest.mark.parametrize("case", REGRESSIONS, ids=str)
def test_a_task_of_an_earlier_step_is_missed_in_a_later_one(case, results):
    """With one task of an earlier step undone, the check that names it fails, and says why."""
    skip_what_cannot_be_checked(results)
    failed = {result["name"]: result for result in results if result["verdict"] == "fail"}
    assert named_by(*case.undone) in failed, list(map(told, failed.values()))
    assert {result["cause"] for result in failed.values()} <= set(PREDICATES)


def test_every_task_is_named_by_a_check():
    """The table above has each task of the course once, and nothing else."""
    assert sorted(map(words_of, sum(TASKS.values(), ()))) == sorted(NAMED_BY)


def first_failure(case, results):
    """Return the first result that fails; everything that does not pass is of this step."""
    skip_what_cannot_be_checked(results)
    wrong = [result for result in results if result["verdict"] != "pass"]
    assert [told(result) for result in wrong if result["step"] != case.step] == []
    assert {result["verdict"] for result in wrong} <= {"fail", "timeout", "blocked"}
    assert any(result["step"] == case.step for result in results)
    return next(result for result in wrong if result["verdict"] == "fail")


def skip_what_cannot_be_checked(results):
    """Skip the test, with the reason, where the machine lacks what the checks need."""
    for result in results:
        if result["verdict"] == "cannot_check":
            pytest.skip(f"cannot check here: {result['observed']}")


def named_by(task):
    """Return the name of the check that a task is named by."""
    return NAMED_BY[words_of(task)]


def told(result):
    """Return a result in short."""
    return " ".join(f"{result[k]}" for k in ("check", "name", "verdict", "cause", "observed"))

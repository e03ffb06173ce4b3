"""The course is whole: files in sync, steps that only add, starters, hints and lessons."""

import ast
import difflib
import os
import re

import pytest
from running import run

from lab import ROOT, course
from lab.commands import hint

STEPS = range(1, len(course.STEPS) + 1)
GENERATED = [path(step) for step in STEPS for path in (course.solution_path, course.starter_path)]
LONGEST_FUNCTION, LONGEST_PROGRAM = 15, 110  # lines


@pytest.fixture(scope="module")
def source():
    """Return the annotated source."""
    return course.read_source()


# ---- Files in sync


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: os.path.relpath(path, ROOT))
def test_generated_file_is_what_the_source_makes_it(path, source):
    """A generated file is what the source makes it, in git if the working copy is edited."""
    text = course.generated(source)[path]
    assert_in_sync(path, text, os.path.relpath(path, ROOT))


def assert_in_sync(path, text, name):
    """Fail unless a file is as generated, or is a starter that somebody works on."""
    worked_on = "steps" in path.split(os.sep) and committed(path) == text
    if not worked_on and read(path) != text:
        where = "in git" if committed(path) not in (None, text) else "on disk"
        pytest.fail(
            f"{name} {where} is not what solutions/container.py makes it.\n"
            f"Mend it with:\n    make sync\n\n{changes(read(path), text)}",
            pytrace=False,
        )


def committed(path):
    """Return the text that git has of a file; None if it has none, or there is no git."""
    folder, name = os.path.split(path)
    try:
        words = ["git", "-c", "safe.directory=*", "-C", folder, "show", f"HEAD:./{name}"]
        shown = run(*words)
    except OSError:
        return None
    return shown.output if shown.status == 0 else None


def changes(old, new):
    """Return how a text differs from what it should be."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "is", "should be", lineterm="")
    return "\n".join(lines)


def read(path):
    """Return a file's text, and nothing if it is gone."""
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read()


@pytest.fixture
def starter(tmp_path):
    """Return a starter, as generated and committed in a repository of its own."""
    file = tmp_path / "steps/01_uts/container.py"
    file.parent.mkdir(parents=True)
    file.write_text("as given\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "starter")
    return file


def git(folder, *words):
    """Run git in a folder, as nobody in particular."""
    me = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    answer = run("git", "-C", folder, *me, *words)
    assert answer.status == 0, answer.errors


def test_learners_work_does_not_look_like_drift(starter):
    """A starter that is edited, or lost, is no drift as long as git has it as generated."""
    starter.write_text("as a learner left it\n")
    assert_in_sync(str(starter), "as given\n", "starter")
    starter.unlink()
    assert_in_sync(str(starter), "as given\n", "starter")


def test_regenerated_starter_need_not_be_committed_yet(starter):
    """A starter that was just written by `make sync` is in sync."""
    starter.write_text("as given anew\n")
    assert_in_sync(str(starter), "as given anew\n", "starter")


def test_stale_starter_is_told_with_the_command_that_mends_it(starter):
    """A starter that neither git nor the disk has as generated fails with `make sync`."""
    with pytest.raises(pytest.fail.Exception, match="(?s)in git.*make sync.*should be"):
        assert_in_sync(str(starter), "as given anew\n", "starter")


def test_edited_solution_is_drift_also_before_it_is_committed(starter):
    """A solution is edited by nobody, so that what is on the disk counts."""
    solution = str(starter).replace("/steps/", "/solutions/")
    os.renames(starter.parent, os.path.dirname(solution))
    with open(solution, "w") as file:
        file.write("edited by hand\n")
    with pytest.raises(pytest.fail.Exception, match="make sync"):
        assert_in_sync(solution, "as given\n", "solution")


def test_without_git_the_file_on_disk_counts(tmp_path):
    """Where git knows nothing, the working copy is compared."""
    file = tmp_path / "steps/01_uts/container.py"
    file.parent.mkdir(parents=True)
    file.write_text("stale\n")
    with pytest.raises(pytest.fail.Exception, match="on disk.*\n.*\n    make sync"):
        assert_in_sync(str(file), "as given\n", "starter")
    file.write_text("as given\n")
    assert_in_sync(str(file), "as given\n", "starter")


# ---- Steps that only add


@pytest.mark.parametrize("step", STEPS[1:])
def test_solution_only_adds_lines(source, step):
    """Solution N has every line of solution N-1, in the same order."""
    assert not removed(course.solution(source, step - 1), course.solution(source, step))


@pytest.mark.parametrize("step", STEPS)
def test_starter_is_the_solution_before_with_todos(source, step):
    """Starter N has every line of solution N-1, and a TODO for each task of the step."""
    starter = course.starter(source, step)
    assert step == 1 or not removed(course.solution(source, step - 1), starter)
    assert todos(starter) == course.tasks(source, step)
    assert course.tasks(source, step), "a step without a task teaches nothing"


@pytest.mark.parametrize("step", STEPS)
def test_solution_is_the_starter_with_its_todos_done(source, step):
    """What starter N has beside TODOs is in solution N, so that nobody deletes given lines."""
    lines = course.starter(source, step).splitlines(keepends=True)
    given = "".join(line for line in lines if "# TODO: " not in line)
    assert not removed(given, course.solution(source, step))
    assert given != course.solution(source, step)


@pytest.mark.parametrize("step", STEPS)
def test_starter_and_solution_are_python(source, step):
    """Every program that is cut from the source compiles, without a tag left over."""
    for program in (course.starter(source, step), course.solution(source, step)):
        compile(program, f"step {step}", "exec")
        assert not re.search(r"#[<>]", program)


def test_tasks_are_told_apart_by_their_text(source):
    """No two tasks of the course have the same text: hints and checks go by it."""
    texts = [task for step in STEPS for task in course.tasks(source, step)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("step", STEPS)
def test_functions_are_short(source, step):
    """A function of a solution is at most 15 lines long."""
    tree = ast.walk(ast.parse(course.solution(source, step)))
    functions = [node for node in tree if isinstance(node, ast.FunctionDef)]
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert lengths and max(lengths.values()) <= LONGEST_FUNCTION, lengths


def test_the_finished_container_is_short(source):
    """The last solution is at most 110 lines long."""
    assert course.solution(source, STEPS[-1]).count("\n") <= LONGEST_PROGRAM


def removed(before, after):
    """Return the lines of one text that a diff with another would mark with a minus."""
    before, after = before.splitlines(), after.splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [before[i:j] for kind, i, j, _, _ in blocks if kind in ("delete", "replace")]


def todos(program):
    """Return the texts of a program's TODOs."""
    return re.findall(r"^ *# TODO: (.*)$", program, re.M)


# ---- The cutter

WRONG_TAGS = {
    "never closed": ("a = 1\n#> 1\nb = 2\n", "line 2: .*never closed; add '#<'"),
    "the inner one never closed": ("#> 1\n    #> 2\n#<\n", "line 1: .*never closed"),
    "closes nothing": ("a = 1\n#<\n", "line 2: '#<' closes nothing"),
    "closes twice": ("#> 1\na = 1\n#<\n#<\n", "line 4: '#<' closes nothing"),
    "no such step": ("a = 1\n#> 9\n#<\n", "line 2: there is no step 9; steps are 1 to 5"),
    "step 0": ("#> 0\n#<\n", "line 1: there is no step 0"),
    "no step": ("#>\n#<\n", "line 1: write '#> N'"),
    "a word for a step": ("#> two\n#<\n", "line 1: write '#> N'"),
    "no space before the step": ("#>1\n#<\n", "line 1: write '#> N'"),
    "one space before the task": ("\n\n#> 1 Do it.\n#<\n", "line 3: write .*two spaces"),
    "a space after the step": ("#> 1 \n#<\n", "line 1: write '#> N'"),
    "text after the end": ("#> 1\na = 1\n#< 1\n", "line 3: nothing may follow '#<'"),
}


@pytest.mark.parametrize("mistake", WRONG_TAGS)
def test_wrong_tag_is_an_error_with_its_line(mistake):
    """A tag that is wrong raises TagError with the number of its line and what to do."""
    text, words = WRONG_TAGS[mistake]
    with pytest.raises(course.TagError, match=f"^{words}"):
        course.cut(text, 1)


def test_tags_may_stand_in_one_another():
    """A line is there when every region that it stands in is, the task of its own step undone."""
    text = "a\n#> 2\nb\n#> 3  Do it.\nc\n#<\n#> 5\nd\n#<\ne\n#<\nf\n"
    assert course.solution(text, 1) == "a\nf\n"
    assert course.solution(text, 2) == "a\nb\ne\nf\n"
    assert course.starter(text, 3) == "a\nb\n# TODO: Do it.\ne\nf\n"
    assert course.solution(text, 3) == "a\nb\nc\ne\nf\n"
    assert course.solution(text, 5) == "a\nb\nc\nd\ne\nf\n"


def test_todo_stands_as_far_in_as_its_task():
    """A TODO has the indentation of the tag that it replaces."""
    text = "def f():\n    #> 1  Do it.\n    return 1\n    #<\n"
    assert course.starter(text, 1) == "def f():\n    # TODO: Do it.\n"


def test_equal_tasks_in_a_row_are_two_todos():
    """Two tasks with the same text stay two, also when nothing is between them."""
    text = "#> 1  Do it.\na\n#<\n#> 1  Do it.\nb\n#<\n"
    assert course.tasks(text, 1) == ["Do it.", "Do it."]
    assert course.starter(text, 1) == "# TODO: Do it.\n# TODO: Do it.\n"


def test_task_of_an_earlier_step_with_the_same_text_stays_done():
    """A starter undoes the tasks of its own step, and those only."""
    text = "#> 1  Do it.\na\n#<\n#> 2  Do it.\nb\n#<\n"
    assert course.starter(text, 2) == "a\n# TODO: Do it.\n"


def test_one_task_alone_can_be_left_undone(source):
    """Cutting with one task undone leaves the other tasks of the step done."""
    for step in STEPS:
        for task in course.tasks(source, step):
            assert todos(course.cut(source, step, undone=[task])) == [task]


# ---- What is written for learners


@pytest.mark.parametrize("step", STEPS)
def test_every_task_has_three_hints(source, step):
    """The hints of a step have its tasks as headings, in order, each with three levels."""
    hints = hint.read(step)
    assert list(hints) == course.tasks(source, step)
    assert {task: len(levels) for task, levels in hints.items() if len(levels) != 3} == {}
    assert all(level for levels in hints.values() for level in levels)


@pytest.mark.parametrize("step", STEPS)
def test_hints_do_not_give_the_line_away(source, step):
    """No hint contains a line of the solution that its task asks for."""
    lines = set(course.solution(source, step).splitlines())
    lines -= set(course.starter(source, step).splitlines())
    for levels in hint.read(step).values():
        for text in levels:
            assert not [line for line in lines if line.strip() and line.strip() in text]


@pytest.mark.parametrize("step", STEPS)
def test_lesson_shows_code_that_the_solution_has(source, step):
    """Every Python example of a lesson is a run of lines of the step's solution."""
    lesson = f"{ROOT}/steps/{course.STEPS[step - 1]}/README.md"
    assert os.path.isfile(lesson)
    program = course.solution(source, step)
    for example in re.findall(r"^```python\n(.*?)^```", read(lesson), re.M | re.S):
        assert f"\n{example}" in f"\n{program}", f"not in the solution:\n{example}"

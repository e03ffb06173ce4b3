"""What a class's results become for others: a table, Gradescope, Classroom 50, JUnit."""

import copy
import csv
import datetime
import io
import json
import os
import re
import subprocess
from xml.etree import ElementTree

import pytest
from jsonschema import Draft7Validator

from lab import checks, course, judge, mistakes, progress
from lab.grade import classroom50, gradescope, junit, table, told, verdict
from lab.sheet import Sheet
from lab.verdict import MARKS, CannotCheck, CheckFailed, TookTooLong

CAUSE = "pid-no-fork"
HINT = mistakes.read()[CAUSE].hints[0]
UNREAD = {"check": "03.0", "step": 3, "name": "program", "title": "its program can be read"}
UNREAD.update(verdict="fail", points=0, max_points=0, observed="the zip cannot be read: =1+1")
LARGEST = 250_000  # bytes of what is written of seven checks that saw megabytes
HOSTILE = {
    "control": "\0\x01\x08\x1b]0;x\x07\x1b[31m\x7f\x85\r\n\tx",
    "markup": '</script><!-- ]]> <![CDATA[ &amp; &#0; " \' <failure message="x"/>',
    "surrogates": "\ud800 \udfff \udcff\udc80",
    "no characters": "\ufffe\uffff\U0001fffe",
    "direction": "\u202egrade\u2066",
    "formula": "=cmd|' /C calc'!A0",
    "late formula": " \t\n=1+1",
    "separators": 'a;=1+1,=1+1\n=1+1\r=1+1\u2028=1+1"',
    "megabyte": "x\0" * 500_000,
}
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def raising(error):
    """Return a check's run that ends with an error."""
    return lambda: error


RUNS = {
    "runs_the_command": raising(None),
    "fails": raising(CheckFailed("process 1", "process 7", evidence=["NSpid: 7"])),
    "waits": raising(None),
    "never_ends": raising(TookTooLong("an end", "container.py run true had not ended")),
    "is_not_here": raising(CannotCheck("no control groups", "make vm")),
    "breaks": raising(ZeroDivisionError("the checker divides by zero")),
}


def made(learner="ann"):
    """Return results as the judge makes them: one of each verdict, and a program not read."""
    sheet = Sheet(lambda: None)
    for name, run in RUNS.items():

        def check():
            """Do as it is told."""

        check.__name__ = f"test_{name}"
        check.after = ["test_fails"] if name == "waits" else []
        sheet.add(check, 2, run)
    sheet.results[1].update(cause=CAUSE, see="container.py:12  os.execvp(...)")
    blank = {**sheet.results[0], "see": None, "ms": 0.0, **UNREAD}
    return judge.signed([*sheet.results, blank], "0" * 64, learner)


def only(*verdicts):
    """Return those of the results that have one of some verdicts."""
    return [result for result in made() if result["verdict"] in verdicts]


def spoilt(text):
    """Return results in which a program, or its author, has put a text wherever that can be."""
    results = made()
    for result in results:
        result["evidence"] = [text] * 50
        for key in ("title", "expected", "observed", "see", "learner"):
            result[key] = text
    return results


def test_results_have_every_verdict():
    """What the tests below look at is all there is."""
    assert {result["verdict"] for result in made()} == set(MARKS)


def test_nothing_is_changed():
    """A format reads the results, which others read after it."""
    results = made()
    before = copy.deepcopy(results)
    gradescope.document(results)
    junit.write([("ann", results)], io.StringIO())
    table.write([("ann", results)], io.StringIO())
    assert results == before


# What JSON has to look like: the fields of the formats' own pages, and no others.

TEXT = {"type": "string"}
NOT_EMPTY = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}


def closed(required, optional=()):
    """Return the schema of an object that has these fields alone."""
    fields = {**required, **dict(optional)}
    known = {"type": "object", "properties": fields, "additionalProperties": False}
    return {**known, "required": list(required)}


GRADESCOPE_TEST = {
    **closed(
        {"status": {"enum": ["passed", "failed"]}, "name": NOT_EMPTY},
        {
            "score": {"type": "number"},
            "max_score": {"type": "number"},
            "name_format": FORMAT,
            "number": TEXT,
            "output": TEXT,
            "output_format": FORMAT,
            "tags": {"type": "array", "items": TEXT},
            "visibility": VISIBILITY,
            "extra_data": {"type": "object"},
        },
    ),
    "dependencies": {"score": ["max_score"], "max_score": ["score"]},
}
GRADESCOPE = closed(
    {"score": {"type": "number"}, "tests": {"type": "array", "items": GRADESCOPE_TEST}},
    {
        "execution_time": {"type": "number"},
        "output": TEXT,
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
    },
)
CLASSROOM50_TEST = closed(
    {"test-name": NOT_EMPTY, "passed": {"type": "boolean"}, "score": COUNT, "max-score": COUNT}
)
CLASSROOM50_TEST["additionalProperties"] = True
CLASSROOM50 = closed(
    {
        "schema": {"const": "classroom50/result/v1"},
        "classroom": NOT_EMPTY,
        "assignment": NOT_EMPTY,
        "assignment_type": {"enum": ["individual", "group", "team"]},
        "owner": NOT_EMPTY,
        "submission": {"type": "string", "pattern": "^submit/"},
        "commit": NOT_EMPTY,
        "release": NOT_EMPTY,
        "review": NOT_EMPTY,
        "datetime": INSTANT,
        "score": COUNT,
        "max-score": COUNT,
        "tests": {"type": "array", "items": CLASSROOM50_TEST},
    },
    {
        "graded_at": INSTANT,
        "submitted_by": closed({"username": NOT_EMPTY}, {"id": {"type": ["integer", "null"]}}),
    },
)


def valid(document, schema):
    """Return a document as somebody else reads it; it must be as the schema says."""
    written = json.dumps(document, ensure_ascii=False).encode()  # no lone surrogates
    assert len(written) < LARGEST
    Draft7Validator.check_schema(schema)
    read = json.loads(written)
    Draft7Validator(schema).validate(read)
    return read


def strings(document):
    """Yield every text in a document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, (dict, list)):
        for part in document.values() if isinstance(document, dict) else document:
            yield from strings(part)


def is_plain(text):
    """Whether a text has nothing in it that a terminal or a parser could take for an order."""
    return all(letter.isprintable() or letter == "\n" for letter in text)


# Gradescope


def scope(results):
    """Return what Gradescope is told, and the tests by their numbers."""
    document = valid(gradescope.document(results), GRADESCOPE)
    return document, {test["number"]: test for test in document["tests"]}


def test_gradescope_sums_the_points():
    """The score is there whatever the tests have, and nothing is hidden."""
    document, tests = scope(made())
    assert document["score"] == 1 == sum(test.get("score", 0) for test in tests.values())
    assert document["test_output_format"] == document["test_name_format"] == "text"
    assert "visibility" not in set(document).union(*tests.values())
    assert list(tests) == ["02.1", "02.2", "02.3", "02.4", "02.5", "02.6", "03.0"]


def test_gradescope_test_that_passes():
    """A check that passes has its full score, and nothing more is said."""
    test = scope(made())[1]["02.1"]
    assert (test["status"], test["score"], test["max_score"]) == ("passed", 1, 1)
    assert test["output"] == "" and test["name"] == "do as it is told"
    assert test["tags"] == ["step 2", "pid"]


@pytest.mark.parametrize("number", ["02.2", "02.3", "02.4"])
def test_gradescope_test_that_fails(number):
    """What fails, waits or never ends has no points of those there are."""
    test = scope(made())[1][number]
    assert (test["status"], test["score"], test["max_score"]) == ("failed", 0, 1)


def test_gradescope_says_what_is_wrong():
    """A failure comes with what was seen, the likely cause and where to look; and no more hints."""
    told_ = scope(made())[1]["02.2"]["output"].splitlines()
    assert told_[:2] == ["expected   process 1", "observed   process 7"]
    assert told_[2].startswith("likely     unshare(2)") and told_[2].endswith(f"[{CAUSE}]")
    assert told_[3:5] == ["see        container.py:12  os.execvp(...)", "NSpid: 7"]
    assert [line for line in told_ if "hint" in line] == [f"hint 1     {HINT}"]


def test_gradescope_says_what_a_check_waits_for():
    """A blocked check names the one before it."""
    assert scope(made())[1]["02.3"]["output"] == "after 02.2"


def test_gradescope_failure_without_a_cause():
    """Where no cause was found there is no hint either."""
    output = scope(made())[1]["02.4"]["output"]
    assert "likely     cause unknown" in output and "hint" not in output


def test_gradescope_takes_no_points_for_what_cannot_be_checked():
    """A check that this machine cannot make is a status without a score."""
    document, tests = scope(made())
    test = tests["02.5"]
    assert not {"score", "max_score"} & set(test) and test["status"] == "failed"
    assert test["name"] == "cannot be checked here: do as it is told"
    assert test["output"].splitlines() == ["not here   no control groups", "way out    make vm"]
    assert gradescope.NOTES["cannot_check"] in document["output"]


def test_gradescope_keeps_a_broken_checker_for_the_teacher():
    """Who submits reads whom to tell; the detail is where only the teacher sees it."""
    test = scope(made())[1]["02.6"]
    assert not {"score", "max_score"} & set(test) and test["output"] == told.FOR_TEACHER
    assert test["extra_data"]["detail"] == "ZeroDivisionError: the checker divides by zero"


def test_gradescope_program_that_was_not_read():
    """The reason is all there is to say of a program that could not be judged."""
    test = scope(made())[1]["03.0"]
    assert (test["status"], test["score"], test["max_score"]) == ("failed", 0, 0)
    assert test["output"] == UNREAD["observed"]


def test_gradescope_has_a_document_of_nothing():
    """Without results there is a score of 0, which Gradescope demands if there are no tests."""
    assert scope([])[0]["score"] == 0


@hostile
def test_gradescope_holds_any_text(text):
    """What a program printed is shown as text, and not all of it if it is long."""
    document, _ = scope(spoilt(text))
    assert all(map(is_plain, strings(document)))


NAMES = ["ann", "Ann Example", "../../etc/x", ".", "..", ".hidden", "a/b", "=1+1", "\udcff", "ü"]
NAMES += ["x" * 255, "x" * 254 + "y", "ü" * 120, "a%2Fb", "con\n"]


def test_gradescope_has_a_file_for_each_person(tmp_path):
    """Nobody's name is a path, nobody's hidden, none too long, and no two are one."""
    gradescope.write([(name, made(name)) for name in NAMES], str(tmp_path / "out"))
    files = os.listdir(tmp_path / "out")
    assert os.listdir(tmp_path) == ["out"] and len(files) == len(NAMES)
    for file in files:
        assert re.fullmatch(r"[A-Za-z0-9%_~=-][A-Za-z0-9%_~ @+,=.-]*\.json", file), file
        valid(json.loads((tmp_path / "out" / file).read_bytes()), GRADESCOPE)
    assert {"ann.json", "Ann Example.json"} <= set(files)


# Classroom 50

RUNNER = {
    "CLASSROOM": "cs",
    "ASSIGNMENT": "containers",
    "OWNER": "ann",
    "ASSIGNMENT_TYPE": "individual",
    "SUBMISSION_TAG": "submit/2026-06-01T14-33-11Z-abc",
    "COMMIT_URL": "https://github.com/x/y/commit/abc",
    "RELEASE_URL": "https://github.com/x/y/releases/tag/z",
    "REVIEW_URL": "https://github.com/x/y/compare/a...b",
}
WHEN = datetime.datetime(2026, 6, 1, 16, 33, 11, 5, datetime.timezone(datetime.timedelta(hours=2)))
COMMIT = "https://github.com/x/y/commit/abc"
FACTS = classroom50.Facts(
    classroom="cs",
    assignment="containers",
    owner="ann",
    submission="submit/2026-06-01T14-33-11Z-abc",
    commit=COMMIT,
    release="https://github.com/x/y/releases/tag/z",
    review=COMMIT,
    datetime=WHEN,
)
GRADED = ("pass", "fail", "timeout", "blocked")


def test_classroom50_has_the_required_fields_and_no_others():
    """The facts are handed through, the instant in UTC, and the points are summed up."""
    document = valid(classroom50.document(only(*GRADED), FACTS), CLASSROOM50)
    assert set(document) == set(CLASSROOM50["required"])
    assert document["datetime"] == "2026-06-01T14:33:11Z"
    assert (document["owner"], document["commit"]) == ("ann", COMMIT)
    assert (document["score"], document["max-score"]) == (1, 4)


def test_classroom50_tests():
    """A test has passed or not, and carries what was expected and seen, and the cause."""
    tests = valid(classroom50.document(only(*GRADED), FACTS), CLASSROOM50)["tests"]
    assert [(t["passed"], t["score"], t["max-score"]) for t in tests] == [
        (True, 1, 1),
        *[(False, 0, 1)] * 3,
        (False, 0, 0),
    ]
    assert tests[0]["test-name"] == "02.1 do as it is told"
    failed = {key: tests[1][key] for key in ("expected", "observed", "cause")}
    assert failed == {"expected": "process 1", "observed": "process 7", "cause": CAUSE}
    assert tests[2]["output"] == "after 02.2"


def committed(folder, when):
    """Make a checkout with one commit of some instant."""
    env = {**os.environ, "GIT_COMMITTER_DATE": when}
    author = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    for words in (["init", "-q"], [*author, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-C", folder, *words], check=True, env=env)


def test_classroom50_facts_are_the_runners_and_gits(tmp_path):
    """The names and links are in the environment, and git knows when it was committed."""
    committed(tmp_path, "2026-06-01T16:33:11+02:00")
    facts = classroom50.facts(RUNNER, tmp_path)
    document = valid(classroom50.document(only("pass"), facts), CLASSROOM50)
    assert document["datetime"] == "2026-06-01T14:33:11Z"
    for field, name in classroom50.VARIABLES.items():
        assert document[field] == RUNNER[name]


@pytest.mark.parametrize("name", RUNNER)
def test_classroom50_facts_are_not_made_up(tmp_path, name):
    """Where one is not there, there is no grade, and a line says which."""
    committed(tmp_path, "2026-06-01T16:33:11Z")
    with pytest.raises(classroom50.NoGrade, match=f"there is no {name}$"):
        classroom50.facts({**RUNNER, name: ""}, tmp_path)


def test_classroom50_instant_is_not_made_up(tmp_path):
    """A folder that is no checkout says nothing of when it was submitted."""
    with pytest.raises(classroom50.NoGrade, match="git does not know when"):
        classroom50.facts(RUNNER, tmp_path)


def test_classroom50_group():
    """Who works in a group says so."""
    facts = FACTS._replace(assignment_type="group")
    document = valid(classroom50.document(only("pass"), facts), CLASSROOM50)
    assert document["assignment_type"] == "group"


@pytest.mark.parametrize("verdict", ["cannot_check", "checker_error"])
def test_classroom50_gives_no_grade_for_what_it_does_not_know(verdict):
    """Half a result would be a grade; the exception says which check, and why."""
    with pytest.raises(classroom50.NoGrade, match=r"02\.[56] do as it is told: (no control|Zero)"):
        classroom50.document(only("pass", verdict), FACTS)


def test_classroom50_gives_no_grade_for_nothing():
    """0 of 0 points would be taken for success."""
    with pytest.raises(classroom50.NoGrade, match="nothing was checked"):
        classroom50.document([], FACTS)


@hostile
def test_classroom50_holds_any_text(text):
    """What a program printed is text, and far below the 10 MB that are read of a result."""
    results = [result for result in spoilt(text) if result["verdict"] in GRADED]
    assert all(map(is_plain, strings(valid(classroom50.document(results, FACTS), CLASSROOM50))))


# JUnit

COUNTS = {"name", "errors", "failures", "skipped", "tests", "time"}
ELEMENTS = {  # the attributes of each element, and what may be in it, in this order
    "testsuites": ({"name"}, ["testsuite"]),
    "testsuite": (COUNTS, ["properties", "testcase"]),
    "testcase": (
        {"classname", "name", "time"},
        ["properties", "failure", "error", "skipped", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "failure": ({"message", "type"}, []),
    "error": ({"message", "type"}, []),
    "skipped": ({"message", "type"}, []),
}


def xml(people):
    """Return what is written of a class, in bytes that any file takes."""
    file = io.StringIO()
    junit.write(people.items(), file)
    return file.getvalue().encode("ascii")


def suites(people):
    """Return the root of what is written of a class; it must be as JUnit's schema says."""
    root = ElementTree.fromstring(xml(people))
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = ELEMENTS[element.tag]
        assert set(element.attrib) == attributes
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places)
        if element.tag == "testcase":
            assert [child.tag for child in element][:1] == ["properties"] and len(element) < 3
    return root


def cases(results):
    """Return the cases of one person, by the numbers of the checks."""
    return {case.get("name").split()[0]: case for case in suites({"ann": results})[0][1:]}


def values(element):
    """Return the properties of a suite or a case."""
    return {p.get("name"): p.get("value") for p in element.find("properties")}


def test_junit_has_a_suite_for_each_person():
    """People come in their order, and their suites count what is in them."""
    root = suites({"ann": only("pass"), "bob": made("bob")})
    assert [suite.get("name") for suite in root] == ["ann", "bob"]
    bob = root[1]
    numbers = {key: int(bob.get(key)) for key in ("tests", "failures", "errors", "skipped")}
    assert numbers == {"tests": 7, "failures": 3, "errors": 1, "skipped": 2}
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert len(bob.findall(f"testcase/{tag}")) == numbers[key]
    assert values(bob) == {"points": "1", "max_points": "6"}


def test_junit_cases_of_two_people_are_told_apart():
    """Who throws all suites together finds no two cases of one name."""
    root = suites({"ann": made(), "bob": made("bob")})
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names) == 14
    assert names[0] == ("ann.02_pid", "02.1 do as it is told")


@pytest.mark.parametrize(
    ("number", "tag", "kind", "message"),
    [
        ("02.2", "failure", "fail", CAUSE),
        ("02.3", "skipped", "blocked", "after 02.2"),
        ("02.4", "failure", "timeout", "container.py run true had not ended"),
        ("02.5", "skipped", "cannot_check", "no control groups"),
        ("02.6", "error", "checker_error", "ZeroDivisionError: the checker divides by zero"),
        ("03.0", "failure", "fail", UNREAD["observed"]),
    ],
)
def test_junit_outcomes(number, tag, kind, message):
    """What has not passed is a failure, was skipped or is an error, with the gist of it."""
    outcome = cases(made())[number][1]
    assert (outcome.tag, outcome.get("type"), outcome.get("message")) == (tag, kind, message)


def test_junit_keeps_points_and_cause():
    """Points and causes, for which JUnit has no place, are properties."""
    found = cases(made())
    assert len(found["02.1"]) == 1  # it passes: the properties alone
    assert values(found["02.1"]) == {"points": "1", "max_points": "1"}
    assert values(found["02.2"]) == {"points": "0", "max_points": "1", "cause": CAUSE}
    assert f"hint 1     {HINT}" in found["02.2"][1].text


@hostile
def test_junit_holds_any_text(text):
    """It is XML whatever a program printed or a folder is called, and no element is forged."""
    results = spoilt(text)
    root = suites({text: results})
    assert len(root) == 1 and len(root.findall("*/testcase")) == len(results)
    assert len(root.findall("*/*/failure")) == 3
    assert len(xml({"ann": results})) < LARGEST


# The table


def rows(people, delimiter=","):
    """Return the table of a class as a spreadsheet reads it, the cells as texts."""
    file = io.StringIO(newline="")
    table.write(people.items(), file)
    file = io.StringIO(file.getvalue().encode().decode(), newline="")
    return list(csv.reader(file, delimiter=delimiter))


def test_table_has_a_row_for_each_person():
    """The points, how each program is as a whole, the verdict of each check, the first causes."""
    head, ann, bob, eve = rows({"bob": only("pass"), "eve": [], "ann": made()})
    checks = [f"check 02.{number}" for number in range(1, 7)]
    causes = ["cause in step 2", "cause in step 3"]
    assert head == ["learner", "points", "max_points", "step 2", "step 3", *checks, *causes]
    verdicts = ["pass", "fail", "blocked", "timeout", "cannot_check", "checker_error"]
    whole = ["fail", "not judged"]
    assert ann == ["ann", "1", "6", *whole, *verdicts, CAUSE, UNREAD["observed"]]
    assert bob == ["bob", "1", "1", "pass", "", "pass", *[""] * 7]
    assert eve == ["eve", "0", "0", *[""] * 10]


def test_table_counts_checks_as_people_do():
    """The tenth check of a step comes after the second."""
    results = [{**made()[0], "check": f"02.{number}"} for number in (10, 2, 1)]
    assert rows({"ann": results})[0][4:7] == ["check 02.1", "check 02.2", "check 02.10"]


@pytest.mark.parametrize(
    "verdicts, whole",
    [
        (["pass"], "pass"),
        (["pass", "timeout"], "fail"),
        (["fail", "blocked", "cannot_check"], "fail"),
        (["pass", "cannot_check"], "cannot check"),
        (["cannot_check", "checker_error"], "checker error"),
    ],
)
def test_table_says_how_a_program_is_as_a_whole(verdicts, whole):
    """A program passes if all is well; what is not the learner's fault has words of its own."""
    assert rows({"ann": only(*verdicts)})[1][3] == whole


def test_table_tells_nothing_handed_in_from_not_judged():
    """A program that is not there is no program that cannot be read."""
    nothing = {**made()[6], "name": told.HANDED_IN}
    assert rows({"ann": [nothing]})[1][3] == "not handed in"
    assert rows({"ann": made()[6:]})[1][3] == "not judged"


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@a", "\t=1", "\n=1", " =1", "\r=1", "\0=1", "＝1"]
)
def test_table_has_no_formula_in_a_name(name):
    """What a spreadsheet would compute is a text in it."""
    cell = rows({name: made()})[1][0]
    assert cell[0] in "'\ufffd" and cell.endswith(name[1:])


def test_table_has_two_people_of_one_name():
    """Two folders whose names look alike are two rows."""
    assert len(rows({"ann\0": made(), "ann\1": made()})) == 3


@hostile
def test_table_holds_any_text(text):
    """A cell is one line and no formula, in whatever way a spreadsheet splits the lines."""
    results = spoilt(text)
    results[1]["cause"] = text  # it never is a program's own text
    found = rows({text: results})
    assert [len(row) for row in found] == [len(found[0])] * 2
    for cell in [*found[1], *rows({text: results}, ";")[1]]:  # where 1,5 is a number
        assert is_plain(cell) and "\n" not in cell and not cell.startswith(tuple("=+-@"))


# Programs of several steps


def program(step, *verdicts):
    """Return the results of a step's program: a check of step 1, 2, ... of each verdict."""
    results = []
    for number, word in enumerate(verdicts, 1):
        check = {"check": f"{number:02}.1", "step": number, "of_step": step, "verdict": word}
        result = {**made()[0], **check, "points": int(word == "pass")}
        result["depends_on"] = ["01.1"] if number > 1 else []
        if word == "fail":
            result.update(cause=CAUSE, expected="process 1", observed=f"process {step}7")
        results.append(result)
    return results


def test_a_check_counts_once():
    """A check of step 1 is made on the program of step 2 too, where it has no points."""
    results = [*program(2, "fail", "pass"), *program(1, "pass")]
    assert [told.of_step(result) for result in told.once(results)] == [1, 2]
    document, tests = scope(results)
    assert document["score"] == 2 and [test["score"] for test in tests.values()] == [1, 1]
    document = valid(classroom50.document(results, FACTS), CLASSROOM50)
    assert (document["score"], document["max-score"], len(document["tests"])) == (2, 2, 2)
    assert len(cases(results)) == 2 and suites({"ann": results})[0].get("failures") == "0"
    assert rows({"ann": results})[1] == ["ann", "2", "2", "pass", "fail", "pass", "pass", "", CAUSE]
    assert scope([*program(1, "fail"), *program(2, "pass", "pass")])[0]["score"] == 1


def test_a_check_counts_where_the_next_program_has_it():
    """Who was judged by a later program alone, or has not handed in one between, loses nothing."""
    results = [*program(3, "pass", "fail", "pass"), *program(1, "fail")]
    counted = [(told.of_step(r), r["check"], r["verdict"]) for r in told.once(results)]
    assert counted == [(1, "01.1", "fail"), (3, "02.1", "fail"), (3, "03.1", "pass")]
    document, _ = scope(program(2, "pass", "pass"))
    assert document["score"] == 2


def counted(results):
    """Return which program's results count, and their points of how many."""
    document, tests = scope(results)
    points = {number: (t.get("score"), t.get("max_score")) for number, t in tests.items()}
    assert document["score"] == sum(score or 0 for score, _ in points.values())
    return {result["check"]: told.of_step(result) for result in told.once(results)}, points


def test_step_that_was_not_handed_in_counts_in_the_next_one():
    """A later program has the earlier steps in it: their checks are there once, and no stand-in."""
    programs, points = counted([*verdict.missing(1, "ann"), *program(2, "pass", "fail")])
    assert programs == {"01.1": 2, "02.1": 2}
    assert points == {"01.1": (1, 1), "02.1": (0, 1)}


def test_step_that_was_not_handed_in_has_its_points_to_lose():
    """Where no later program was handed in either, one line stands for all checks of the step."""
    results = [*program(1, "pass"), *verdict.missing(2, "ann")]
    programs, points = counted(results)
    assert programs == {"01.1": 1, "02.0": 2}
    assert points["02.0"] == (0, len(checks.of_step(2)))
    test = scope(results)[1]["02.0"]
    assert (test["name"], test["output"]) == ("the program is handed in", "nothing was handed in")


def test_starter_of_a_later_step_earns_nothing_for_the_steps_before():
    """The steps that somebody was given solved are not theirs; once they began, they are."""
    later = program(2, "pass", "fail")
    given = [{**r, "submission_hash": progress.digest(progress.starter(2))} for r in later]
    assert counted([*verdict.missing(1, "ann"), *given])[0] == {"01.0": 1, "02.1": 2}
    assert counted([*verdict.missing(1, "ann"), *later])[0] == {"01.1": 2, "02.1": 2}
    assert counted(given)[0] == {"01.1": 2, "02.1": 2}, "only this step was asked for"


def test_program_that_cannot_be_judged_is_no_better_than_a_wrong_one():
    """What was handed in counts, although a later program would have the points."""
    late = verdict.lost(b"x", 1, "ann", "no verdict within 9 seconds", "timeout")
    programs, points = counted([*late, *program(2, "pass", "pass")])
    assert programs == {"01.0": 1, "02.1": 2}
    assert points == {"01.0": (0, len(checks.of_step(1))), "02.1": (1, 1)}


def test_program_whose_judge_has_died_loses_no_points():
    """No program can end its judge, so that is the checker's error, for the teacher to see."""
    results = verdict.lost(b"x", 1, "ann", "the checker ended without a word", "checker_error")
    assert counted(results)[1] == {"01.0": (None, None)}
    test = scope(results)[1]["01.0"]
    assert test["output"] == told.FOR_TEACHER
    assert test["extra_data"]["detail"] == "the checker ended without a word"
    with pytest.raises(classroom50.NoGrade, match="without a word"):
        classroom50.document(results, FACTS)


def test_what_blocks_a_check_is_told_of_the_same_program():
    """What a step's program has lost of an earlier step is told, where its own step passes."""
    results = [*program(1, "pass"), *program(2, "fail", "blocked")]
    _, tests = scope(results)
    assert tests["01.1"]["status"] == "passed"
    lines = tests["02.1"]["output"].splitlines()
    assert lines[:3] == ["after 01.1", "expected   process 1", "observed   process 27"]
    assert lines[-1].startswith("prove it   make run-step 2 ")
    assert cases(results)["02.1"][1].get("message") == "after 01.1"
    both = [*program(1, "fail"), *program(2, "fail", "blocked")]
    assert scope(both)[1]["02.1"]["output"].splitlines() == lines


def test_a_check_may_wait_for_nobody_who_is_there():
    """Results that somebody has thinned out are told all the same."""
    assert told.about(only("blocked")[0], []) == "after another check"


# What is told


def test_a_long_text_is_cut():
    """Of a long text there is the beginning, and how much more there was."""
    assert told.plain("x" * 12, longest=10) == "xxxxxxxxxx ... and 2 characters more"
    assert told.plain("x" * 10, longest=10) == "x" * 10


def test_tabs_and_nothing_are_told():
    """A tab is a blank, and what is not there is no text."""
    assert told.plain("a\tb\nc") == "a b\nc" and told.plain(None) == ""


def test_every_cause_can_be_told():
    """Whatever the cause, its sentence and its first hint fit, uncut."""
    failed = only("fail")[0]
    for cause, mistake in mistakes.read().items():
        about = told.about({**failed, "cause": cause, "step": len(course.STEPS)}, [failed])
        assert mistake.sentence in about and mistake.hints[0] in about

"""The results of a class as JUnit XML, in the shape that pytest gives it."""

from xml.etree import ElementTree

from lab import course
from lab.grade import told

BEGIN = '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="containers-from-scratch">\n'
END = "</testsuites>\n"
OUTCOMES = {
    "fail": "failure",
    "timeout": "failure",
    "blocked": "skipped",
    "cannot_check": "skipped",
    "checker_error": "error",
}
COUNTS = {"errors": "error", "failures": "failure", "skipped": "skipped"}


def write(people, file) -> None:
    """Write the results of a class to a file of text, in ASCII: a suite for each person.

    `people` are pairs, a name and all results of that person.
    """
    file.write(BEGIN)
    for person, results in people:
        suite = _suite(told.line(person, told.SHORT), results)
        ElementTree.indent(suite)
        file.write(ElementTree.tostring(suite, encoding="us-ascii").decode() + "\n")
    file.write(END)


def _suite(person, results):
    """Return the suite of one person."""
    checks = told.once(results)
    outcomes = [OUTCOMES.get(result["verdict"]) for result in checks]
    counts = {name: str(outcomes.count(outcome)) for name, outcome in COUNTS.items()}
    counts.update(tests=str(len(checks)), time=_seconds(checks))
    suite = ElementTree.Element("testsuite", name=person, **counts)
    points = {key: sum(result[key] for result in checks) for key in ("points", "max_points")}
    _add_properties(suite, points)
    for result in checks:
        _add_case(suite, person, result, results)
    return suite


def _add_case(suite, person, result, results):
    """Add one check; the person is in its name too, for who throws all suites together."""
    named = {"classname": f"{person}.{course.STEPS[result['step'] - 1]}", "name": told.name(result)}
    case = ElementTree.SubElement(suite, "testcase", **named, time=_seconds([result]))
    _add_properties(case, {key: result[key] for key in ("points", "max_points", "cause")})
    outcome = OUTCOMES.get(result["verdict"])
    if outcome:
        message = _message(result, results)
        about = ElementTree.SubElement(case, outcome, type=result["verdict"], message=message)
        about.text = told.about(result, results)


def _message(result, results):
    """Return the gist: the cause, or what a check waits for; without either what was seen."""
    if result["verdict"] == "blocked":
        return told.waits_for(result, results)
    return told.line(result["cause"] or result["observed"], told.SHORT)


def _add_properties(element, values):
    """Add properties, those that have a value."""
    properties = ElementTree.SubElement(element, "properties")
    for name, value in values.items():
        if value is not None:
            ElementTree.SubElement(properties, "property", name=name, value=told.line(value))


def _seconds(results):
    """Return how long checks took, as JUnit writes it."""
    return f"{sum(result['ms'] for result in results) / 1000:.3f}"

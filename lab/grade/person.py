"""The page of one person: for each program that does not pass, what was seen, and how to go on."""

from html import escape

from lab import course, progress, report
from lab.grade import heatmap, summary, told, xrays
from lab.verdict import MARKS

TYPED = ("see", "prove it", "")  # fields that are shown as they are, letter by letter
OURS = ("likely", "hint 1", "prove it")  # fields in which nothing is a learner's


def page(row: heatmap.Row, results: list, hide=str) -> str:
    """Return the section of a person; `hide` takes names out of what a program has printed."""
    parts, known = [], set()
    for step, own in told.by_program(results).items():
        parts += _program(step, row.person.steps[step].word, own, known, hide)
    points = f"{row.person.points} of {row.person.max_points} points"
    head = f'<h2>{told.html(row.person.person)}</h2><p class="points">{points}'
    return (
        f'<section class="person" id="{row.anchor}">{head} · <a href="#top">the class</a></p>\n'
        f"{''.join(parts)}{_xray(results, hide)}</section>\n"
    )


def _program(step, word, results, known, hide):
    """Yield how one program is; `known` are the mistakes that were told before, and grows."""
    name = f"Step {step} · {course.title(step)}"
    if told.is_unread(results[0]):
        yield f'<h3><b class="w">{heatmap.MISSING}</b> {name}: {word}</h3>\n'
        if word == summary.NOT_JUDGED:
            yield f"<p>{escape(hide(told.plain(results[0]['observed'])))}</p>\n"
        return
    count = report.how_many([result for result in results if result["step"] == step])
    yield f"<h3>{_mark(word.replace(' ', '_'))} {name}: {count}</h3>\n"
    yield from _verdicts(results, known, hide)


def _verdicts(results, known, hide):
    """Yield what there is to say of one program: what fails, most of all what is new."""
    failed = [result for result in results if result["verdict"] in progress.FAILED]
    new = [result for result in failed if _key(result) not in known]
    again = [result["check"] for result in failed if _key(result) in known]
    known.update(map(_key, failed))
    for group in _gathered(new, lambda result: result["cause"]):
        yield _failures(group, results, hide)
    if again:
        yield f"<p>{MARKS['fail']} as before: {', '.join(again)}</p>\n"
    others = [r for r in results if r["verdict"] not in ("pass", *progress.FAILED)]
    for group in _gathered(others, lambda result: _others(result, results)):
        yield _waiting(group, results, hide)


def _key(result):
    """Return what a failure is known by, in whichever program it is seen."""
    return result["check"], result["cause"]


def _gathered(results, what):
    """Return results that have something in common together, in their order."""
    found = {}
    for result in results:
        found.setdefault(what(result), []).append(result)
    return found.values()


def _failures(group, results, hide):
    """Return the checks that fail for one cause: of each what was seen, then how to go on."""
    parts, common = [], []
    for result in group:
        fields = list(told.fields(result, results))
        common = [field for field in fields if field[0] in OURS]
        seen = _fields([field for field in fields if field[0] not in OURS], hide)
        parts.append(f"<div><h4>{_title(result)}</h4>{seen}</div>")
    return f'<div class="mistake">{"".join(parts)}{_fields(common, str)}</div>\n'


def _title(result):
    """Return the mark of a check, and what it is called."""
    return f"{_mark(result['verdict'])} {told.prose(told.name(result))}"


def _mark(verdict):
    """Return the mark of a verdict, with a word for who does not see it."""
    return f'<b class="{heatmap.CLASSES[verdict]}" title="{verdict}">{MARKS[verdict]}</b>'


def _others(result, results):
    """Return what is said of a check that neither passes nor fails: (name, text) of each field."""
    if result["verdict"] == "blocked":
        return (("", told.waits_for(result, results)),)
    if result["verdict"] == "checker_error":  # whoever reads this is the teacher
        return (("error", f"in the checker, not in the program: {result['observed']}"),)
    return tuple(told.fields(result, results))


def _waiting(group, results, hide):
    """Return checks of which one thing is to be said: their numbers, and that."""
    numbers = f"{_mark(group[0]['verdict'])} {', '.join(result['check'] for result in group)}"
    fields = _others(group[0], results)
    if fields[0][0]:
        return f'<div class="mistake"><p>{numbers}</p>{_fields(fields, hide)}</div>\n'
    return f"<p>{numbers}: {fields[0][1]}</p>\n"


def _fields(fields, hide):
    """Return named fields as a list; what was typed or printed stays as it is."""
    parts = []
    for name, text in fields:
        shown = f"<pre>{escape(hide(told.plain(text)))}</pre>"
        if name not in TYPED:
            shown = told.prose(text) if name in OURS else escape(hide(told.plain(text)))
        parts.append(f"<dt>{name}</dt><dd>{shown}</dd>")
    return f"<dl>{''.join(parts)}</dl>"


def _xray(results, hide):
    """Return the X-ray of the first program that fails, if there is one."""
    step, lines = xrays.first(results)
    if not lines:
        return ""
    text = escape(hide("\n".join(told.plain(line, told.SHORT) for line in lines)))
    head = f'<h3 class="seen">X-ray of the program of step {step}</h3>'
    return f'{head}\n<pre class="xray">{text}</pre>\n'

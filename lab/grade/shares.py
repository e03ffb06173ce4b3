"""Which mistakes a class has made: of each step the causes, how many have them, and who."""

from lab import course, mistakes
from lab.grade import summary, told

WIDTH = 300  # of the bar of all
OTHERS = (summary.NOT_HANDED_IN, summary.NOT_JUDGED, "cannot check", "checker error")


def write(rows: list, file) -> None:
    """Write the causes of a class, step by step; `rows` are those of the heat map."""
    for step in sorted({step for row in rows for step in row.person.steps}):
        file.write(_step(step, [row for row in rows if step in row.person.steps]))


def _step(step, rows):
    """Return one step: how many pass, the causes, most people first, and who has no verdict."""
    by_word = _gathered(rows, lambda row: row.person.steps[step].word)
    counts = ", ".join(f"{len(found)} {word}" for word, found in by_word.items())
    failed = by_word.get(summary.FAIL, [])
    causes = _gathered(failed, lambda row: row.person.steps[step].why)
    parts = [_cause(step, cause, found, len(failed)) for cause, found in causes.items()]
    parts += [f"<p>{word}: {_who(by_word[word])}</p>\n" for word in OTHERS if word in by_word]
    title = f"<h3>Step {step} · {course.title(step)}</h3>\n"
    return f'<div class="causes">{title}<p>{_people(rows)}: {counts}</p>\n{"".join(parts)}</div>\n'


def _gathered(rows, what):
    """Return rows by what is said of them, what is said of most first."""
    found = {}
    for row in rows:
        found.setdefault(what(row), []).append(row)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), str(pair[0]))))


def _cause(step, cause, rows, failed):
    """Return one cause: its share in words and as a bar, its sentence, and the people."""
    share = len(rows) / failed
    mistake = mistakes.read().get(cause)
    are = f"are {told.html(cause)}" if cause else "have no known cause"
    sentence = f"<p>{told.prose(mistake.sentence)}</p>" if mistake else ""
    text = f"{share:.0%}".replace("%", f" % of step {step}'s failures {are} ({_people(rows)})")
    bar = f'<rect class="bar" width="{WIDTH * share:.0f}" height="10" rx="3"/>'
    whole = f'<rect class="whole" width="{WIDTH}" height="10" rx="3"/>'
    picture = f'<svg width="{WIDTH}" height="10" aria-hidden="true">{whole}{bar}</svg>'
    return f'<div class="cause"><h4>{text}</h4>{picture}{sentence}<p>{_who(rows)}</p></div>\n'


def _people(rows):
    """Say how many they are."""
    return f"{len(rows)} {'person' if len(rows) == 1 else 'people'}"


def _who(rows):
    """Return links to the pages of some people."""
    people = sorted((told.html(row.person.person), row.anchor) for row in rows)
    return ", ".join(f'<a href="#{anchor}">{name}</a>' for name, anchor in people)

"""The results of a class as one page, report.html, which needs no other file and no network."""

import hashlib
import tempfile

from lab import ROOT, ink, policy
from lab.grade import heatmap, person, shares, summary, told

NAME = "report.html"
HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="{policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>Containers from scratch: a class</title>
<style>{style}</style>
</head>
<body id="top">
<header>
<h1>Containers from scratch: a class of {people}</h1>
<p>Who got furthest comes first.  A name leads to what was seen of that person's programs.</p>
</header>
<main>
"""
CAUSES = "<h2>What went wrong</h2>\n<p>Of a program that fails the first cause counts.</p>\n"
PEOPLE = '<h2 class="people">Everybody</h2>\n'


def write(people, file, call=str, hide=str) -> None:
    """Write the page of a class: the heat map, the causes, and then everybody's own section.

    `people` are pairs, a name and all results of that person.  `call` says what a person is
    called in the page, and `hide` takes the names out of what programs have printed.  The sections
    wait in a file of their own, so that a class of any size needs the same memory.
    """
    rows, checks, places = [], {}, {}
    with tempfile.TemporaryFile() as sections:
        for name, results in people:
            row = _row(call(name), results)
            rows.append(row)
            _add_checks(checks, results)
            section = person.page(row, results, hide).encode()
            places[row.anchor] = sections.tell(), len(section)
            sections.write(section)
        _write_class(rows, checks, file)
        for row in sorted(rows, key=lambda row: row.person.person):
            begin, size = places[row.anchor]
            sections.seek(begin)
            file.write(sections.read(size).decode())
    file.write(f"</main>\n<script>{_script()}</script>\n</body>\n</html>\n")


def _row(name, results):
    """Return a person as the page has them: what is shown may be the same of two, anchors not."""
    anchor = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:12]
    return heatmap.Row(f"p-{anchor}", summary.of(told.line(name, told.SHORT), results))


def _add_checks(checks, results):
    """Add to the titles of the checks of each step those of somebody's results."""
    for result in results:
        checks.setdefault(told.of_step(result), {})
        if not told.is_unread(result):
            checks.setdefault(result["step"], {})[result["check"]] = result["title"]


def _write_class(rows, checks, file):
    """Write what is said of all of them."""
    ordered = {
        step: {check: checks[step][check] for check in sorted(checks[step], key=told.place)}
        for step in sorted(checks)
    }
    file.write(_head(len(rows), ordered))
    heatmap.write(rows, ordered, file)
    file.write(CAUSES)
    shares.write(rows, file)
    file.write(PEOPLE)


def _head(people, checks):
    """Return the head of the page, which allows this style and this script, and nothing else."""
    dark = f"@media (prefers-color-scheme: dark){{:root{{{ink.colours(1)}}}}}"
    light = f":root{{{ink.colours(0)}}}"
    style = "\n".join([light, dark, heatmap.style(checks), _read("report.css")])
    allowed = f"style-src {policy.allowed(style)}; script-src {policy.allowed(_script())}"
    rules = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return HEAD.format(policy=rules, style=style, people=people)


def _script():
    """Return the script, which sorts the table."""
    return _read("report.js")


def _read(name):
    """Return a part of the page."""
    with open(f"{ROOT}/lab/grade/{name}", encoding="utf-8") as file:
        return file.read()

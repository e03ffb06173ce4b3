"""A verdict as a page: every check, what was seen, and the hints, folded away one below another."""

import io
import re
from html import escape

from lab import course, ink, mistakes, notebook, report
from lab.pictures import Picture
from lab.verdict import MARKS

STYLE = """
.verdict{color:var(--i-text);font:14px/1.5 system-ui,sans-serif;max-width:62em;
 border-left:5px solid var(--i-bad);padding:.2em 0 .4em 1em;margin:.3em 0}
.verdict.passed{border-color:var(--i-own)} .verdict.unknown{border-color:var(--i-bar)}
.verdict .head{font-size:1.1em;font-weight:600;margin:.3em 0 .4em;display:flex;gap:1em;
 justify-content:space-between;flex-wrap:wrap}
.verdict .head span{font-weight:400;color:var(--i-dim)}
.verdict .check{display:grid;grid-template-columns:1.6em minmax(0,1fr);padding:.12em 0}
.verdict .mark{font-weight:700;color:var(--i-dim)} .verdict .pass>.mark{color:var(--i-own)}
.verdict .fail>.mark,.verdict .timeout>.mark,.verdict .checker_error>.mark{color:var(--i-bad)}
.verdict .blocked>.title{color:var(--i-dim)}
.verdict .about{grid-column:2;background:var(--i-card);border:1px solid var(--i-rule);
 border-radius:6px;padding:.5em .8em;margin:.3em 0 .5em}
.verdict .field{display:grid;grid-template-columns:6.2em minmax(0,1fr);gap:.4em}
.verdict .field>b{font-weight:400;color:var(--i-dim)}
.verdict div code,.verdict div pre{font:13px/1.5 ui-monospace,monospace;color:var(--i-text);
 background:none!important;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;margin:0;padding:0}
.verdict .waits{color:var(--i-dim);margin:.1em 0 .3em}
.verdict details{margin:.1em 0 .1em} .verdict summary{cursor:pointer;color:var(--i-dim)}
.verdict details p{margin:.2em 0 .3em;padding-left:1em;border-left:2px solid var(--i-rule)}
.verdict .end{margin:.5em 0 .1em}
"""
WAITS = "waits for another check to pass"
NOT_GOOD = {"fail", "timeout", "blocked", "checker_error"}
AS_TYPED = ("see", "prove it", "")  # fields that are shown as they are, letter by letter
PAGE = re.compile(r"\b(\d\d_\w+\.ipynb|docs/\w+\.md)")  # what a reader may go on with


def picture(results: list, notes: dict, seconds: float) -> Picture:
    """Draw results; `notes` are what else there is to say of a check, by its id."""
    newest = sorted(results, key=lambda result: -result["step"])
    steps = list(dict.fromkeys(result["step"] for result in newest))
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")  # marks and no colours
    text = report.lines(newest, stream, notes=notes, say=notebook.in_notebook)
    body = [_step(step, newest, steps[0], notes, seconds) for step in steps]
    body += [_field(*field) for field in report.ending(newest, steps[0])]
    body.append(f'<p class="end">{_prose(report.advice(newest, steps[0]))}</p>')
    tone = _tone({result["verdict"] for result in results})
    label = f'role="group" aria-label="verdict on step {steps[0]}"'
    html = f'<div class="ink verdict {tone}" {label}>{"".join(body)}</div>'
    return Picture(f"<style>{ink.STYLE}{STYLE}</style>{html}", "\n".join(text))


def _tone(verdicts):
    """Return how it went on the whole."""
    if verdicts == {"pass"}:
        return "passed"
    return "failed" if verdicts & NOT_GOOD else "unknown"


def _step(step, results, judged, notes, seconds):
    """Return one step: how many pass, and each that is shown, as on a terminal."""
    own = [result for result in results if result["step"] == step]
    took = f" · {seconds:.2f} s" if step == judged else ""
    name = f"step {step} · {course.title(step)}"
    head = f'<div class="head">{name} <span>{report.how_many(own)}{took}</span></div>'
    shown = own if step == judged else [r for r in own if r["verdict"] in report.SHOWN_OF_OLDER]
    checks = "".join(_check(result, judged, notes.get(result["check"])) for result in shown)
    if any(result["verdict"] == "blocked" for result in shown):
        checks += f'<div class="waits">({MARKS["blocked"]} {WAITS})</div>'
    return head + checks


def _check(result, step, note):
    """Return one check, with what there is to say if it does not pass."""
    verdict = result["verdict"]
    hover = f' title="{WAITS}"' if verdict == "blocked" else ""
    mark = f'<span class="mark" aria-label="{verdict.replace("_", " ")}">{MARKS[verdict]}</span>'
    title = f'<span class="title">{_prose(result["title"])}</span>'
    about = "".join(_about(result, step, note))
    more = f'<div class="about">{about}</div>' if about else ""
    return f'<div class="check {verdict}"{hover}>{mark}{title}{more}</div>'


def _about(result, step, note):
    """Yield what was expected and seen, the likely mistake, and how to go on."""
    if result["verdict"] == "cannot_check":
        yield _field("not here", result["observed"])
        yield _field("way out", result["expected"])
    for name, text in report.details(result, step, note):
        if name != "next":  # the hints are below
            yield _field(name, text)
    mistake = mistakes.read().get(result["cause"])
    if mistake:
        yield _ladder(mistake.hints)


def _ladder(hints):
    """Return the hints, each folded away inside the one before."""
    ladder = ""
    for number in range(len(hints), 0, -1):
        summary = f"<summary>hint {number} of {len(hints)}</summary>"
        ladder = f"<details>{summary}<p>{_prose(hints[number - 1])}</p>{ladder}</details>"
    return ladder


def _field(name, text):
    """Return a named field."""
    html = f"<pre>{_plain(text)}</pre>" if name in AS_TYPED else _prose(text)
    return f'<div class="field"><b>{name}</b><div>{html}</div></div>'


def _plain(text):
    """Return text in the words of a notebook, as HTML."""
    return escape(ink.printable(notebook.in_notebook(str(text))))


def _prose(text):
    """Return text in the words of a notebook as HTML: Markdown's `code`, and links to notebooks."""
    parts = _plain(text).split("`")
    html = "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts))
    return PAGE.sub(lambda page: f'<a href="{_from_notebook(page[1])}">{page[1]}</a>', html)


def _from_notebook(page):
    """Return where a page of the workshop is, seen from the folder of a notebook."""
    return f"../{page}" if "/" in page else page

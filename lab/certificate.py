"""The certificate: which checks were proven, for which files, where and when."""

import html
import platform
import re
from string import Template

from lab import ROOT, course

PATH = f"{ROOT}/certificate.html"
TITLE = "Containers From Scratch"
ABOUT = "built a container runtime in {} steps, each judged by what the kernel showed from outside"


class Certificate:
    """What is certified: the results of each step, the newest of which came just now."""

    def __init__(self, name: str, results: dict, when: str):
        self._name = "".join(letter for letter in name if letter.isprintable())
        self._results, self._when = results, when

    def text(self):
        """Yield its lines for a terminal."""
        yield f"{TITLE}: a certificate"
        yield self._name or "The owner of these files"
        yield ABOUT.format(len(self._results))
        for step, results in sorted(self._results.items()):
            own, before = _own(step, results)
            yield ""
            yield f"step {step} · {course.title(step)}: {_count(own, before)}"
            yield f"    sha256 {results[0]['submission_hash']}"
            yield from (f"    ✓ {result['title']}" for result in own)
        yield ""
        yield from (f"{name:15} {value}" for name, value in self._facts().items())

    def html(self) -> str:
        """Return it as a page that needs no other file."""
        steps = "".join(_section(*item) for item in sorted(self._results.items()))
        facts = "".join(
            f"<div><dt>{_safe(name)}</dt><dd>{_safe(value)}</dd></div>"
            for name, value in self._facts().items()
        )
        with open(f"{ROOT}/lab/certificate.html") as page:
            return Template(page.read()).substitute(
                title=_safe(TITLE),
                name=f'<p class="name">{_safe(self._name)}</p>' if self._name else "",
                about=_safe(ABOUT.format(len(self._results))),
                steps=steps,
                facts=facts,
            )

    def _facts(self):
        """Return what a verdict depends on, by name."""
        result = self._results[max(self._results)][0]
        system = result["env"]
        return {
            "judged": self._when,
            "machine": f"{_distribution()}, {platform.machine()}",
            "kernel": system["kernel"],
            "control groups": f"version {system['cgroup'].lstrip('v')}",
            "Python": system["python"],
            "checker": result["checker_version"],
        }


def _section(step, results):
    """Return a step as HTML."""
    own, before = _own(step, results)
    checks = "".join(f"<li>{_with_code(_safe(result['title']))}</li>" for result in own)
    return (
        f"<section><h2><span>{step}</span> {_safe(course.title(step))}"
        f"<small>{_count(own, before)}</small></h2><ul>{checks}</ul>"
        f"<p class=hash>sha256 <code>{_safe(results[0]['submission_hash'])}</code></p></section>"
    )


def _with_code(text):
    """Return HTML in which what stands in backticks is set as code."""
    return re.sub("`(.+?)`", r"<code>\1</code>", text)


def _own(step, results):
    """Return the results of a step's own checks, and of how many before it there are others."""
    own = [result for result in results if result["step"] == step]
    return own, len(results) - len(own)


def _count(own, before):
    """Return how many checks a step has passed."""
    return f"{len(own)} checks" + (f", and the {before} of the steps before it" if before else "")


def _distribution():
    """Return what the system calls itself."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _safe(text):
    """Return text as it is written in HTML."""
    return html.escape(str(text))

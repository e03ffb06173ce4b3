"""Pictures: true, right in light and dark, and nothing in them that only some can see."""

import glob
import itertools
import os
import re
from xml.etree import ElementTree

import pytest

from lab import ROOT, course, ink, mistakes
from lab.pictures import memory, namespaces, verdict
from lab.xray import record, svg

DRAWN = sorted(glob.glob(f"{ROOT}/docs/pictures/*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
MEBIBYTE = 1 << 20
BAD = "<script>alert('\x1b')</script>"
PAGES = [f"{ROOT}/README.md", *glob.glob(f"{ROOT}/docs/*.md"), *glob.glob(f"{ROOT}/steps/**/*.md")]


def luminance(colour):
    """Return how bright a colour is, from 0 to 1: the Web Content Accessibility Guidelines."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["text", "dim", "own", "bad"])
@pytest.mark.parametrize("ground", ["page", "card", "inside"])
def test_text_stands_out(text, ground, theme):
    """Every colour of text has a contrast of 4.5 or more to what it is written on."""
    pair = sorted(luminance(ink.COLOURS[name][theme]) for name in (text, ground))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


# ---- The pictures of the lessons


def test_every_picture_is_shown_and_every_shown_one_is_there():
    """What `make pictures` draws is what the pages show."""
    shown = set()
    for page in PAGES:
        with open(page) as file:
            found = re.findall(r"!\[[^]]*\]\(([^)]+)\)", file.read())
        shown |= {os.path.normpath(os.path.join(os.path.dirname(page), link)) for link in found}
    assert shown == set(DRAWN)


@pytest.mark.parametrize("path", DRAWN, ids=os.path.basename)
def test_picture_of_a_lesson_says_in_words_what_it_shows(path):
    """A committed picture is an SVG with a title and a description, and names no machine."""
    root = ElementTree.parse(path).getroot()
    assert root.get("role") == "img"
    title, words = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby").split() == [title.get("id"), words.get("id")]
    drawn = {t.text for t in root.iter(f"{SVG}text") if re.search(r"\w{4}", t.text or "")}
    said = " ".join(f"{title.text} {words.text}".split())
    missing = {text for text in drawn if " ".join(text.split()) not in said}
    assert len(missing) <= len(drawn) / 3, missing  # headings, and lines that are broken elsewhere
    with open(path) as file:
        assert ROOT not in file.read()


# ---- A verdict


def result(**fields):
    """Return a result of step 1 as the judge makes it."""
    usual = {
        "step": 1,
        "check": "01.2",
        "title": "the command runs",
        "verdict": "fail",
        "cause": None,
    }
    seen = {"expected": "this", "observed": "that", "evidence": [], "submission_hash": ""}
    return {**usual, **seen, **fields}


def test_verdict_has_every_field():
    """All that a terminal shows of a failure is in the page, and the hints one inside the other."""
    cause = "uts-shared"
    failed = result(cause=cause, evidence=["container.py:9  boom"], see="container.py:17  fork()")
    drawn = verdict.picture([failed], {"01.2": "this passed an hour ago"}, 0.25)
    mistake = mistakes.read()[cause]
    for said in (
        "the command runs",
        "this",
        "that",
        "boom",
        "container.py:17",
        "an hour ago",
        cause,
    ):
        assert said in drawn.html and said in drawn.text
    assert "0 of 1 checks pass" in drawn.html and "0.25 s" in drawn.html
    assert "%%lab" in drawn.html and "make" not in drawn.text
    ladder = re.findall(r"<details><summary>hint (\d) of 3</summary>", drawn.html)
    assert ladder == ["1", "2", "3"]
    assert drawn.html.count("</details></details></details>") == 1
    first = mistake.hints[0].split("`")[0][:30]
    assert first.replace("'", "&#x27;") in drawn.html


@pytest.mark.parametrize(
    "kind", ["pass", "fail", "blocked", "timeout", "cannot_check", "checker_error"]
)
def test_verdict_is_named_for_who_cannot_see_its_mark(kind):
    """Each of the six verdicts has its mark, its name, and what there is to say."""
    drawn = verdict.picture([result(verdict=kind)], {}, 0.1)
    assert f'aria-label="{kind.replace("_", " ")}"' in drawn.html
    assert ("that" in drawn.html) == (kind not in ("pass", "blocked"))


def test_pass_says_what_comes_next_and_leads_there():
    """When all is well there is what was seen, and a link to the next notebook."""
    drawn = verdict.picture([result(verdict="pass")], {}, 0.1)
    assert "verdict passed" in drawn.html
    assert '<a href="02_pid.ipynb">02_pid.ipynb</a>' in drawn.html
    assert "Next: 02_pid.ipynb" in drawn.text
    last = verdict.picture([result(verdict="pass", step=5)], {}, 0.1)
    assert '<a href="../docs/beyond.md">docs/beyond.md</a>' in last.html


@pytest.mark.parametrize("field", ["title", "expected", "observed", "see", "cause", "evidence"])
def test_nothing_of_a_learner_is_html(field):
    """Whatever a program has printed is shown letter by letter."""
    value = [BAD] if field == "evidence" else BAD
    drawn = verdict.picture([result(**{field: value})], {"01.2": BAD}, 0.1)
    assert "<script" not in drawn.html and "\x1b" not in drawn.html
    assert "&lt;script&gt;" in drawn.html


# ---- The memory, the namespaces, the X-ray

LOOKS = [{"ms": 100.0 * n, "bytes": n * 10 * MEBIBYTE} for n in range(7)]
ENDINGS = {
    "killed": ({"status": 137, "kills": 1}, "the kernel killed the program when"),
    "stopped by nobody": ({"status": 0, "kills": 0}, "nobody stopped the program"),
    "ended itself": ({"status": 1, "kills": 0}, "the program ended with status 1"),
    "goes on": ({}, "and more ..."),
}


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("limit", [64 * MEBIBYTE, None])
def test_curve_says_how_it_ended(name, limit):
    """The memory of a container is drawn to its end, and the end is said in words."""
    ending, said = ENDINGS[name]
    drawn = memory.picture([{"limit": limit}, *LOOKS, *([ending] if ending else [])])
    root = ElementTree.fromstring(drawn.html)
    assert said in drawn.text and said in root.find(f"{SVG}desc").text
    assert ("limit 64 MiB" in drawn.html) == (limit is not None)
    assert ("SIGKILL" in drawn.html) == (name == "killed")
    points = root.find(f".//{SVG}polyline").get("points").split()
    heights = [float(point.split(",")[1]) for point in points]
    assert all(late < early for early, late in itertools.pairwise(heights))


def test_curve_without_a_look_is_drawn_all_the_same():
    """At the first moment there is a limit and nothing else."""
    assert "limit 64 MiB" in memory.picture([{"limit": 64 * MEBIBYTE}]).html
    ElementTree.fromstring(memory.picture([]).html)


def test_what_was_killed_is_not_drawn_as_a_fall():
    """Once the kernel has killed, the group is empty: that is no part of the curve."""
    end = [{"ms": 700.0, "bytes": 0}, {"status": 137, "kills": 1}]
    drawn = memory.picture([{"limit": 60 * MEBIBYTE}, *LOOKS, *end])
    assert "0.70 s" not in drawn.text


def space(kind, own):
    """Return one kind of namespace, as the X-ray compares it."""
    return {"kind": kind, "host": f"{kind}:[1]", "container": f"{kind}:[{1 + own}]", "own": own}


def test_namespaces_are_one_box_or_two():
    """A shared namespace is one box across both worlds, an own one is two."""
    worlds = {"namespaces": [space("time", False), space("uts", True), space("odd", False)]}
    drawn = namespaces.picture(worlds, "title")
    root = ElementTree.fromstring(drawn.html)
    boxes = [box.get("class") for box in root.iter(f"{SVG}rect")]
    assert sorted(boxes) == ["card", "card", "card", "inside", "page"]
    assert [line.split()[0] for line in drawn.text.splitlines()[2:]] == ["uts", "time", "odd"]
    assert "1 of 3 namespaces are the container's own" in drawn.text


def test_container_that_never_was_has_no_picture_but_a_reason():
    """Where COMMAND was not executed there is nothing to compare, and that is said."""
    drawn = namespaces.picture(None, "title")
    assert "never executed" in drawn.html and "never executed" in drawn.text


def test_trace_that_was_told_is_the_same_trace():
    """What the X-ray tells as JSON is read back as it was, and drawn alike."""
    call = record.Call(
        1, "fork", [], "fork()", 2, 2, 2, 1, "python3", "f", 3, "x", "g", 4, None, "e", {}, False
    )
    life = record.Life(2, 2, 1, 0, ["python3"], None, 0, 0, True)
    trace = record.Trace([call], [life], None, 0, True, True, 1.5)
    again = record.from_dict({"step": 1, **trace.as_dict()})
    assert again == trace
    assert svg.picture(again, "t", "f") == svg.picture(trace, "t", "f")


def test_pictures_on_one_page_have_their_own_names():
    """Two pictures can stand on one page: what one is called is not what the other is."""
    pair = [ElementTree.fromstring(memory.picture([{"limit": n * MEBIBYTE}]).html) for n in (1, 2)]
    ids = [element.get("id") for root in pair for element in root.iter() if element.get("id")]
    assert len(set(ids)) == len(ids) == 4


def test_every_step_has_a_name_in_the_pictures():
    """The picture of both views has a row for each step."""
    from lab.pictures import views

    assert len(views.ROWS) == len(course.STEPS)

"""`make slides`: one page, complete in itself, made of what docs/slides.md says."""

import os
import re
from xml.etree import ElementTree

import pytest
from running import run
from test_command_line import copied, lab

from lab import ROOT
from lab.commands import slides

BAD = "<script>alert(1)</script> & \"q\" 'q'"
with open(slides.DECK) as _deck:
    DECK = _deck.read()
PAGE = slides.build(DECK, f"{ROOT}/docs")


def tree(text=PAGE):
    """Return a page as XML reads it, which it does only if every tag is closed."""
    return ElementTree.fromstring(text)


def words(element):
    """Return all text of a part of a page, as one line."""
    return " ".join("".join(element.itertext()).split())


def built(text):
    """Return the only slide of a deck."""
    return tree(slides.build(f"# t\n\n---\n\n{text}", f"{ROOT}/docs")).findall(".//section")[1]


def test_each_part_of_the_deck_is_a_slide():
    """There are 25 to 35 slides, each with a heading, its number, and notes for who speaks."""
    shown = tree().findall(".//section")
    assert 25 <= len(shown) == DECK.count("\n---\n") + 1 <= 35
    for number, slide in enumerate(shown, 1):
        assert words(slide.find("footer")) == f"{number} / {len(shown)}"
        assert len(slide.findall("h1") + slide.findall("h2")) == 1
        assert words(slide.find("aside"))


def test_pictures_are_in_the_page_and_have_words():
    """Each picture that the deck names is drawn in the page, with what the deck says it shows."""
    named = re.findall(r"!\[([^]]+)\]\((pictures/[^)]+\.svg)\)", DECK)
    drawn = [(figure.get("aria-label"), figure.find("svg")) for figure in tree().iter("figure")]
    assert [words for words, _ in drawn] == [words for words, _ in named]
    assert all(svg.find("title") is not None and svg.find("desc") is not None for _, svg in drawn)
    ids = re.findall(r' id="([^"]+)"', PAGE)
    assert len(ids) == len(set(ids))


def test_page_asks_nobody_for_anything():
    """The page names no other host and no other file, and forbids itself to load any."""
    assert "//" not in re.sub(r"^ .*  // .*$", "", PAGE, flags=re.M)
    assert not re.findall(r"""\b(?:src|href)=|@import|url\(|fetch\(|<link|<img""", PAGE)
    assert "default-src 'none'" in PAGE


def test_page_is_always_the_same(tmp_path):
    """`make slides` writes the same page twice, and says what to do with it."""
    copy = copied(tmp_path / "checkout")
    for _ in range(2):
        answer = lab(copy, "slides")
        assert (answer.status, answer.errors) == (0, "")
        assert "slides.html is ready" in answer.output
        assert (copy / "slides.html").read_text() == PAGE
    assert run("sh", "-c", f"cd {copy} && ls *.new", cwd=copy).status
    assert os.stat(copy / "slides.html").st_uid == os.stat(copy).st_uid


@pytest.mark.parametrize(
    "text", ["{}", "## {}", "- {}\n- b", "> {}", "`{}`", "**{}**", "```text\n{}\n```"]
)
def test_text_is_never_markup(text):
    """What stands in the deck is shown as it stands there, wherever it stands."""
    slide = built(text.format(BAD))
    assert BAD in words(slide)
    assert slide.find(".//script") is None


def test_words_of_a_picture_are_never_markup():
    """The words for a picture cannot end the attribute that they are in."""
    figure = built(f"![{BAD}](pictures/memory-4.svg)").find("figure")
    assert figure.get("aria-label") == BAD


def test_what_slides_need_of_markdown_is_known():
    """Paragraphs, lists, quotations, code and marks become what they are in HTML."""
    slide = built("a *b*\nc **d** `*e*`\n\n- one\n  line\n- two\n\n1. x\n\n> why\n> not?\n")
    assert words(slide.find("p")) == "a b c d *e*"
    assert [words(slide.find(f"p/{tag}")) for tag in ("em", "strong", "code")] == ["b", "d", "*e*"]
    assert [words(item) for item in slide.findall("ul/li")] == ["one line", "two"]
    assert [words(item) for item in slide.findall("ol/li")] == ["x"]
    assert words(slide.find("blockquote")) == "why not?"
    code = built("```console\nlabhost# id -u\n\n0 $ x\n$ y\n```").find("pre")
    assert [bold.text for bold in code.iter("b")] == ["id -u", "y"]
    assert "".join(code.itertext()) == "labhost# id -u\n\n0 $ x\n$ y\n"

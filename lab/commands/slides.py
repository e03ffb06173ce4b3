"""`make slides`: docs/slides.md as one page that needs no other file and no network.

One slide for each `---`.  Of Markdown it knows what slides need: headings, paragraphs, lists,
quotations, code between fences, pictures, and `<!-- notes ... -->` for who speaks.
"""

import os
import re
from html import escape
from string import Template

from lab import ROOT, files, ink

DECK, PAGE = f"{ROOT}/docs/slides.md", f"{ROOT}/slides.html"
_BLOCK = re.compile(
    r"```\w*\n(?P<code>.*?)^```$"
    r"|<!-- notes\n(?P<notes>.*?)^-->$"
    r"|!\[(?P<alt>[^]]*)\]\((?P<picture>[^)]+)\)$"
    r"|(?P<level>##?) (?P<title>[^\n]*)$"
    r"|(?P<text>\S[^\n]*(?:\n[^\n]+)*)",
    re.M | re.S,
)
_ITEM = re.compile(r"^(?:- |\d+\. )", re.M)
_PROMPT = re.compile(r"^(labhost# |\$ )(.*)$", re.M)
_MARKED = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*")


def main(words):
    """Write the page."""
    with open(DECK) as deck:
        files.write(PAGE, build(deck.read(), os.path.dirname(DECK)))
    print("slides.html is ready: open it in a browser; arrow keys, n for notes, d for dark")
    return 0


def build(text: str, folder: str) -> str:
    """Return the page of a deck whose pictures are named from a folder."""
    parts = re.split(r"^---\n", text, flags=re.M)
    slides = [_slide(part, folder, f"{n} / {len(parts)}") for n, part in enumerate(parts, 1)]
    with open(f"{ROOT}/lab/slides.html") as page:
        return Template(page.read()).substitute(
            title=escape(re.search(r"^# (.*)$", text, re.M)[1]),
            light=ink.colours(0, ""),
            dark=ink.colours(1, ""),
            slides="\n".join(slides),
        )


def _slide(text, folder, number):
    """Return one slide."""
    blocks = [_block(found, folder) for found in _BLOCK.finditer(text)]
    inside = "\n".join([*blocks, f"<footer>{number}</footer>"])
    kind = "picture" if "<figure" in inside else "text"
    return f'<section class="{kind}" tabindex="-1" aria-label="{number}">\n{inside}\n</section>'


def _block(found, folder):
    """Return one block of a slide as HTML."""
    if found["code"] is not None:
        code = _PROMPT.sub(r"<i>\1</i><b>\2</b>", escape(found["code"], quote=False))
        return f"<pre>{code}</pre>"
    if found["notes"] is not None:
        return f'<aside aria-label="notes">{_text(found["notes"])}</aside>'
    if found["picture"]:
        return _picture(os.path.join(folder, found["picture"]), found["alt"])
    if found["title"]:
        tag = f"h{len(found['level'])}"
        return f"<{tag}>{_inline(found['title'])}</{tag}>"
    return _text(found["text"])


def _text(text):
    """Return a paragraph, a quotation or a list."""
    if text.startswith("> "):
        return f"<blockquote>{_inline(re.sub('^> ?', '', text, flags=re.M))}</blockquote>"
    if _ITEM.match(text):
        tag = "ul" if text.startswith("- ") else "ol"
        items = "".join(f"<li>{_inline(item)}</li>" for item in _ITEM.split(text)[1:])
        return f"<{tag}>{items}</{tag}>"
    return f"<p>{_inline(text)}</p>"


def _inline(text):
    """Return text with what stands in `backquotes` and *stars* marked."""
    text = escape(" ".join(text.split()), quote=False)
    return _MARKED.sub(lambda it: f"<{it.lastgroup}>{it[it.lastgroup]}</{it.lastgroup}>", text)


def _picture(path, words):
    """Return a picture as a part of the page; it has a title and a description in words."""
    with open(path) as file:
        drawn = file.read().strip().replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)
    return f'<figure aria-label="{escape(words)}">{drawn}</figure>'

"""How every picture is drawn: an SVG right in light and dark, with a text for who cannot see it.

In a notebook the theme of JupyterLab says which it is, elsewhere the reader's system.
"""

import zlib
from html import escape

# name: in the light, in the dark.  Text has a contrast of 4.5 or more on page and card.
COLOURS = {
    "page": ("#ffffff", "#0d1117"),
    "card": ("#f4f6f8", "#161b22"),
    "inside": ("#e8f3ec", "#12261e"),  # in the container
    "text": ("#1f2328", "#e6edf3"),
    "dim": ("#59636e", "#9198a1"),
    "rule": ("#c9d1d9", "#3d444d"),
    "bar": ("#8b949e", "#6e7681"),
    "own": ("#176f30", "#56d364"),  # the container's own
    "own-bar": ("#2da44e", "#2ea043"),
    "own-rule": ("#8fbf9f", "#2f6f46"),
    "bad": ("#c5221f", "#ff7b72"),
}
FONTS = {
    "title": "600 20px system-ui,sans-serif",
    "head": "600 15px system-ui,sans-serif",
    "prose": "13.5px system-ui,sans-serif",
    "code": "13px ui-monospace,monospace",
    "line": "600 14px ui-monospace,monospace",
}


def colours(column: int, prefix: str = "i-") -> str:
    """Return the colours of a theme as custom properties of CSS: 0 is light, 1 is dark."""
    return ";".join(f"--{prefix}{name}:{pair[column]}" for name, pair in COLOURS.items())


_THEMES = f"""\
.ink{{{colours(0)}}}
@media (prefers-color-scheme: dark){{.ink{{{colours(1)}}}}}
[data-jp-theme-light="true"] .ink{{{colours(0)}}}
[data-jp-theme-light="false"] .ink{{{colours(1)}}}
"""
_FILLS = "\n".join(f".ink .{name}{{fill:var(--i-{name})}}" for name in COLOURS)
_TEXTS = "\n".join(f".ink .i-{name}{{font:{font}}}" for name, font in FONTS.items())
STYLE = f"""{_THEMES}{_FILLS}
.ink text{{fill:var(--i-text)}} .ink text.dim{{fill:var(--i-dim)}}
.ink text.own{{fill:var(--i-own)}} .ink text.bad{{fill:var(--i-bad)}}
.ink .card{{stroke:var(--i-rule)}} .ink .inside{{stroke:var(--i-own-rule)}}
.ink .page{{fill:var(--jp-layout-color0,var(--i-page));stroke:none}}
{_TEXTS}
"""


def write(x, y, words, style="i-prose", anchor="start") -> str:
    """Return a text of a picture; `style` are classes: a font, and perhaps a colour."""
    place = f'x="{x}" y="{y}" text-anchor="{anchor}" xml:space="preserve"'
    return f'<text class="{style}" {place}>{_shown(words)}</text>'


def box(x, y, width, height, style="card", radius=6) -> str:
    """Return a rectangle of a picture."""
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"'
    return f'<rect class="{style}" {place}/>'


def svg(parts, width, height, title: str, twin: str) -> str:
    """Return a picture as the text of an SVG file; `twin` says the same in words."""
    key = f"{zlib.crc32((title + twin).encode(errors='replace')):08x}"  # many share one page
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    names = f'role="img" aria-labelledby="t{key} d{key}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="ink" {size} {names} {_FIT}>'
    return "\n".join(
        [
            head,
            f'<title id="t{key}">{_shown(title)}</title>',
            f'<desc id="d{key}">{_shown(twin)}</desc>',
            f"<style>{STYLE}</style>",
            box(0, 0, width, height, "page", 10),
            *parts,
            "</svg>\n",
        ]
    )


_FIT = 'style="max-width:100%;height:auto"'


def printable(words) -> str:
    """Return a text that XML can hold: names on a disk may be any bytes."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in str(words))


def _shown(words):
    """Return a text as it stands between the tags of XML."""
    return escape(printable(words), quote=False)

"""What a notebook shows: hand-made HTML and SVG, and always the same in words."""

from typing import NamedTuple


class Picture(NamedTuple):
    """One thing to look at, and its twin for a terminal, a log or a screen reader."""

    html: str
    text: str

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Return both, for whoever shows it: IPython's protocol."""
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self):
        return self.text

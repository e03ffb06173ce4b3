"""Where CPython keeps what it is doing: the layout of its structures, by version.

3.10 to 3.12: offsets of the public headers' structures, which do not change within a minor
version.  Since 3.13 the interpreter describes itself, for just this purpose: _PyRuntime
begins with a table of offsets, _Py_DebugOffsets.
"""

from typing import NamedTuple

COOKIE = b"xdebugpy"


class Layout(NamedTuple):
    """Offsets in bytes."""

    interpreters: int  # in _PyRuntime: the first interpreter
    threads: int  # in an interpreter: its newest thread
    next: int  # in a thread: the one before
    thread_id: int
    frame: int  # the innermost frame
    frame_box: "int | None"  # 3.11, 3.12: where in a _PyCFrame that is
    code: int  # in a frame: its code object
    back: int  # the frame that called it
    at: int  # where it is in its code
    owner: "int | None"  # 3: no frame of Python's, but a mark between two
    filename: int  # in a code object; behind it, the name of the function
    first_line: int
    line_table: int
    bytecode: "int | None"  # 3.10 counts instructions and needs no beginning
    text: int  # in a string: its letters


_KNOWN = {
    (3, 10): Layout(32, 8, 8, 176, 24, None, 32, 24, 96, None, 104, 40, 120, None, 48),
    (3, 11): Layout(40, 16, 8, 152, 56, 8, 32, 48, 56, 69, 112, 72, 136, 184, 48),
    (3, 12): Layout(40, 72, 8, 136, 56, 0, 0, 8, 56, 70, 112, 68, 136, 192, 40),
}

# Which words of _Py_DebugOffsets make the layout; None: there is no such thing any more.
_DESCRIBED = {
    (3, 13): (5, 9, 21, 24, 23, None, 30, 29, 31, 33, 35, 39, 38, 43, None),
    (3, 14): (5, 9, 24, 27, 26, None, 33, 32, 34, 36, 40, 44, 43, 48, None),
}
_TEXT = 40  # since 3.12; 3.14 describes more objects before it, but not other strings
_WORDS = 80


def of(version, memory, runtime) -> "Layout | None":
    """Return the layout of an interpreter; None if it is none that we know."""
    if version in _KNOWN:
        return _KNOWN[version]
    if version not in _DESCRIBED or memory.read(runtime, len(COOKIE)) != COOKIE:
        return None
    table = memory.unpack(f"<{_WORDS}Q", runtime)
    if table[2]:  # no GIL: its threads run code at other places
        return None
    offsets = [None if word is None else table[word] for word in _DESCRIBED[version]]
    return Layout(*offsets)._replace(text=_TEXT)

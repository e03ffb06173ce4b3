"""Which line of a Python program is being executed, read out of the stopped process.

There were two other ways.  A hook inside the interpreter (sys.settrace, an audit hook) needs
a module smuggled into the program, which `python -I` refuses; it slows down every line, and
audit hooks know nothing of calls made through ctypes.  A signal handler that prints the stack
runs when the call is over, and only in the main thread.  Reading the frames from outside
needs nothing of the program, works in threads, forked and vforked children and for every way
to make a call, and costs a tenth of a millisecond for a call that is shown and nothing for
all others.  Its price is lab.xray.layout, a table by version.
"""

import os
import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from lab.xray import layout, lines, symbols

NAMES = ("_PyRuntime", "Py_Version", "PyModule_AddObjectRef")
DEEPEST, MOST_THREADS, LONGEST_NAME, LONGEST_TABLE = 400, 1000, 4096, 1 << 20
# Bytes of a structure that hold all that is looked at; and of a table, as a first try.
THREAD, FRAME, CODE, TABLE = 184, 104, 144, 512
NEAR = 4096  # bytes between what identifies a thread and its thread pointer
NO_FRAME = 3  # FRAME_OWNED_BY_CSTACK, FRAME_OWNED_BY_INTERPRETER
_IMAGE = re.compile(r"^([0-9a-f]+)-\S+ \S+ 0+ \S+ \d+ +(/.*python.*)$", re.M)
_symbols = {}  # of each file that was read, by its device and inode


class Frame(NamedTuple):
    """One Python function that has not returned yet."""

    file: str
    function: str
    code: bytes
    at: int  # how many instructions are before


class Line(NamedTuple):
    """A line of a program; its number is found out when there is time, not while it stops."""

    file: str
    function: str
    table: bytes
    first: int
    at: int
    decode: Callable

    @property
    def number(self) -> int:
        """The number of the line."""
        return self.decode(self.table, self.first, self.at)


class Interpreter:
    """The Python interpreter in a process, and in those forked from it."""

    def __init__(self, runtime: int, known: layout.Layout):
        self._runtime, self._layout = runtime, known
        self._names, self._script, self._interpreter = {}, None, None

    def line(self, memory, thread_pointer) -> "Line | None":
        """Return the line of the program itself that a stopped thread is at.

        Call `thread_pointer` to know which of several threads has stopped.
        That is the innermost frame in the program's file or beside it: `lab.linux`, or a
        module of Python's, is how the program did it, not where.
        """
        threads = self._threads(memory)
        thread = threads[0] if len(threads) == 1 else self._find(threads, thread_pointer())
        script = self._script or self._find_script(memory, threads[-1])
        frame = _of_program(self._frames(memory, thread), script) if script else None
        return frame and self._line(memory, frame)

    def _threads(self, memory):
        """Return the beginning of each thread's structure, the newest thread first."""
        if not self._interpreter:
            self._interpreter = memory.word(self._runtime + self._layout.interpreters)
        thread, found = memory.word(self._interpreter + self._layout.threads), []
        while thread and len(found) < MOST_THREADS:
            found.append(memory.read(thread, THREAD))
            thread = _word(found[-1], self._layout.next)
        return found

    def _find(self, threads, thread_pointer):
        """Return which of the threads is the one whose thread pointer this is.

        Its identity is pthread_self(3): on x86_64 the pointer itself, elsewhere close to it.
        """
        places = {_word(thread, self._layout.thread_id): thread for thread in threads}
        nearest = min(places, key=lambda place: abs(place - thread_pointer))
        if abs(nearest - thread_pointer) > NEAR:
            raise OSError("a thread that Python does not know")
        return places[nearest]

    def _frames(self, memory, thread):
        """Yield the frames of a thread, the innermost first."""
        known = self._layout
        frame = _word(thread, known.frame)
        if known.frame_box is not None:
            frame = memory.word(frame + known.frame_box)
        for _ in range(DEEPEST):
            if not frame:
                return
            words = memory.read(frame, FRAME)
            if known.owner is None or words[known.owner] != NO_FRAME:
                yield self._frame(memory, words)
            frame = _word(words, known.back)

    def _frame(self, memory, words):
        """Return what is known of one frame."""
        known = self._layout
        address = _word(words, known.code) & ~7  # 3.14 keeps marks in the lowest bits
        if known.bytecode is None:
            (at,) = struct.unpack_from("<i", words, known.at)
        else:
            at = (_word(words, known.at) - address - known.bytecode) // 2
        code = memory.read(address, CODE)
        where = code[known.filename : known.filename + 16]  # and the name is beside it
        if where not in self._names:
            self._names[where] = [self._text(memory, n) for n in struct.unpack("<QQ", where)]
        return Frame(*self._names[where], code, at)

    def _text(self, memory, address):
        """Return a string of Python's: a path or a name."""
        length, _, state = memory.unpack("<QqI", address + 16)
        if not 0 < length < LONGEST_NAME or not state & 0x20:  # 0x20: compact
            raise OSError("no string")
        is_ascii, width = state & 0x40, state >> 2 & 7
        more = 24 if self._layout.text == 48 else 16
        start = address + self._layout.text + (0 if is_ascii else more)
        data = memory.read(start, length * width)
        return data.decode({1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[width])

    def _find_script(self, memory, thread):
        """Return the file that is the program: where the main thread began; None if not yet."""
        frames = list(self._frames(memory, thread))
        modules = [f for f in frames if f.function == "<module>" and f.file[:8] != "<frozen "]
        begins = frames[-1].file if frames else ""
        by_runpy = os.path.basename(begins) in ("<frozen runpy>", "runpy.py")  # python -m
        if modules and (begins == modules[-1].file or by_runpy):
            self._script = modules[-1].file
        return self._script

    def _line(self, memory, frame):
        """Return the line that a frame is at."""
        known = self._layout
        (first,) = struct.unpack_from("<i", frame.code, known.first_line)
        table = memory.peek(_word(frame.code, known.line_table), TABLE)
        (size,) = struct.unpack_from("<Q", table, 16)
        if size > LONGEST_TABLE:
            raise OSError("no table of lines")
        if size > len(table) - 32:
            table = memory.read(_word(frame.code, known.line_table), 32 + size)
        decode = lines.of_3_10 if known.bytecode is None else lines.of_3_11
        return Line(frame.file, frame.function, table[32 : 32 + size], first, frame.at, decode)


def _word(data, place):
    """Return the 64 bits at a place: an address."""
    return int.from_bytes(data[place : place + 8], "little")


def find(tid, memory) -> "Interpreter | None":
    """Return the Python interpreter in a process; None if there is none that we know."""
    with open(f"/proc/{tid}/maps") as maps:
        images = _IMAGE.findall(maps.read())
    for start, path in images:
        found = _symbols_of(f"/proc/{tid}/root{path}", f"/proc/{tid}/exe")
        if found and "_PyRuntime" in found.found:
            base = int(start, 16) - found.first
            return _interpreter(memory, {name: base + at for name, at in found.found.items()})
    return None


def _symbols_of(*paths):
    """Return the symbols of the first path that can be read: after chroot(2) it may not."""
    for path in paths:
        try:
            known = os.stat(path)
        except OSError:
            continue
        key = known.st_dev, known.st_ino
        if key not in _symbols:
            _symbols[key] = symbols.read(path, NAMES)
        return _symbols[key]
    return None


def _interpreter(memory, addresses):
    """Return the interpreter that has these symbols."""
    version = None
    if "Py_Version" in addresses:
        number = memory.word(addresses["Py_Version"])
        version = number >> 24 & 0xFF, number >> 16 & 0xFF
    elif "PyModule_AddObjectRef" in addresses:  # new in 3.10, as Py_Version is in 3.11
        version = 3, 10
    runtime = addresses["_PyRuntime"]
    known = layout.of(version, memory, runtime)
    return Interpreter(runtime, known) if known else None


def _of_program(frames, script):
    """Return the innermost frame in a script, or else in a file beside it."""
    folder, beside = os.path.dirname(script), None
    for frame in frames:
        if frame.file == script:
            return frame
        if folder and not beside and frame.file.startswith(f"{folder}/"):
            beside = None if frame.file.startswith(f"{folder}/lab/") else frame
    return beside

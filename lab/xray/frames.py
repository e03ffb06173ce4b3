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
from typing import NamedTuple

from lab.xray import layout, symbols

NAMES = ("_PyRuntime", "Py_Version", "PyModule_AddObjectRef")
DEEPEST, MOST_THREADS, LONGEST_NAME, LONGEST_TABLE = 400, 1000, 4096, 1 << 20
FRAME = 104  # bytes of a frame that hold all that is looked at
NEAR = 4096  # bytes between what identifies a thread and its thread pointer
NO_FRAME = 3  # FRAME_OWNED_BY_CSTACK, FRAME_OWNED_BY_INTERPRETER
_IMAGE = re.compile(r"^([0-9a-f]+)-\S+ \S+ 0+ \S+ \d+ +(/\S*python\S*)$", re.M)
_symbols = {}  # of each file that was read, by its device and inode


class Frame(NamedTuple):
    """One Python function that has not returned yet."""

    file: str
    function: str
    code: int
    at: int  # how many instructions are before


class Line(NamedTuple):
    """A line of a program."""

    file: str
    number: int
    function: str


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
        thread = threads[0] if len(threads) == 1 else self._find(memory, threads, thread_pointer())
        script = self._script or self._find_script(memory, threads[-1])
        frame = _of_program(self._frames(memory, thread), script) if script else None
        return frame and Line(frame.file, self._number(memory, frame), frame.function)

    def _threads(self, memory):
        """Return the interpreter's threads, the newest first."""
        if not self._interpreter:
            self._interpreter = memory.word(self._runtime + self._layout.interpreters)
        thread, found = memory.word(self._interpreter + self._layout.threads), []
        while thread and len(found) < MOST_THREADS:
            found.append(thread)
            thread = memory.word(thread + self._layout.next)
        return found

    def _find(self, memory, threads, thread_pointer):
        """Return which of the threads is the one whose thread pointer this is.

        Its identity is pthread_self(3): on x86_64 the pointer itself, elsewhere close to it.
        """
        places = {memory.word(thread + self._layout.thread_id): thread for thread in threads}
        nearest = min(places, key=lambda place: abs(place - thread_pointer))
        if abs(nearest - thread_pointer) > NEAR:
            raise OSError("a thread that Python does not know")
        return places[nearest]

    def _frames(self, memory, thread):
        """Yield the frames of a thread, the innermost first."""
        known = self._layout
        frame = memory.word(thread + known.frame)
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
        code = _word(words, known.code) & ~7  # 3.14 keeps marks in the lowest bits
        if known.bytecode is None:
            (at,) = struct.unpack_from("<i", words, known.at)
        else:
            at = (_word(words, known.at) - code - known.bytecode) // 2
        where = memory.unpack("<QQ", code + known.filename)  # and the name is beside it
        if where not in self._names:
            self._names[where] = tuple(self._text(memory, address) for address in where)
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

    def _number(self, memory, frame):
        """Return the number of the line that a frame is at."""
        known = self._layout
        (first,) = memory.unpack("<i", frame.code + known.first_line)
        table = memory.word(frame.code + known.line_table)
        (size,) = memory.unpack("<Q", table + 16)
        if size > LONGEST_TABLE:
            raise OSError("no table of lines")
        decode = _line_3_10 if known.bytecode is None else _line_3_11
        return decode(memory.read(table + 32, size), first, frame.at)


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


def _line_3_10(table, line, at):
    """Read a table of PEP 626: pairs of (bytes of code, change of the line)."""
    end, found = 0, line
    for step, change in zip(table[::2], table[1::2], strict=False):
        if change != 0x80:  # -128: no line
            line += change - 256 if change > 127 else change
            found = line
        end += step
        if 2 * at < end:
            break
    return found


def _line_3_11(table, line, at):
    """Read a table of 3.11: see Objects/locations.md in the sources of CPython."""
    place, end, found = 0, 0, line
    while place < len(table):
        kind, length = table[place] >> 3 & 15, (table[place] & 7) + 1
        place += 1
        if kind in (13, 14):
            line += _signed(table, place)
        elif 10 <= kind <= 12:
            line += kind - 10
        if kind != 15:
            found = line
        end += length
        if at < end:
            break
        while place < len(table) and not table[place] & 0x80:
            place += 1
    return found


def _signed(table, place):
    """Read a number of six bits a byte, the lowest first, whose lowest bit is the sign."""
    value, shift = 0, 0
    while True:
        value |= (table[place] & 63) << shift
        if not table[place] & 64:
            return -(value >> 1) if value & 1 else value >> 1
        place, shift = place + 1, shift + 6

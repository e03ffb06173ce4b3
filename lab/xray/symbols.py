"""Where a program keeps its public names: the table of symbols of an ELF file, elf(5)."""

import mmap
import struct
from typing import NamedTuple

SHT_DYNSYM, PT_LOAD = 11, 1
SYMBOL = 24  # bytes: name, info, other, section, value, size


class Symbols(NamedTuple):
    """The names that were looked for, and from where their addresses are counted."""

    first: int  # the address at which the file's beginning wants to be
    found: dict  # {name: address}


def read(path, names) -> "Symbols | None":
    """Return where an ELF file has these names; None if it is none of 64 bits."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with data:
        if data[:6] != b"\x7fELF\x02\x01":
            return None
        return Symbols(_first_address(data), dict(_find(data, names)))


def _first_address(data):
    """Return the lowest address of a segment, rounded down to a page."""
    (start,) = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    headers = (struct.unpack_from("<IIQQ", data, start + n * size) for n in range(count))
    return min((address for kind, _, _, address in headers if kind == PT_LOAD), default=0) & ~0xFFF


def _find(data, names):
    """Yield (name, address) of each name that is in the table."""
    for _, kind, _, _, offset, size, link, *_ in _sections(data):
        if kind == SHT_DYNSYM:
            strings = list(_sections(data))[link]
            text = data[strings[4] : strings[4] + strings[5]]
            table = data[offset : offset + size]
            for name in names:
                address = _value(table, text, name)
                if address:
                    yield name, address


def _value(table, text, name):
    """Return the address of a symbol; 0 if it is not in the table."""
    wanted = struct.pack("<I", text.find(b"\0" + name.encode() + b"\0") + 1)
    place = table.find(wanted)
    while place >= 0 and place % SYMBOL:
        place = table.find(wanted, place + 1)
    return struct.unpack_from("<Q", table, place + 8)[0] if place >= 0 else 0


def _sections(data):
    """Yield each section header: name, kind, flags, address, offset, size, link, ..."""
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    for number in range(count):
        yield struct.unpack_from("<IIQQQQIIQQ", data, start + number * size)

"""From a place in a code object to a line: the tables that CPython's compiler writes.

`first` is the line on which the code begins, `at` counts instructions of two bytes.
"""


def of_3_10(table, line, at):
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


def of_3_11(table, line, at):
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

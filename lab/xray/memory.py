"""The memory of a stopped process, read through /proc/PID/mem.

The program cannot notice, and a read costs some microseconds.  What cannot be read raises
OSError: the page is not there, or the process has been killed in the meantime.
"""

import os
import struct

PAGE = 4096
LONGEST, MOST = 4096, 64  # bytes of a string, strings of a vector


class Memory:
    """The address space of one process, until it executes another program or ends."""

    def __init__(self, tid: int):
        self._fd = os.open(f"/proc/{tid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """Return so many bytes; OSError if some of them are not there."""
        data = os.pread(self._fd, size, address)
        if len(data) < size:
            raise OSError(f"nothing at {address:#x}")
        return data

    def peek(self, address: int, size: int) -> bytes:
        """Return so many bytes, or what there is of them."""
        return os.pread(self._fd, size, address)

    def unpack(self, layout: str, address: int) -> tuple:
        """Return the numbers at an address, as struct.unpack() would."""
        return struct.unpack(layout, self.read(address, struct.calcsize(layout)))

    def word(self, address: int) -> int:
        """Return the 64 bits at an address: most of them are addresses again."""
        return int.from_bytes(self.read(address, 8), "little")

    def string(self, address: int) -> bytes:
        """Return the C string at an address, without its end."""
        found = b""
        while len(found) < LONGEST:
            # Not over the end of a page: the next may not be there.
            part = os.pread(self._fd, min(256, PAGE - address % PAGE), address)
            if not part:
                raise OSError(f"nothing at {address:#x}")
            end = part.find(b"\0")
            if end >= 0:
                return found + part[:end]
            found, address = found + part, address + len(part)
        return found[:LONGEST]

    def strings(self, address: int) -> list:
        """Return the C strings of a vector that ends with NULL: argv."""
        found = []
        while (pointer := self.word(address)) and len(found) < MOST:
            found.append(self.string(pointer))
            address += 8
        return found

    def close(self):
        """Forget it."""
        os.close(self._fd)

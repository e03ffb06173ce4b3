"""The arguments of a system call in words: strings read, flags by name, as strace writes them.

Each kind of argument in lab.xray.calls has a function here, which takes the stopped process
and the number in the register, and returns a value and its text.
"""

import os

from lab.xray.flags import named

SHOWN = 80  # letters of a string
AT_FDCWD = 0xFFFFFF9C
RESOURCES = {0: "CPU", 1: "FSIZE", 2: "DATA", 3: "STACK", 4: "CORE", 5: "RSS", 6: "NPROC"}
RESOURCES |= {7: "NOFILE", 8: "MEMLOCK", 9: "AS", 10: "LOCKS", 11: "SIGPENDING", 13: "NICE"}


def read(tracee, kinds, numbers):
    """Return (values, texts) of the arguments of a call at which a process has stopped."""
    values, texts = [], []
    numbers = list(numbers)
    for place, kind in enumerate(kinds):
        kind, _, detail = kind.partition(":")
        try:
            value, text = _KINDS[kind](tracee, numbers[place], detail, numbers)
        except OSError:  # an address of nothing: the call will fail with EFAULT
            value, text = None, f"{numbers[place]:#x}"
        values.append(value)
        if text is not None:
            texts.append(text)
    return values, texts


def quoted(value: str) -> str:
    """Write a string as C would, not more than a line of it."""
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    if not text.isprintable():
        shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        text = "".join(shown)
    return f'"{text[:SHOWN]}"' + ("..." if len(text) > SHOWN else "")


def _int(tracee, number, detail, numbers):
    value = number & 0xFFFFFFFF
    value -= (value & 0x80000000) << 1
    return value, str(value)


def _octal(tracee, number, detail, numbers):
    return number, f"{number & 0o7777:04o}" if number else "0"


def _hex(tracee, number, detail, numbers):
    return number, hex(number) if number else "0"


def _pointer(tracee, number, detail, numbers):
    return number, None


def _string(tracee, number, detail, numbers):
    if not number:
        return None, "NULL"
    value = os.fsdecode(tracee.memory.string(number))
    return value, quoted(value)


def _strings(tracee, number, detail, numbers):
    values = [os.fsdecode(value) for value in tracee.memory.strings(number)] if number else []
    return values, f"[{', '.join(map(quoted, values))}]"


def _bytes(tracee, number, size_at, numbers):
    size = min(numbers[int(size_at)] & 0xFFFFFFFF, 4096)
    value = os.fsdecode(tracee.memory.read(number, size))
    return value, quoted(value)


def _vector(tracee, number, count_at, numbers):
    value = b""
    for place in range(min(numbers[int(count_at)], 16)):
        address, size = tracee.memory.unpack("<QQ", number + 16 * place)
        value += tracee.memory.read(address, min(size, 4096))
    return os.fsdecode(value), quoted(os.fsdecode(value))


def _flags(tracee, number, prefix, numbers):
    names = named(prefix, number)
    return names, "|".join(names) or "0"


def _fd(tracee, number, detail, numbers):
    number &= 0xFFFFFFFF
    try:
        target = os.readlink(f"/proc/{tracee.tid}/fd/{number}")
    except OSError:
        return None, str(_int(tracee, number, detail, numbers)[0])
    return target, f"{number}<{target}>"


def _at(tracee, number, detail, numbers):
    """A descriptor and a path below it are one path to people."""
    number &= 0xFFFFFFFF
    return (None, None) if number == AT_FDCWD else _fd(tracee, number, detail, numbers)


def _clone_args(tracee, number, detail, numbers):
    flags, _, _, _, exit_signal = tracee.memory.unpack("<5Q", number)
    names = named("CLONE", flags | exit_signal)
    return names, f"{{flags={'|'.join(names) or '0'}}}"


def _limit(tracee, number, detail, numbers):
    name = f"RLIMIT_{RESOURCES.get(number & 0xFFFFFFFF, number)}"
    address = numbers[1] if not numbers[2] or len(numbers) < 3 else numbers[2]
    soft, _ = tracee.memory.unpack("<QQ", address)
    value = "RLIM_INFINITY" if soft == (1 << 64) - 1 else soft
    return {name: value}, f"{name}, {value}"


_KINDS = {
    "int": _int,
    "octal": _octal,
    "hex": _hex,
    "pointer": _pointer,
    "string": _string,
    "path": _string,
    "strings": _strings,
    "bytes": _bytes,
    "vector": _vector,
    "flags": _flags,
    "fd": _fd,
    "at": _at,
    "clone_args": _clone_args,
    "limit": _limit,
}

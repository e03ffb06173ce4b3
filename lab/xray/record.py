"""What the X-ray hands out: plain values, which can be told to another process or to JSON."""

from typing import Any, NamedTuple


class CannotTraceError(Exception):
    """The kernel does not let us trace; str() says why, in a line."""


class Call(NamedTuple):
    """One system call: who made it, on which line, and what came of it."""

    number: int  # in the order in which the calls began
    name: str
    arguments: list  # decoded: strings, numbers, lists of the names of flags
    shown: str  # as strace would write it, without the result: 'chroot("/srv")'
    pid: int  # of the process, as this machine counts
    tid: int  # of the thread that made it
    pid_host: int  # as the lab host counts
    pid_inside: int  # as the process itself counts, in its innermost PID namespace
    program: str  # what the process executes: "python3"
    file: "str | None"  # the line of the Python program that made the call
    line: "int | None"
    text: "str | None"
    function: "str | None"
    result: "int | None"  # None if the call never returned
    error: "str | None"  # the name of errno: "EPERM"
    effect: str  # what changed, in a sentence; what is wrong, if it failed
    facts: dict  # what changed, for programs: see lab.xray.effects
    quiet: bool  # one of the calls that people need not see

    @property
    def failed(self) -> bool:
        """Whether the kernel refused it."""
        return self.error is not None


class Life(NamedTuple):
    """One process, from its birth to its end."""

    pid: int
    pid_host: int
    pid_inside: int
    parent: int  # as this machine counts
    names: list  # of the programs that it executed, the last one last
    born: "int | None"  # the number of the call that made it
    threads: int
    status: "int | None"  # its exit status; 128 + n if signal n ended it; None: it went on
    is_command: bool


class Trace(NamedTuple):
    """All that was seen of one run of a program."""

    calls: list
    lives: list
    worlds: "dict | None"  # see lab.xray.worlds; None if COMMAND was never executed
    status: "int | None"  # of the program, as a shell would say; None if it did not end in time
    filtered: bool  # a filter chose the stops; if not, the program stopped at every call
    complete: bool  # nothing was cut off
    milliseconds: float  # from the start of the program to its end
    output: str = ""  # what it printed, if it was asked to print to the X-ray
    errors: str = ""

    def named(self, *names) -> list:
        """Return the calls of these names, in order: named("unshare", "clone")."""
        return [call for call in self.calls if call.name in names]

    def as_dict(self) -> dict:
        """Return everything as JSON has it."""
        return _plain(self)


def _plain(value: Any) -> Any:
    """Return a value with dictionaries in place of named tuples."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def from_dict(told: dict) -> Trace:
    """Return the trace that `Trace.as_dict` has told; what else is among it is left out."""
    fields = {name: told[name] for name in Trace._fields}
    fields["calls"] = [Call(**call) for call in fields["calls"]]
    fields["lives"] = [Life(**life) for life in fields["lives"]]
    return Trace(**fields)

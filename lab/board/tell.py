"""A learner's side of the board: what passes is told to it, if the learner has opted in.

Who opts in says so with BOARD=name@address.  Told are the name, the step, which checks pass, and a
token of this checkout, by which nobody else can use the name.  That is done in another process,
which the kernel ends after DEADLINE: no board can hold a verdict up, or change it.
"""

import json
import os
import re
import signal

from lab import board, files
from lab.beside import Beside

DEADLINE = 0.8  # seconds, for the search for the machine's name too
LONGEST = 4096  # bytes of an answer that are read
UNCHANGED = "your verdict is not changed"
_WHERE = re.compile(
    r"(?:http://)?(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<host>[\w.-]+))"
    r"(?::(?P<port>\d{1,5}))?/?",
    re.A,
)
_BOARD = board.SCHEMA.encode()
_ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3}) .*?\r\n\r\n%b: (.*)" % _BOARD, re.S)


class Telling(Beside):
    """Passes on their way to the board; `fileno()` is ready to be read when they are told."""

    def __init__(self, opted: str, step: int, results: list):
        """Tell which of some results are passes; `opted` is what BOARD says."""
        self._where = opted.rpartition("@")[2]
        passed = [result["check"] for result in results if result["verdict"] == "pass"]
        super().__init__(lambda: _in_time(opted, step, passed))

    def finish(self) -> str:
        """Return in a line why it could not be told; "" if it was."""
        said = self.read().decode()
        self.end()
        return said.strip() if said else _no_answer(self._where)


def _in_time(opted, step, passed):
    """In the child: tell, and return what there is to say of it; the kernel ends what is late."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, DEADLINE)
    return f"{_tell(opted, step, passed)}\n".encode()


def _tell(opted, step, passed):
    """Tell the board; return in a line why it could not be told, or nothing."""
    name, _, where = opted.rpartition("@")
    found = _WHERE.fullmatch(where)
    port = int(found["port"] or board.PORT) if found else 0
    if not (name.strip() and 0 < port < 65536):
        example = where if 0 < port < 65536 else f"192.168.1.5:{board.PORT}"
        how = "type a name of your choice before its address"
        return f"the board is not told: {how}, BOARD=ann@{example}"
    message = {"schema": board.SCHEMA, "name": name.strip(), "token": _token()}
    message.update(step=step, passed=passed)
    try:
        answer = _post(found["six"] or found["host"], port, message)
    except OSError:
        return _no_answer(where)
    return _why(answer, where)


def _why(answer, where):
    """Return what an answer of the board has against what was told, or nothing."""
    known = _ANSWER.match(answer)
    if not known:
        return f"what answers at {where} is no board; {UNCHANGED}"
    if known[1] == b"200":
        return ""
    said = "".join(filter(str.isprintable, known[2].decode(errors="replace")))[:200]
    return f"the board at {where} says: {said}; {UNCHANGED}"


def _no_answer(where):
    """Say that there is no board, or that it is slow."""
    return f"the board at {where} does not answer; {UNCHANGED}"


def _token():
    """Return what shows that this is the checkout that has used the name before."""
    kept = files.load("board-token").get("token")
    if not kept:
        kept = os.urandom(16).hex()
        files.save("board-token", {"token": kept})
    return kept


def _post(host, port, message):
    """Send a message as a request of HTTP, and return the answer: urllib would ask proxies."""
    import socket

    body = json.dumps(message).encode()
    name = f"[{host}]" if ":" in host else host
    head = f"POST /passes HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, port)) as connection:
        connection.sendall(head.encode() + body)
        with connection.makefile("rb") as answer:
            return answer.read(LONGEST)

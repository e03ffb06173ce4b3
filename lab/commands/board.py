"""`make board`: show who has passed which check, until Ctrl-C; who wants to be seen opts in."""

import asyncio
import fcntl
import os
import signal
import socket
import struct
import sys

from lab import board, files
from lab.board.roll import Roll
from lab.board.server import LONGEST_HEAD, MOST_OPEN, Server
from lab.commands import CANNOT, USAGE

KEPT = f"{files.STATE}/board.json"
OTHER = "make board PORT=8001"
SIOCGIFADDR = 0x8915  # netdevice(7)
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # nobody: RFC 5737, 3849


def main(words):
    """Serve the board: [PORT]."""
    port = words[0] if words and words[0] else str(board.PORT)
    if words[1:] or not port.isdecimal() or int(port) > 65535:
        print(f"there is no port {' '.join(words)}; for example: {OTHER}", file=sys.stderr)
        return USAGE
    try:
        listener = _listener(int(port))
    except OSError as error:
        why = os.strerror(error.errno)
        print(f"no board at port {port}: {why}; for example: {OTHER}", file=sys.stderr)
        return CANNOT
    asyncio.run(_serve(listener, _roll()))
    return 0


async def _serve(listener, roll):
    """Serve until somebody ends it, and keep what has come."""
    address = f"{_own_address()}:{listener.getsockname()[1]}"
    answering = Server(roll, address, lambda: _keep(roll))
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, ended.set)
    limits = {"limit": LONGEST_HEAD, "backlog": MOST_OPEN}
    await asyncio.start_server(answering.attend, sock=listener, **limits)
    print(*_welcome(address, len(roll)), sep="\n", flush=True)
    await ended.wait()
    _keep(roll)
    print(f"\nthe board is closed; what it showed is kept in {os.path.relpath(KEPT)}")


def _welcome(address, people):
    """Yield what the instructor reads."""
    yield f"The board is at  http://{address}"
    yield "Learners who want to be on it, by a name that they choose, type:"
    yield f"    make check-step 1 BOARD=name@{address}"
    if people:
        yield f"From before: {people} {'people' if people > 1 else 'person'}."
    if address.startswith("127."):
        yield "This machine has no address in a network: nobody else can reach the board."
    yield "Ctrl-C ends it."


def _roll():
    """Return the people who were on the board; a file that makes no sense is kept as a copy."""
    try:
        return Roll(files.load("board") if _is_readable() else {})
    except ValueError:
        copy = os.path.relpath(files.keep_copy(KEPT))
        print(f"what was kept of the board makes no sense: begun anew, and kept as {copy}")
        return Roll({})


def _is_readable():
    """Whether something is kept; ValueError if it is nothing that we have written."""
    if not os.path.exists(KEPT):
        return False
    if files.load("board").get("schema") != board.SCHEMA:
        raise ValueError(KEPT)
    return True


def _keep(roll):
    """Keep who is on the board, if that can be."""
    try:
        files.save("board", roll.kept())
    except OSError as error:
        print(f"what the board shows is not kept: {error}", file=sys.stderr)


def _listener(port):
    """Return a socket that listens at a port of all addresses, of both versions if there are."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError:  # a kernel may have version 6, and no address of it
            pass
    return socket.create_server(("", port))


def _own_address():
    """Return the address of this machine in the room's network: the one it would send from."""
    for family, nobody in ELSEWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((nobody, 9))  # of a datagram socket: nothing is sent
                found = probe.getsockname()[0]
        except OSError:  # no such addresses here, or no way out
            continue
        return f"[{found}]" if family == socket.AF_INET6 else found
    return next(addresses(), "127.0.0.1")


def addresses():
    """Yield this machine's addresses of version 4 but its own loopback: a room may lead nowhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                packed = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has none
                continue
            found = socket.inet_ntoa(packed[20:24])
            if not found.startswith("127."):
                yield found

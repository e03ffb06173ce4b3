"""Messages with open descriptors, from process to process: unix(7), SCM_RIGHTS.

Both ends are this program, run by the same interpreter, so that marshal will do.  The
modules `socket` and `json` would cost a lab host a third of its start to import.
"""

import _socket
import marshal
import struct

LARGEST = 1 << 17  # bytes in a message
MOST = 16  # descriptors in a message


def opened(fd):
    """Return the socket object for an inherited descriptor."""
    return _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, fileno=fd)


def send(sock, message, fds=()) -> None:
    """Send a message of plain values, and descriptors with it: sendmsg(2).

    BrokenPipeError if nobody listens any more; ValueError if it is too long.
    """
    data = marshal.dumps(message)
    if len(data) > LARGEST:
        raise ValueError(f"a message may have {LARGEST} bytes, and this one has {len(data)}")
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))
    sock.sendmsg([data], [rights] if fds else [], _socket.MSG_NOSIGNAL)


def receive(sock):
    """Return the next message and its descriptors, or (None, []) when the end is closed."""
    fds, size = [], struct.calcsize("i")
    space = _socket.CMSG_SPACE(MOST * size)
    data, ancillary, _, _ = sock.recvmsg(LARGEST, space, _socket.MSG_CMSG_CLOEXEC)
    for level, kind, rights in ancillary:
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
            count = len(rights) // size
            fds += struct.unpack(f"{count}i", rights[: count * size])
    return (marshal.loads(data) if data else None), fds

"""The board's server: the page, what it shows, and the messages of learners, all by HTTP.

Whoever can reach the port may send anything.  So every connection has one request, a deadline, and
a limit for all that is read; every address has a rate, and nothing that comes is run or is a path.
"""

import asyncio
import ipaddress
import json
import os
import re
import time
from http import HTTPStatus
from string import Template

from lab import ROOT, board, ink, policy
from lab.board.roll import Refused

PATIENCE = 5.0  # seconds for a connection, from its beginning to its end
MOST_OPEN = 900  # connections at once: a process may have 1024 descriptors
MOST_OPEN_OF_ONE = 500  # and from one address: a class may share one
LONGEST_HEAD, LONGEST_BODY = 8192, 16384  # bytes
# Requests a second from one address, and how many at once: 200 people may have one address.
RATES = {"POST": (50, 500), "GET": (300, 600)}
MOST_ADDRESSES = 4096
KEEP_AFTER = 1.0  # seconds; what changes meanwhile is written with it
HEADERS = {
    "Cache-Control": "no-cache",
    "Connection": "close",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Problem(Exception):
    """A request that is not served: its status, and why in a line."""

    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


class Server:
    """What answers the requests; `keep` is called soon after something has changed."""

    def __init__(self, roll, address: str, keep):
        self._roll, self._address, self._keep = roll, address, keep
        self._page, self._policy = page()
        self._rates, self._open, self._keeping = Rates(), {}, None
        self._start = os.urandom(4).hex()  # another start counts its versions anew
        self._shown = None, b""  # of which version, and what

    async def attend(self, reader, writer) -> None:
        """Serve one connection, and be rid of it when its time is over."""
        peer = network(writer.get_extra_info("peername"))
        count = self._open.get(peer, 0) + 1
        if count > MOST_OPEN_OF_ONE or sum(self._open.values()) >= MOST_OPEN:
            return writer.transport.abort()
        self._open[peer] = count
        try:
            await asyncio.wait_for(self._serve(reader, writer, peer), PATIENCE)
        except (OSError, EOFError, asyncio.TimeoutError):
            pass
        finally:
            writer.transport.abort()
            self._open[peer] -= 1
            if not self._open[peer]:
                del self._open[peer]

    async def _serve(self, reader, writer, peer):
        """Read a request and answer it; then wait until the other side has read that."""
        try:
            answer = await self._answer(reader, peer)
        except Problem as problem:
            answer = said(problem.status, problem)
        writer.transport.set_write_buffer_limits(0)
        writer.write(answer)
        await writer.drain()
        writer.write_eof()
        # To close with something unread would reset the connection, and the answer be lost.
        left = 4 * LONGEST_BODY
        while left > 0 and (data := await reader.read(LONGEST_BODY)):
            left -= len(data)

    async def _answer(self, reader, peer):
        """Return the answer to the request that comes; Problem if it is not served."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise Problem(431, "the head of a request has less than 8 KiB") from None
        method, path, fields = parsed(head)
        if not self._rates.allow(peer, method):
            raise Problem(429, "too many requests from this address; try again in a minute")
        if (method, path) == ("POST", "/passes"):
            return self._take(await body_of(reader, fields))
        if method == "GET" and path in ("/", "/board.json"):
            return self._show(path, fields)
        raise Problem(404, "there is nothing; the board is at /")

    def _take(self, body):
        """Give the roll what somebody tells."""
        before = self._roll.version
        try:
            self._roll.take(json.loads(body.decode()))
        except (ValueError, RecursionError):
            raise Problem(400, "that is no JSON") from None
        except Refused as refused:
            raise Problem(422, refused) from None
        if self._roll.version != before and not self._keeping:
            self._keeping = asyncio.get_running_loop().call_later(KEEP_AFTER, self._keep_now)
        return said(200, "it is on the board")

    def _keep_now(self):
        """Keep what has changed by now."""
        self._keeping = None
        self._keep()

    def _show(self, path, fields):
        """Return the page, or what is to be seen on it; that only if it has changed."""
        if path == "/":
            return response(200, "text/html", self._page, {"Content-Security-Policy": self._policy})
        mark = f'"{self._start}-{self._roll.version}"'
        if fields.get("if-none-match") == mark:
            return response(304, "application/json", b"", {"ETag": mark})
        if self._shown[0] != mark:
            told = json.dumps({"address": self._address, **self._roll.shown()})
            self._shown = mark, told.encode()
        return response(200, "application/json", self._shown[1], {"ETag": mark})


def parsed(head: bytes) -> tuple:
    """Return method, path and fields of a request's head; Problem if they are not understood."""
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    words = first.split(" ")
    pairs = [line.partition(":") for line in lines]
    fields = {name.lower(): value.strip() for name, _, value in pairs}
    if len(words) != 3 or words[0] not in RATES or len(fields) != len(lines):
        raise Problem(400, "that is no request for the board")
    return words[0], words[1].partition("?")[0], fields


async def body_of(reader, fields) -> bytes:
    """Return the body of a learner's request; Problem if it is too long, or a web page's."""
    kind = fields.get("content-type", "").partition(";")[0]
    if kind != "application/json" or "origin" in fields or "transfer-encoding" in fields:
        raise Problem(415, "passes are told by `make check-step`, and by no web page")
    length = fields.get("content-length", "")
    if not re.fullmatch("[0-9]{1,9}", length):
        raise Problem(411, "say how long it is")
    if int(length) > LONGEST_BODY:
        raise Problem(413, "a message has at most 16 KiB")
    return await reader.readexactly(int(length))


def said(status, words) -> bytes:
    """Return an answer for a learner's machine: it knows the board by the first word."""
    return response(status, "text/plain", f"{board.SCHEMA}: {words}".encode())


def response(status: int, kind: str, body: bytes, more=()) -> bytes:
    """Return an answer as it is sent."""
    fields = {**HEADERS, "Content-Type": f"{kind}; charset=utf-8", **dict(more)}
    fields["Content-Length"] = len(body)
    lines = [f"{name}: {value}" for name, value in fields.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", ""])
    return head.encode() + body


def page() -> tuple:
    """Return the page, and the policy that lets its own style and script run, and nothing else."""
    with open(f"{ROOT}/lab/board/page.html") as file:
        text = Template(file.read()).substitute(light=ink.colours(0, ""), dark=ink.colours(1, ""))
    parts = {tag: re.search(f"<{tag}>(.*?)</{tag}>", text, re.S)[1] for tag in ("style", "script")}
    hashes = {tag: policy.allowed(part) for tag, part in parts.items()}
    rules = f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}; "
    rules += "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    rules += "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    return text.encode(), rules


def network(peer) -> str:
    """Return who somebody is for the limits: an address, or a network of version 6, all of it."""
    try:
        address = ipaddress.ip_address(peer[0].partition("%")[0])
    except (TypeError, ValueError):  # it has gone again
        return ""
    if address.version == 6:
        address = address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False)
    return str(address)


class Rates:
    """How many requests each address may still make: it gets some a second, up to a sum."""

    def __init__(self):
        self._left = {}  # by address and method: how many, and when that was

    def allow(self, peer: str, method: str) -> bool:
        """Whether there may be one more."""
        now, (rate, most) = time.monotonic(), RATES[method]
        if len(self._left) > MOST_ADDRESSES:
            self._left = {}
        left, then = self._left.get((peer, method), (most, now))
        left = min(most, left + rate * (now - then))
        self._left[peer, method] = (left - 1 if left >= 1 else left), now
        return left >= 1

"""Boards that the tests start, and who tells them something."""

import http.client
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

from running import PATIENCE

from lab import ROOT, board, checks
from lab.client import MAIN

ANYBODY = "127.0.0.1"
KNOWN = {step: [f"{step:02}.{n + 1}" for n in range(len(checks.of_step(step)))] for step in (1, 2)}


class Board:
    """A board of a checkout, at a port that is free or a given one."""

    def __init__(self, place=ROOT, port=0, before=()):
        words = [*before, sys.executable, "-IBc", MAIN, str(place), "board", str(port)]
        self._process = subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE)
        self.said = self._hear("Ctrl-C")
        self.address = re.search(r"http://(\S+)", self.said)[1]
        self.port = int(self.address.rpartition(":")[2])

    def _hear(self, last):
        """Return what it says, up to a line."""
        said = ""
        while last not in said:
            assert select.select([self._process.stdout], [], [], PATIENCE)[0], said
            part = os.read(self._process.stdout.fileno(), 4096).decode()
            assert part, f"it has ended: {said}"
            said += part
        return said

    def ask(self, method, path, body=None, more=(), source=ANYBODY):
        """Return the status and the text of an answer."""
        kind = {"Content-Type": "application/json"} if body is not None else {}
        client = http.client.HTTPConnection(
            ANYBODY, self.port, timeout=PATIENCE, source_address=(source, 0)
        )
        try:
            client.request(method, path, body, {**kind, **dict(more)})
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def tell(self, message, **options):
        """Tell it something, as a learner's machine does."""
        return self.ask("POST", "/passes", json.dumps(message), **options)

    def people(self):
        """Return what it shows of each person, by name."""
        told = json.loads(self.ask("GET", "/board.json")[1])
        return {person["name"]: person for person in told["people"]}

    def connect(self, source=ANYBODY):
        """Return a connection on which nothing has been said yet."""
        return socket.create_connection((ANYBODY, self.port), PATIENCE, (source, 0))

    def end(self):
        """Press Ctrl-C; return what it says then."""
        self._process.send_signal(2)
        said, _ = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0
        return said.decode()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._process.poll() is None:
            self.end()


def message(name="ann", step=1, passed=KNOWN[1], token=None, **more):
    """Return what a learner's machine tells; of another one unless a token is given."""
    token = token or os.urandom(16).hex()
    told = {"schema": board.SCHEMA, "name": name, "token": token, "step": step}
    return {**told, "passed": list(passed), **more}


def until(ask, what, patience=PATIENCE):
    """Ask again and again, until what is answered fulfils something; return it."""
    deadline = time.monotonic() + patience
    while not what(answer := ask()):
        assert time.monotonic() < deadline, answer
    return answer

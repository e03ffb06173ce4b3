"""The board: what learners tell it, what it shows of that, and what it stands."""

import contextlib
import glob
import http.client
import json
import os
import random
import re
import socket
import sys
import threading
import time

import pytest
from boards import ANYBODY, KNOWN, Board, message, until
from running import ENVIRONMENT, PATIENCE, run
from test_command_line import (
    MAIN,
    SOLUTION_1,
    STARTER_1,
    copied,
    lab,
    make,
    program,
    results,
    write,
)
from test_command_line import workshop as workshop
from test_watch import DONE, NOT_DONE, Watcher

from lab import ROOT
from lab.board import roll, server, tell
from lab.commands.board import addresses as own_addresses

UNCHANGED = "your verdict is not changed"
SHORT = 2 * tell.DEADLINE  # seconds; one is promised, on a machine that is not as busy as ours


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the checkout, for all tests here."""
    return copied(tmp_path_factory.mktemp("board") / "checkout")


@pytest.fixture
def copy(checkout):
    """Return that copy as on the first day."""
    write(checkout, STARTER_1)
    for path in glob.glob(f"{checkout}/.lab/*"):
        os.unlink(path)
    return checkout


@pytest.fixture
def board(copy):
    """Return a board on which nobody is."""
    with Board(copy) as started:
        yield started


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """Return a board that is there for many tests."""
    with Board(copied(tmp_path_factory.mktemp("standing") / "checkout")) as started:
        yield started


def opted(where, name="ann"):
    """Return the environment of somebody who has opted in."""
    return {**ENVIRONMENT, "BOARD": f"{name}@{where}"}


class Listener:
    """A port at which somebody listens who is no board, and answers each with the same."""

    def __init__(self, answer=None):
        self._socket, self.heard, self._answer = socket.create_server((ANYBODY, 0)), [], answer
        self.address = "{}:{}".format(*self._socket.getsockname())
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self):
        """Hear what is said until the end."""
        with contextlib.ExitStack() as stack:
            while True:
                connection = stack.enter_context(self._socket.accept()[0])
                connection.settimeout(PATIENCE)
                said = connection.recv(65536)
                if said == b"end":
                    return
                self.heard.append(said)
                with contextlib.suppress(OSError):  # they need not hear it all
                    self._say(connection)

    def _say(self, connection):
        """Give the answer: bytes, or what makes one after the other; None is to keep silent."""
        if self._answer is not None:
            parts = [self._answer] if isinstance(self._answer, bytes) else self._answer()
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with socket.create_connection(self._socket.getsockname()) as last:
            last.sendall(b"end")
        self._thread.join()
        self._socket.close()


# ---- A learner's side


def test_verdict_reaches_the_board_of_who_has_opted_in(copy, board):
    """What passes is on the board, under the name that was chosen, and the status is the same."""
    for text, status, steps in ((STARTER_1, 1, []), (SOLUTION_1, 0, [1])):
        write(copy, text)
        answer = lab(copy, "check", 1, env=opted(f"127.0.0.1:{board.port}", "Ann B."))
        assert (answer.status, answer.errors) == (status, "")
        passed = [r["check"] for r in results(copy) if r["verdict"] == "pass"]
        shown = board.people()["Ann B."]
        assert set(shown["passed"]) == set(passed) and shown["steps"] == steps


def test_exactly_what_the_docs_say_is_sent(copy):
    """The name, the step, which checks pass, a token and the version; the head has no more."""
    with Listener() as listener:
        lab(copy, "check", 1, env=opted(listener.address))
        (said,) = listener.heard
    head, _, body = said.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    assert first == "POST /passes HTTP/1.1"
    names = ["Connection", "Content-Length", "Content-Type", "Host"]
    assert sorted(field.partition(":")[0] for field in fields) == names
    assert f"Host: {listener.address}" in fields
    told = json.loads(body)
    assert re.fullmatch("[0-9a-f]{32}", told.pop("token"))
    passed = [r["check"] for r in results(copy) if r["verdict"] == "pass"]
    assert told == {"schema": "board/v1", "name": "ann", "step": 1, "passed": passed}


def test_nothing_is_loaded_or_sent_without_opting_in(copy):
    """Who has not opted in does not even wait for the import; another program is never told."""
    words = [sys.executable, "-X", "importtime", "-IBc", MAIN, copy, "check", "1"]
    for variables, loaded in (({}, False), ({"BOARD": ""}, False), ({"BOARD": "ann@x"}, True)):
        answer = run(*words, env={**ENVIRONMENT, **variables}, cwd=copy)
        assert ("lab.board.tell" in answer.errors) == loaded
    with Listener() as listener:
        other = copy / "other.py"
        other.write_text(STARTER_1)
        lab(copy, "check", 1, other, env=opted(listener.address))
        assert not listener.heard


def endless():
    """Make an answer without an end."""
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield b"x" * 65536


def trickle():
    """Make an answer that comes so slowly that nobody should wait for its end."""
    while True:
        yield b"H"
        threading.Event().wait(0.1)


NO_BOARDS = {
    "silent": (None, "does not answer"),
    "slow": (trickle, "does not answer"),
    "hangs up": (b"", "is no board"),
    "endless": (endless, "is no board"),
    "another server": (b"HTTP/1.1 200 OK\r\n\r\n<html>", "is no board"),
    "no server": (os.urandom(4000), "is no board"),
    "refuses": (b"HTTP/1.1 422 x\r\n\r\nboard/v1: no\x1b[2J", "says: no[2J"),
}

TELL = """if True:
    import sys, time
    sys.path.insert(0, sys.argv[1])
    from lab.board.tell import Telling
    begin = time.monotonic()
    said = Telling(sys.argv[2], 1, [{"check": "01.1", "verdict": "pass"}]).finish()
    print(time.monotonic() - begin, said, sep="\\n")
"""


def told(copy, opted, **options):
    """Tell a board; return how many seconds that took, and what is said of it."""
    answer = run(sys.executable, "-IBc", TELL, copy, opted, **options)
    assert (answer.status, answer.errors) == (0, "")
    seconds, said = answer.output.splitlines()
    return float(seconds), said


@pytest.mark.parametrize("what", NO_BOARDS)
def test_no_board_takes_a_second(copy, what):
    """Whatever answers, there is one line within a second, and nothing of it can move a cursor."""
    answer, expected = NO_BOARDS[what]
    with Listener(answer) as listener:
        seconds, said = told(copy, f"ann@{listener.address}")
    assert expected in said and said.endswith(UNCHANGED) and said.isprintable()
    assert seconds < SHORT


def test_board_that_is_down_changes_no_verdict(copy):
    """Where nobody listens the verdict is what it would be, and a line on stderr says so."""
    with socket.create_server((ANYBODY, 0)) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
    write(copy, SOLUTION_1)
    without = lab(copy, "check", 1)
    answer = lab(copy, "check", 1, env=opted(where))
    assert (answer.status, answer.output) == (without.status, without.output)
    assert answer.errors == f"the board at {where} does not answer; {UNCHANGED}\n"


def test_full_machine_of_the_board_is_no_obstacle(copy):
    """A connection that nobody accepts is not waited for: the queue of the listener is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((ANYBODY, 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        seconds, said = told(copy, "ann@{}:{}".format(*listener.getsockname()))
    assert said.endswith(f"does not answer; {UNCHANGED}") and seconds < SHORT


@pytest.mark.parametrize(
    "wrong",
    ["raspberrypi", "@127.0.0.1", " @127.0.0.1:8000", "ann@", "ann@:8000", "ann@a b"]
    + ["ann@127.0.0.1:0", "ann@127.0.0.1:99999", "ann@https://127.0.0.1", "ann@h/x", "ann@::1"],
)
def test_wrong_address_says_how_a_right_one_looks(copy, wrong):
    """Without a name, or an address, one line has an example."""
    said = told(copy, wrong)[1]
    assert re.fullmatch(r"the board is not told: type a name .*, BOARD=ann@[\w.:]+", said)


def test_addresses_are_written_as_people_write_them(copy, standing):
    """An address may be copied out of the browser, be of version 6, and have an @ before it."""
    hosts = ["127.0.0.1:{}", "http://127.0.0.1:{}/", "localhost:{}"]
    with contextlib.suppress(OSError), socket.create_connection(("::1", standing.port)):
        hosts.append("[::1]:{}")
    for number, host in enumerate(hosts):
        assert told(copy, f"a@{number}@{host.format(standing.port)}")[1] == ""
        assert f"a@{number}" in standing.people()


def test_proxies_are_not_asked(copy, standing):
    """What the environment says of proxies is not for the room's own network."""
    names = ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy")
    env = {**ENVIRONMENT, **dict.fromkeys(names, "http://127.0.0.1:9")}
    assert told(copy, f"ann@127.0.0.1:{standing.port}", env=env)[1] == ""


def test_watch_tells_at_every_save(copy, board, monkeypatch):
    """`make watch` tells the board too, and goes on when it is gone."""
    monkeypatch.setitem(ENVIRONMENT, "BOARD", f"ann@127.0.0.1:{board.port}")
    watcher = Watcher(copy)
    try:
        watcher.sees(NOT_DONE)
        write(copy, SOLUTION_1)
        watcher.sees(DONE)
        until(board.people, lambda people: people["ann"]["steps"] == [1])
        board.end()
        program(copy).write_text(SOLUTION_1 + "\n")
        watcher.sees("does not answer; your verdict is not changed")
        watcher.type(b"\x03")
        assert watcher.process.wait(PATIENCE) == 0
    finally:
        watcher.end()


SHOWING = '#!/bin/sh\nprintf "%s|" "$BOARD"; echo "$@"\n'


@pytest.mark.parametrize("verb", ["check-step", "watch"])
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "in the environment"])
def test_make_passes_on_what_was_chosen(workshop, verb, typed):
    """BOARD comes as it was typed, also through a sudo that passes no variables on."""
    (workshop / ".venv/bin/python").write_text(SHOWING)
    sudo = workshop / "sudo"
    sudo.write_text('#!/bin/sh\nexec env -i PATH="$PATH" "$@"\n')
    sudo.chmod(0o755)
    chosen = "$(shell touch X)`touch X` 'a' \"b\" $HOME@127.0.0.1"
    words, variables = ([f"BOARD={chosen}"], {}) if typed else ([], {"BOARD": chosen})
    answer = make(workshop, verb, "1", *words, **{**variables, "SUDO": str(sudo)})
    assert answer.output == f"{chosen}|-IBm lab {verb.partition('-')[0]} 1\n", answer.errors
    assert not (workshop / "X").exists()


@pytest.mark.parametrize("typed", [[], ["PORT=80; touch X"]], ids=["nothing", "typed"])
def test_make_passes_on_the_port_that_was_typed(workshop, typed):
    """A PORT in the environment is somebody else's."""
    answer = make(workshop, "board", *typed, PORT="5000")
    assert answer.output == f"python <-IBm> <lab> <board> <{''.join(typed)[5:]}>\n"
    assert not (workshop / "X").exists()


# ---- The board's side


def test_board_says_what_to_type(standing):
    """The instructor reads an address that others can reach, what to type, and how to end it."""
    assert f"    make check-step 1 BOARD=name@{standing.address}\n" in standing.said
    assert "Ctrl-C ends it" in standing.said
    host = standing.address.rpartition(":")[0]
    assert not (host.startswith("127.") and list(own_addresses()))
    status, _ = http_get(host.strip("[]"), standing.port)
    assert status == 200


def test_board_without_a_network_says_that_it_is_alone(copy):
    """Without a network the board works for its own machine, and says that it is only that."""
    alone = ["unshare", "--net"]
    if run(*alone, "true").status:
        pytest.skip("cannot check here: no network namespace")
    with Board(copy, before=alone) as lonely:
        assert "nobody else can reach the board" in lonely.said
        assert "BOARD=name@127.0.0.1:" in lonely.said


def http_get(host, port):
    """Return status and text of the page at an address."""
    client = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    client.request("GET", "/")
    answer = client.getresponse()
    return answer.status, answer.read()


def test_port_that_is_taken_is_one_line(copy, standing):
    """A port in use, and one that is none, are told in a line each with one that may be free."""
    answer = lab(copy, "board", standing.port)
    assert (answer.status, answer.output) == (3, "")
    expected = (
        f"no board at port {standing.port}: Address already in use; for example: .* PORT=8001\n"
    )
    assert re.fullmatch(expected, answer.errors)
    for wrong in ("http", "-1", "70000", "1 2"):
        answer = lab(copy, "board", wrong)
        assert (answer.status, answer.output) == (2, "")
        assert re.fullmatch(
            "there is no port .*; for example: make board PORT=8001\n", answer.errors
        )


def test_pass_stays_and_a_step_is_passed_at_one_time(board):
    """What once passed is not taken away; checks passed on different days are no step."""
    token, half = os.urandom(16).hex(), len(KNOWN[1]) // 2
    for passed, steps in ((KNOWN[1][:half], []), (KNOWN[1][half:], []), (KNOWN[1], [1]), ([], [1])):
        assert board.tell(message(token=token, passed=passed))[0] == 200
        assert board.people()["ann"]["steps"] == steps
    assert set(board.people()["ann"]["passed"]) == set(KNOWN[1])
    assert board.tell(message(token=token, step=2, passed=KNOWN[2]))[0] == 200
    assert board.people()["ann"]["steps"] == [1], "step 2 needs the checks of step 1"


def test_numbers_of_the_checks_are_those_of_the_results(copy, board):
    """The board knows a check by the number and the sentence that its result has."""
    lab(copy, "check", 1)
    (first, *_) = json.loads(board.ask("GET", "/board.json")[1])["steps"]
    assert first["checks"] == [{"id": r["check"], "title": r["title"]} for r in results(copy)]


def test_name_belongs_to_who_used_it_first(board):
    """Another checkout is told to choose another name, also where two only look alike."""
    token = os.urandom(16).hex()
    assert board.tell(message("Ann", token=token, passed=[]))[0] == 200
    for name in ("Ann", "ANN ", "Ａnn", "A\u200dnn", "A nn"):
        status, said = board.tell(message(name))
        assert (status, said) == (422, "board/v1: that name is taken; choose another one")
    assert board.people() == {"Ann": {"name": "Ann", "passed": [], "steps": []}}
    assert board.tell(message("Anna", token=token, passed=[]))[0] == 200
    assert board.tell(message("Ann"))[0] == 200, "a name that was given up is free"
    assert sorted(board.people()) == ["Ann", "Anna"]


UNSEEN = [
    "",
    "  ",
    "a" * 41,
    "a\nb",
    "a\x1b[2J",
    "a\u202eb",
    "\u200d",
    "a\ud800",
    "a\0",
    "a\u2066b",
]


@pytest.mark.parametrize("name", [*UNSEEN, 7, None, ["ann"], {}], ids=ascii)
def test_name_that_cannot_be_shown_is_refused(standing, name):
    """A name is some letters of any language, and nothing that hides or turns letters around."""
    before = standing.people()
    status, said = standing.tell(message(name))
    assert status == 422 and said.startswith("board/v1: a name has ")
    assert standing.people() == before


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "محمد", "Zoë 🦊", "می\u200cخواهم", "' OR 1=1 --", "../x"]
)
def test_any_letters_are_a_name(standing, name):
    """What is special elsewhere is a name like others."""
    assert standing.tell(message(name))[0] == 200
    assert name in standing.people()


WRONG = [
    {"schema": "board/v2"},
    {"step": 0},
    {"step": 6},
    {"step": True},
    {"step": "1"},
    {"step": 1.0},
    {"passed": "01.1"},
    {"passed": ["09.1"]},
    {"passed": ["02.1"]},
    {"passed": [1]},
    {"passed": None},
    {"passed": [["01.1"]]},
    {"token": "x"},
    {"token": "G" * 32},
    {"token": 5},
    {"extra": 1},
]


@pytest.mark.parametrize("field", WRONG, ids=str)
def test_message_is_checked_field_by_field(standing, field):
    """A field that is wrong, unknown or missing is refused with a line."""
    before = standing.people()
    status, said = standing.tell({**message("nobody"), **field})
    assert status == 422 and re.fullmatch("board/v1: .+", said)
    without = message("nobody")
    del without[next(iter(field.keys() & without.keys()), "name")]
    assert standing.tell(without)[0] == 422
    assert standing.people() == before


def test_nonsense_is_refused_and_does_no_harm(standing):
    """Hundreds of messages with random mistakes get an answer each, and the board goes on."""
    chance, valid = random.Random(6), json.dumps(message("fuzz")).encode()
    bodies = [b"", b"[" * 16000, b"9" * 16000, b"\xff\xfe", b"null", b'{"a":' * 2000, b"NaN"]
    bodies += [damaged(valid, chance) for _ in range(300)]
    for number, body in enumerate(bodies):
        status, said = standing.ask("POST", "/passes", body, source=f"127.0.1.{number % 4 + 1}")
        assert status in (200, 400, 422) and said.startswith("board/v1: "), body
    standing.tell(message("after"))
    assert "after" in standing.people()


def damaged(text, chance):
    """Return bytes with some of them changed, taken out, or there twice."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.sample(range(len(text)), 2))
        part = text[at:to][:20]
        new = chance.choice([bytes([chance.randrange(256)]), b"", part + part, b"\\u0000", b"{"])
        text = text[:at] + new + text[at + len(part) * chance.randint(0, 1) :]
    return text


POST = b"POST /passes HTTP/1.1\r\nContent-Type: application/json\r\n"
REQUESTS = {
    POST + b"Content-Length: 99999\r\n\r\n": 413,
    POST + b"Content-Length: -1\r\n\r\n": 411,
    POST + b"\r\n": 411,
    POST.replace(b"application/json", b"text/plain") + b"Content-Length: 2\r\n\r\n{}": 415,
    POST + b"Origin: http://x\r\n\r\n": 415,
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}": 415,
    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n": 431,
    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n": 431,
    b"GET /../../etc/passwd HTTP/1.1\r\n\r\n": 404,
    b"GET /.lab/board.json HTTP/1.1\r\n\r\n": 404,
    b"DELETE / HTTP/1.1\r\n\r\n": 400,
    b"\x16\x03\x01 nonsense\r\n\r\n": 400,
}


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_request_that_is_none_of_ours_is_refused(standing, number):
    """What is too long, a web page's, or for something else has an answer with that status."""
    request, status = list(REQUESTS.items())[number]
    with standing.connect() as connection:
        with contextlib.suppress(OSError):  # it need not read all of it
            connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 %d" % status


def test_flood_from_one_address_is_stopped_and_no_class_is(board):
    """200 people behind one address are heard at once; who never stops is told to; others go on."""
    class_of_200 = [board.tell(message(f"p{n}", passed=[]))[0] for n in range(200)]
    assert set(class_of_200) == {200}
    loud = message("loud")
    until(lambda: board.tell(loud, source="127.0.0.2"), lambda answer: answer[0] == 429)
    assert board.tell(message("quiet"))[0] == 200
    assert len(board.people()) == 202, "200, the loud one and the quiet one"


def test_address_that_floods_gets_its_turn_again():
    """What was used up comes back with time, up to as much as there was."""
    rates = server.Rates()
    answers = [rates.allow("a", "POST") for _ in range(1000)]
    _, most = server.RATES["POST"]
    assert answers[:most] == [True] * most and not answers[-1]
    assert rates.allow("b", "POST") and rates.allow("a", "GET")
    until(lambda: rates.allow("a", "POST"), bool)


@pytest.mark.parametrize(
    ("peers", "same"),
    [
        (("192.168.1.5", "::ffff:192.168.1.5"), True),
        (("2001:db8::1", "2001:db8::ffff:2"), True),
        (("2001:db8::1", "2001:db8:0:1::1"), False),
        (("192.168.1.5", "192.168.1.6"), False),
        (("fe80::1%eth0", "fe80::2"), True),
    ],
)
def test_who_has_many_addresses_is_one(peers, same):
    """A machine has as many addresses of version 6 as it likes, in one network."""
    one, other = (server.network((peer, 1)) for peer in peers)
    assert (one == other) is same


def test_who_keeps_connections_open_keeps_nobody_out(standing):
    """Hundreds of connections on which nothing comes are closed in time; others are served."""
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(standing.connect("127.0.0.2")) for _ in range(600)]
        for connection in idle[::2]:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert standing.tell(message("patient"))[0] == 200
        assert time.monotonic() - begin < server.PATIENCE
        for connection in idle:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
    assert time.monotonic() - begin < server.PATIENCE + 3


def test_board_is_full_some_time():
    """There are at most so many people; those who are on it go on."""
    full = roll.Roll({})
    tokens = [f"{number:032x}" for number in range(roll.MOST)]
    for number, token in enumerate(tokens):
        full.take(message(f"p{number}", token=token, passed=[]))
    with pytest.raises(roll.Refused, match="full"):
        full.take(message("one more"))
    full.take(message("p0", token=tokens[0]))
    assert full.shown()["people"][0]["steps"] == [1]


def test_restart_goes_on_and_tokens_are_nobodys_business(copy):
    """What came is there after a restart, names belong to the same people, no token is kept."""
    told = message("ann")
    with Board(copy) as first:
        first.tell(told)
        assert told["token"] not in first.ask("GET", "/board.json")[1]
        assert "kept in" in first.end()
    kept = (copy / ".lab/board.json").read_text()
    assert told["token"] not in kept
    with Board(copy) as second:
        assert "From before: 1 person." in second.said
        assert second.people()["ann"]["steps"] == [1]
        assert second.tell(message("ann"))[0] == 422
        assert second.tell(told)[0] == 200


def test_what_came_is_kept_while_the_board_runs(copy, board):
    """A machine that is switched off loses no more than the last second."""
    board.tell(message("ann"))
    until((copy / ".lab/board.json").exists, bool)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": "board/v1", "people": []}', '{"schema": "board/v0"}']
    + ['{"schema": "board/v1", "people": {"x": {"name": 5, "passed": [], "steps": []}}}']
    + ['{"schema": "board/v1", "people": {"x": {"name": "a", "passed": [[]], "steps": [{}]}}}'],
)
def test_broken_file_is_no_obstacle_and_not_lost(copy, text):
    """A file that makes no sense is kept as a copy, and the board begins anew."""
    (copy / ".lab").mkdir(exist_ok=True)
    (copy / ".lab/board.json").write_text(text)
    with Board(copy) as begun:
        assert "kept as .lab/board.json.~1~" in begun.said
        assert begun.tell(message())[0] == 200
    assert (copy / ".lab/board.json.~1~").read_text() == text


def test_page_allows_itself_only_its_own_script(standing):
    """The policy names the page's own script and style, and lets nothing else be loaded or run."""
    client = http.client.HTTPConnection(ANYBODY, standing.port, timeout=PATIENCE)
    client.request("GET", "/")
    policy = client.getresponse().headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    with open(f"{ROOT}/lab/board/page.html") as page:
        text = page.read()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)
    assert not re.search(r"(?:https?:)?//[a-z]", text)


def test_same_is_not_sent_twice(standing):
    """Who looks every second gets what is shown only when it has changed."""
    client = http.client.HTTPConnection(ANYBODY, standing.port, timeout=PATIENCE)
    client.request("GET", "/board.json")
    mark = client.getresponse().headers["ETag"]
    assert standing.ask("GET", "/board.json", more={"If-None-Match": mark}) == (304, "")
    standing.tell(message("changed"))
    assert standing.ask("GET", "/board.json", more={"If-None-Match": mark})[0] == 200

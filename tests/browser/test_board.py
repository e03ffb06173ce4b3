"""The board in a real browser: what is told is seen at once, as text, and fits the screen."""

import os
import shutil

import pytest
from boards import KNOWN, Board, message
from chromium import ARTIFACTS, playwright
from test_command_line import copied

SIZES = {"projector": (1920, 1080), "notebook": (1280, 720), "phone": (390, 800)}
PATIENCE = 20_000  # milliseconds
expect = playwright.expect
expect.set_options(timeout=PATIENCE)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the checkout."""
    return copied(tmp_path_factory.mktemp("board") / "checkout")


@pytest.fixture
def board(checkout):
    """Return a board on which nobody is."""
    shutil.rmtree(checkout / ".lab", ignore_errors=True)
    with Board(checkout) as started:
        yield started


def opened(chromium, board, size="notebook", **options):
    """Open the page; what it complains of, or asks for elsewhere, is kept in page.told."""
    width, height = SIZES[size]
    page = chromium.new_page(viewport={"width": width, "height": height}, **options)
    page.set_default_timeout(PATIENCE)
    page.told, own = [], f"http://127.0.0.1:{board.port}/"
    page.on("console", lambda message: page.told.append(message.text))
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.on(
        "request", lambda asked: asked.url.startswith((own, "data:")) or page.told.append(asked.url)
    )
    page.goto(own)
    expect(page.locator("#steps li")).to_have_count(5)
    return page


def name(number):
    """Return a name; some are as long as may be."""
    return f"Person {number}".ljust(40 if number % 7 == 6 else 0, "m")


def fill(board, count):
    """Put people on a board, each of whom has come somewhere else; the first nowhere."""
    for number in range(count):
        checks = [*KNOWN[1], *KNOWN[2]][: number % (len(KNOWN[1]) + len(KNOWN[2]) + 1)]
        source = f"127.0.2.{number // 100 + 1}"
        told = message(name(number), step=2, passed=checks)
        assert board.tell(told, source=source)[0] == 200


def row(page, who):
    """Return what a person's row says, cell by cell."""
    cells = page.locator("tbody tr", has=page.get_by_role("rowheader", name=who, exact=True))
    return [cell.text_content() for cell in cells.locator("td").all()]


def test_pass_is_seen_without_reloading(chromium, board):
    """Who tells something is on the page a moment later, marked as new, for a moment only."""
    page = opened(chromium, board)
    page.get_by_text("Nobody is on the board yet.").wait_for()
    page.evaluate("window.before = true")
    token = os.urandom(16).hex()
    board.tell(message("ann", passed=KNOWN[1][:3], token=token))
    page.get_by_text(f"3/{len(KNOWN[1])}").wait_for()
    assert row(page, "ann")[1:5] == ["✓", "✓", "✓", "·"]
    expect(page.locator(".new")).to_have_count(0)
    board.tell(message("ann", token=token))
    page.get_by_text("1 of 1 pass").wait_for()
    new = page.locator("td.new")
    assert new.count() == len(KNOWN[1]) - 3 + 1, "the checks, and the step"
    expect(page.locator(".new")).to_have_count(0)
    assert row(page, "ann")[:2] == ["✓", "✓"]
    assert page.evaluate("window.before") and not page.told
    page.close()


def test_hostile_name_is_text(chromium, board):
    """What a name says in HTML is read and not obeyed, and no request leaves for elsewhere."""
    names = [HOSTILE, "'\"><script>alert(2)</script>", "{{7*7}}", "javascript:alert(3)"]
    for each in names:
        board.tell(message(each))
    page = opened(chromium, board)
    page.get_by_text(HOSTILE).wait_for()
    assert sorted(page.locator("tbody th").all_text_contents()) == sorted(names)
    assert page.locator("main img, main script").count() == 0
    assert not page.told
    page.close()


def test_policy_stops_what_would_get_in(chromium, board):
    """Were a name put into the page as HTML, the browser would refuse it."""
    page = opened(chromium, board)
    refused = "document.body.innerHTML = '<img src=x>'"
    with pytest.raises(playwright.Error, match="TrustedHTML"):
        page.evaluate(refused)
    page.close()


def test_page_says_when_the_board_is_gone(chromium, checkout, board):
    """When the server ends the page says so, keeps what it has, and goes on when it is back."""
    board.tell(message("ann"))
    page = opened(chromium, board)
    page.get_by_role("rowheader", name="ann").wait_for()
    board.end()
    state = page.get_by_role("status")
    expect(state).to_contain_text("does not answer since")
    assert row(page, "ann")[0] == "✓"
    page.screenshot(path=f"{ARTIFACTS}/board-gone.png")
    with Board(checkout, board.port) as again:
        expect(state).to_be_empty()
        again.tell(message("bob"))
        page.get_by_role("rowheader", name="bob").wait_for()
    page.close()


@pytest.mark.parametrize("count", [0, 1, 30, 200])
def test_class_of_any_size_fits(chromium, board, count):
    """Nothing sticks out to the side; all is seen at once on a projector, in light and dark."""
    fill(board, count)
    for size in SIZES:
        for theme in ("light", "dark"):
            page = opened(chromium, board, size, color_scheme=theme)
            names = page.locator("tbody th").all_text_contents()
            assert names == [name(number) for number in range(count)]
            wide, high = page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            )
            assert wide <= SIZES[size][0]
            assert high <= SIZES[size][1] or size == "phone" or (size, count) == ("notebook", 200)
            page.screenshot(path=f"{ARTIFACTS}/board-{count:03}-{size}-{theme}.png")
            assert not page.told
            page.close()


def test_every_check_and_steps_only_are_a_button(chromium, board):
    """Where there is no room for every check, they are shown when asked for; and back."""
    fill(board, 30)
    page = opened(chromium, board)
    assert len(row(page, name(12))) == 5
    page.get_by_role("button", name="show every check").click()
    assert len(row(page, name(12))) > 30
    page.get_by_role("button", name="show steps only").click()
    assert len(row(page, name(12))) == 5
    page.close()


def test_rows_stay_where_they_are(chromium, board):
    """People are sorted by name, not by what they have passed."""
    for who in ("Zoë", "bob 10", "Ann", "bob 9"):
        board.tell(message(who, passed=KNOWN[1] if who == "Zoë" else []))
    page = opened(chromium, board)
    assert page.locator("tbody th").all_text_contents() == ["Ann", "bob 9", "bob 10", "Zoë"]
    page.close()


def test_table_is_read_aloud_as_one(chromium, board):
    """Each cell has a word beside its mark, each check its sentence, and nothing moves unasked."""
    board.tell(message("ann", passed=KNOWN[1][:1]))
    page = opened(chromium, board, reduced_motion="reduce")
    cells = page.locator("tbody td")
    assert cells.nth(1).get_attribute("aria-label") == "passed"
    assert cells.nth(2).get_attribute("aria-label") == "not yet"
    assert page.get_by_role("columnheader", name="01.1 the command runs, with stdin").count() == 1
    moves = "cells => cells.map(cell => getComputedStyle(cell).transitionDuration)"
    assert set(page.eval_on_selector_all("td", moves)) == {"0s"}
    page.close()

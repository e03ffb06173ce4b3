"""The slides in a real browser: each fits, in every size and theme, and the keys turn them."""

import pytest
from chromium import ARTIFACTS

from lab import ROOT
from lab.commands import slides

SIZES = ((1280, 720), (1920, 1080), (1024, 768))
# What sticks out of the slide that is shown, or is under the line with its number.
STICKS_OUT = """() => {
  const slide = document.querySelector("main > section:not([hidden])");
  const end = slide.querySelector("footer").getBoundingClientRect().top;
  const { left, right, top } = slide.getBoundingClientRect();
  const parts = [...slide.querySelectorAll(":scope > :not(aside, footer, .picture > h2)")];
  return parts.filter(part => {
    const box = part.getBoundingClientRect();
    return box.left < left || box.right > right || box.top < top || box.bottom > end + 1
      || part.scrollWidth > part.clientWidth + 1 || innerHeight < document.body.scrollHeight;
  }).map(part => part.outerHTML.slice(0, 80));
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return where the slides are, just built."""
    place = tmp_path_factory.mktemp("slides") / "slides.html"
    with open(slides.DECK) as deck:
        place.write_text(slides.build(deck.read(), f"{ROOT}/docs"))
    return place.as_uri()


def opened(chromium, address, size=SIZES[0], theme="light"):
    """Open the slides; what they complain of, or ask for, is kept in page.told."""
    page = chromium.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, has_touch=True
    )
    page.told = []
    page.on("console", lambda message: page.told.append(message.text))
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.goto(address)
    page.on("request", lambda request: page.told.append(request.url))
    return page


def shown(page):
    """Return the numbers of the slides that are seen."""
    numbers = "slides => slides.flatMap((slide, at) => slide.offsetHeight ? [at + 1] : [])"
    return page.eval_on_selector_all("main > section", numbers)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_slide_fits(chromium, address, size, theme):
    """Nothing sticks out of a slide, and one is seen at a time."""
    page = opened(chromium, address, size, theme)
    count = page.locator("main > section").count()
    for number in range(1, count + 1):
        assert shown(page) == [number]
        assert not page.evaluate(STICKS_OUT), f"slide {number}"
        if size == SIZES[0]:
            page.screenshot(path=f"{ARTIFACTS}/slide-{number:02}-{theme}.png")
        page.keyboard.press("ArrowRight")
    assert shown(page) == [count]
    assert not page.told
    page.close()


def test_keys_buttons_and_fingers_turn_the_slides(chromium, address):
    """Every usual key goes on or back, and what is in the address is where one begins."""
    page = opened(chromium, f"{address}#3")
    assert shown(page) == [3]
    count = page.locator("main > section").count()
    keys = {" ": 4, "ArrowDown": 5, "PageDown": 6, "ArrowLeft": 5, "ArrowUp": 4, "PageUp": 3}
    for key, number in {**keys, "Shift+ ": 2, "Home": 1, "End": count}.items():
        page.keyboard.press(key)
        assert shown(page) == [number], key
    page.keyboard.press("Home")
    page.get_by_role("button", name="the next slide").click()
    assert shown(page) == [2]
    for begin, end, number in ((900, 300, 3), (300, 900, 2), (300, 310, 2)):
        page.evaluate(
            """([begin, end]) => {
              const at = clientX => [new Touch({ identifier: 1, target: document.body, clientX })];
              dispatchEvent(new TouchEvent("touchstart", { touches: at(begin) }));
              dispatchEvent(new TouchEvent("touchend", { changedTouches: at(end) }));
            }""",
            [begin, end],
        )
        assert shown(page) == [number]
    assert page.url.endswith("#2")
    assert not page.told
    page.close()


def test_notes_and_themes_are_switched_by_a_key(chromium, address):
    """`n` shows what is for the speaker, below a slide that still fits; `d` changes the theme."""
    page = opened(chromium, f"{address}#3")
    notes = page.locator("main > section:not([hidden]) > aside")
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert notes.is_visible()
    slide = page.locator("main > section:not([hidden])").bounding_box()
    assert slide["y"] + slide["height"] <= notes.bounding_box()["y"] + 1
    assert not page.evaluate(STICKS_OUT)
    colour = "() => [document.documentElement, document.querySelector('svg .page')].map(part => { \
        const style = getComputedStyle(part); return style.fill + style.backgroundColor })"
    light = page.evaluate(colour)
    page.keyboard.press("d")
    assert all(one != other for one, other in zip(light, page.evaluate(colour), strict=True))
    page.keyboard.press("d")
    assert page.evaluate(colour) == light
    page.close()


def test_all_slides_are_printed_one_on_a_page(chromium, address):
    """Printed, every slide has a page of its own, without notes; with them if they are shown."""
    page = opened(chromium, address, theme="dark")
    count = page.locator("main > section").count()
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == count
    page.emulate_media(media="print")
    assert len(shown(page)) == count
    page.close()


def test_without_scripts_all_slides_are_one_below_the_other(chromium, address):
    """Where scripts are off, the page is still to be read."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    headings = page.locator("h1, h2").all()
    assert headings and all(heading.is_visible() for heading in headings)
    context.close()

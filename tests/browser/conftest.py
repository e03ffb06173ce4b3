"""The browser of all tests: it takes longer to start than most of them."""

import os

import pytest


@pytest.fixture(scope="session")
def chromium():
    """Return Chromium, running."""
    from chromium import ARTIFACTS, CHROMIUM, QUIET, playwright

    os.makedirs(ARTIFACTS, exist_ok=True)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()

"""A real browser for the tests; without one they are skipped, but not in CI."""

import os
import shutil

import pytest

from lab import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason="make test-browser installs it")
ARTIFACTS = f"{ROOT}/artifacts"  # what was seen last
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
QUIET += ("--disable-background-networking", "--disable-component-update", "--disable-sync")

if not CHROMIUM:
    reason = "there is no chromium here: sudo apt-get install chromium"
    pytest.exit(reason, 1) if os.environ.get("CI") else pytest.skip(reason, allow_module_level=True)

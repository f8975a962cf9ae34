"""A real browser: Debian's chromium, driven by playwright. Where it is not installed a test skips on a desk and fails in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

# It asks for nothing outside this machine, and as root it has no sandbox of its own.
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@contextmanager
def browser() -> Iterator[BrowserContext]:
    """A fresh profile; pages opened in it are closed with it."""
    program = shutil.which("chromium")
    if program is None:
        assert not os.environ.get("CI"), "CI must have chromium; ./check installs it"
        pytest.skip("chromium is not installed")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            context = running.new_context(viewport={"width": 1000, "height": 640})
            context.set_default_timeout(20_000)
            yield context
        finally:
            running.close()

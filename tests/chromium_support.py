"""A headless Chromium to open pages in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def lacking(what: str) -> None:
    """Skip where something is not installed; in CI it must be."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing; tests of the page of a run need it (apt-get install chromium)")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[object]:
    """A browser with an empty profile, for the whole session."""
    path = os.environ.get("ARCHSIM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        lacking("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("playwright")
    folder = tmp_path_factory.mktemp("profile")
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            str(folder), executable_path=path, headless=True, args=list(ARGUMENTS),
            viewport={"width": 1280, "height": 900},
        )  # fmt: skip
        yield context
        context.close()


def complaints(page: object) -> list[str]:
    """What axe-core finds that a keyboard or a screen reader cannot use: roles, names, order, contrast."""
    try:
        source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    except ImportError:
        lacking("axe-playwright-python")
    page.evaluate(source)
    options = {"iframes": False, "resultTypes": ["violations"]}
    found = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


class Opened:
    """A page, with what it said on the console and what it asked for."""

    def __init__(self, context, file: Path, width: int = 1280, scheme: str = "light", script: str = "") -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = context.new_page()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        if script:  # before the page's own
            self.page.add_init_script(script)
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("body[data-ready]", timeout=300_000)

    def tell(self, script: str) -> object:
        """What a script gives in the page."""
        return self.page.evaluate(script)

    def until(self, script: str) -> None:
        """Until a script gives something true; the page's policy lets nothing wait within it."""
        for _ in range(200):
            if self.page.evaluate(script):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never: {script}")

    def rest(self) -> None:
        """Until the next picture is drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

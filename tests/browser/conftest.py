"""A real Chromium: the system's own, at the size of a phone and of a desk, with nothing but our server to talk to."""

import asyncio
import contextvars
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

from tests.client import Client
from tests.conftest import missing
from tests.server import LiveServer

PHONE, DESK = (360, 640), (1280, 900)
SIZES = {"360x640": PHONE, "1280x900": DESK}
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SCREENSHOTS = Path(__file__).resolve().parent.parent.parent / "screenshots"
# The success criteria of WCAG 2.2 at levels A and AA.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    found = next((path for path in map(shutil.which, CHROMIUMS) if path), None)
    if found is None:
        missing("a Chromium (apt install chromium fonts-noto-cjk)")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop running in this thread, where Flask then refuses to start its own.
        patch.setattr(Flask, "async_to_sync", _run_beside)
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


def _run_beside(_app: Flask, act: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """Run a coroutine function to its end in another thread, in the caller's context."""

    def run(*args: Any, **kwargs: Any) -> Any:
        context = contextvars.copy_context()
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(context.run, asyncio.run, act(*args, **kwargs)).result()

    return run


@dataclass
class Window:
    """A page in a browser of its own size, and everything that went wrong in it."""

    page: Page
    server: LiveServer
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path of our server."""
        self.page.goto(self.server.url + path)
        return self.page

    def enter(self, client: Client) -> "Window":
        """Take over the session of a test client (see Client.login)."""
        name = client.application.config["SESSION_COOKIE_NAME"]
        client.csrf_token()
        cookie = client.get_cookie(name)
        assert cookie is not None
        self.page.context.add_cookies([{"name": name, "value": cookie.value, "url": self.server.url}])
        return self

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page in screenshots/, to be looked at, where ``make browser`` runs the tests."""
        if "SCREENSHOTS" not in os.environ:
            return
        width = (self.page.viewport_size or {}).get("width", 0)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)

    def check(self) -> None:
        """W1: no violation that axe can see, no sideways scrolling, nothing in the console."""
        results = Axe().run(self.page, options={"runOnly": AXE_TAGS, "resultTypes": ["violations"]})
        violations = [
            f"{v['id']}: {v['help']} ({', '.join(str(n['target']) for n in v['nodes'][:3])})"
            for v in results.response["violations"]
        ]
        assert violations == [], f"{self.page.url}: {violations}"
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"
        assert self.faults == []


@pytest.fixture
def window(browser: Browser, serve: Callable[..., LiveServer]) -> Iterator[Callable[..., Window]]:
    """``window(size=PHONE)``: a new visitor's page on this test's server; any fault in it fails the test."""
    windows: list[Window] = []
    server: list[LiveServer] = []

    def make(size: tuple[int, int] = PHONE, *, javascript: bool = True) -> Window:
        server[:] = server or [serve()]
        opened = new_window(browser, server[0], size=size, javascript=javascript)
        windows.append(opened)
        return opened

    yield make
    for opened in windows:
        opened.page.context.close()
    assert [fault for opened in windows for fault in opened.faults] == []


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def page(request: pytest.FixtureRequest, window: Callable[..., Window]) -> Page:
    """A visitor's page at both sizes; paths are relative to the server."""
    return window(request.param).page


def new_window(
    browser: Browser, server: LiveServer, *, size: tuple[int, int] = PHONE, javascript: bool = True
) -> Window:
    """A page with cookies of its own on a server; whoever asks for it closes its context and looks at its faults."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        java_script_enabled=javascript,
        reduced_motion="reduce",
    )
    opened = Window(context.new_page(), server)
    _watch(opened)
    return opened


def _watch(window: Window) -> None:
    """Collect what a visitor would not see: errors of scripts, refused content, calls to other hosts."""
    own = urlsplit(window.server.url).netloc

    def guard(route: Route, request: Request) -> None:
        target = urlsplit(request.url)
        if target.scheme in ("http", "https") and target.netloc != own:
            window.faults.append(f"asked another host: {request.url}")
            route.abort()
            return
        route.continue_()

    def listen(message: ConsoleMessage) -> None:
        # A page of an error is allowed to have its own status.
        if message.type == "error" and "Failed to load resource" not in message.text:
            window.faults.append(f"console: {message.text}")

    window.page.route("**/*", guard)
    window.page.on("console", listen)
    window.page.on("pageerror", lambda error: window.faults.append(f"script: {error}"))

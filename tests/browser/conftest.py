"""The built book, a server on loopback, and a Chromium that reaches nothing else."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
# --no-sandbox: Chromium's own sandbox does not start for root, as in most containers.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def book():
    """The folder of the built book."""
    html = ROOT / "_build" / "html"
    if not (html / "index.html").is_file():
        pytest.fail(f"no built book in {html}: run `make book` first")
    return html


@pytest.fixture(scope="session")
def chapters(book):
    """The addresses of the pages that people wrote, relative to the book."""
    return sorted(path.relative_to(book).as_posix() for path in (book / "chapters").rglob("*.html"))


@pytest.fixture(scope="session")
def address(book):
    """The book, served on a free port of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(book)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        say = f"no browser: looked for $CHROMIUM and for {', '.join(names)} in PATH"
        (pytest.fail if os.environ.get("CSCBOOK_CI") else pytest.skip)(say)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


class Watched:
    """A browser tab that may speak to this machine only, and keeps what went wrong in it."""

    def __init__(self, browser, **settings):
        self.refused, self.errors = [], []
        self.context = browser.new_context(**settings)
        self.context.route("**/*", self._admit)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("requestfailed", self._miss)
        self.page.on("response", lambda r: r.status < 400 or self.errors.append(f"{r.url}: {r.status}"))

    def _admit(self, route):
        url = urlsplit(route.request.url)
        if url.scheme in ("data", "blob", "file") or url.hostname == "127.0.0.1":
            return route.continue_()
        self.refused.append(route.request.url)
        return route.abort()

    def _miss(self, request):
        if request.failure != "net::ERR_ABORTED":  # that one: the page was left before the answer came
            self.errors.append(f"{request.url[:200]}: {request.failure}")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text}")

    def faults(self):
        return [f"asked the network for {url}" for url in self.refused] + self.errors


@pytest.fixture
def watch(chromium):
    """``watch(**settings)`` opens a Watched tab."""
    opened = []

    def open_tab(**settings):
        opened.append(Watched(chromium, **settings))
        return opened[-1]

    yield open_tab
    for tab in opened:
        tab.context.close()

"""A first visit of the kiosk's page: in a browser that has never seen it, on a processor four times slower.

The floor is a bare page with one module script, from a server in this process that does nothing else, in the same
Chromium and as slow. Both are told by the page: milliseconds from the navigation until its module has run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.browser import running_browser
from benchmarks.building import SLUG, Building
from benchmarks.figures import Figure, Pairs, Wanted
from benchmarks.kiosks import LANGUAGE, has_numbers, pair, running_kiosk, wait_until
from benchmarks.running import HOST, running_server
from benchmarks.scratch import Size

USABLE = Wanted(bound=1000, is_least=False, of_value=True)
SLOWER = 4
WIDTH, HEIGHT = 1080, 1920
PAGES: Mapping[str, str] = {"start page": "/", "services": f"/kiosk/{SLUG}/{LANGUAGE}"}
_READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
"""Not before the page's module has run: from then on every button and key does what it should."""
_BARE = {
    "/": (
        "text/html",
        b'<!doctype html><link rel="icon" href="data:,"><script type="module" src="/bare.js"></script>',
    ),
    "/bare.js": ("text/javascript", b'document.title = "bare";'),
}


def visit(
    building: Building, folder: Path, services: int, size: Size, name: str
) -> Iterator[Figure]:
    """A line for each page of a kiosk beside its server; floor and pages in turn. Raises BenchWrong."""
    with running_server(building.data) as server:
        place = pair(building, f"http://{HOST}:{server.port}", folder)
        with running_kiosk(place) as kiosk, _bare_server() as bare, running_browser() as browser:
            wait_until(lambda: has_numbers(place, services), "numbers are leased")
            floor = f"http://{HOST}:{bare}/"
            addresses = {case: f"http://{HOST}:{kiosk.port}{path}" for case, path in PAGES.items()}
            for address in (
                floor,
                *addresses.values(),
            ):  # the browser's and the program's own first steps
                _usable_millis(browser, address)
            pairs = {case: Pairs() for case in addresses}
            for _ in range(size.rounds):
                for case, address in addresses.items():
                    least = _usable_millis(browser, floor)
                    pairs[case].add(_usable_millis(browser, address), least)
    for case, each in pairs.items():
        title = f"first visit of the kiosk's page, processor {SLOWER} x slower, {case}"
        yield each.figure(name, title, "ms", more_is_better=False, wanted=USABLE)


def _usable_millis(browser: Browser, address: str) -> float:
    """From the navigation until the page's module has run; the browser's cache is empty."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, has_touch=True)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load")
    millis = page.evaluate(_READY)
    context.close()
    return float(millis)


@contextmanager
def _bare_server() -> Iterator[int]:
    """The port of the floor's server, until the block ends."""
    server = ThreadingHTTPServer((HOST, 0), _Bare)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Bare(BaseHTTPRequestHandler):
    """Two files out of memory, over kept connections."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind, body = _BARE[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- the library's name
        """Nothing is said."""

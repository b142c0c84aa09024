"""A page that asks for news as a display's does, and the real Chromium under the real supervisor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response

from device_client.browser import command_line
from device_client.pages import HOST, PageServer, refuse_strangers
from display_client.browser import FLAGS, Limits, Supervisor
from display_client.power import NoScreen, Screen
from display_client.watch import Watch, Watched, add_routes
from tests.end_to_end.browsers import chromium_path

WAIT_SECONDS_MAX = 60
HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--screen-info={1920x1080}")
"""As root, in a test, without a screen. The product keeps the sandbox."""
PAGE = """<!doctype html><title>board</title>
<body style="margin:0;min-height:100vh;background:linear-gradient(#063,#fc0)"><h1 style="font-size:300px">A012</h1>
<script>
async function ask() {
  for (;;) {
    const said = await (await fetch("/local/news?load=" + performance.timeOrigin)).text();
    if (said === "freeze") for (;;);
    if (said === "fall silent") return;
    await new Promise((done) => setTimeout(done, 100));
  }
}
ask();
</script>"""


@dataclass(slots=True)
class Hall:
    """What the program beside the screen knows, set by the test."""

    is_quiet: bool = True
    is_screen_wanted: bool = True
    now: datetime = datetime(2026, 9, 22, 10, 0, tzinfo=UTC)
    say: str = ""
    """What the page is told next."""
    loads: list[str] = field(default_factory=list)
    """Each load of the page, once."""
    pictures: list[tuple[int, bytes]] = field(default_factory=list)

    def watch(self) -> Watch:
        return Watch(
            is_quiet=lambda: self.is_quiet,
            is_screen_wanted=lambda: self.is_screen_wanted,
            local_now=lambda: self.now,
            take_screenshot=lambda order, jpeg: self.pictures.append((order, jpeg)),
        )


def page_app(hall: Hall, watch: Watch) -> Flask:
    """`/` is the page; it asks `/local/news`."""
    app = Flask("nouba_display_test", static_folder=None)
    app.before_request(refuse_strangers)
    add_routes(app, watch)

    @app.get("/")
    def board() -> Response:
        return Response(PAGE, mimetype="text/html")

    @app.get("/local/news")
    def news() -> Response:
        from flask import request

        watch.page_asks()
        load = request.args["load"]
        if load not in hall.loads:
            hall.loads.append(load)
        said, hall.say = hall.say, ""
        return Response(said, mimetype="text/plain")

    return app


@contextmanager
def served(hall: Hall, watch: Watch) -> Iterator[int]:
    """The page's port."""
    server = PageServer(page_app(hall, watch), 0, threads=6)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.port
    finally:
        server.stop()
        thread.join()


def a_command(folder: Path, port: int) -> list[str]:
    """The display's own command line, and what a test needs."""
    url = f"http://{HOST}:{port}/"
    return command_line(chromium_path(), folder / "browser", url, flags=(*FLAGS, *HEADLESS))


@contextmanager
def supervised(
    command: Sequence[str],
    watched: Watched,
    limits: Limits,
    *,
    screen: Screen | None = None,
    memory_bytes: Callable[[int], int] | None = None,
) -> Iterator[Supervisor]:
    """Running until the block ends."""
    supervisor = Supervisor(
        command, watched, limits=limits, screen=screen or NoScreen(), memory_bytes=memory_bytes
    )
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        thread.join()


def until(condition: Callable[[], object], what: str, seconds: float = WAIT_SECONDS_MAX) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)

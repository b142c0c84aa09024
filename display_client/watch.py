"""What the display's program asks of whoever supervises Chromium, in the same process or in a service of its own.

The program knows the calls, the hours and the orders of staff; the supervisor has the browser, its memory and the
screen's power. Between two services the wishes travel as JSON of `GET /alive`, and a screenshot comes back by
`POST /local/screenshot/<order>`. There is no secret between them: both are this machine's own, a picture is
taken only of an order that is open, and the header below keeps pages of other origins out, for a browser
would have to ask before it sent one.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.request import Request, urlopen

import msgspec
import structlog
from flask import Flask, Response, abort, request

from device_client.pages import ALIVE, ALIVE_TIMEOUT_SECONDS, HOST, Attention
from server.wire_displays import PageState

SILENT_SECONDS_MAX: Final = 15.0
"""The page asks for news at least each second: one that is silent this long is white or frozen."""
STARTING_SECONDS: Final = 30.0
"""After its start the program gives the browser so long to open the page, before it says that there is none."""
WATCHED_SECONDS: Final = 10.0
SCREENSHOT_BYTES_MAX: Final = 150_000
SCREENSHOT_SECONDS_MAX: Final = 30.0
"""What staff asked for longer ago, nobody waits for."""
SCREENSHOT: Final = "/local/screenshot"
LOCAL_HEADER: Final = "Nouba-Local"
_JPEG: Final = b"\xff\xd8\xff"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """One look at what the program wants of its browser and its screen."""

    quiet_seconds: float
    """How long ago the page last asked for news."""
    is_quiet: bool
    """Nothing is announced and no call is new: the browser may be started anew."""
    is_screen_on: bool
    local_time: datetime
    """By the branch's clock, as the server tells it."""
    reload: int
    """How often a reload was asked for."""
    screenshot: int | None
    """The order that waits for a picture."""


class Watched(Protocol):
    """The display's program, as its supervisor sees it."""

    def wishes(self) -> Wishes | None:
        """None while the program does not answer."""

    def hand_screenshot(self, order: int, jpeg: bytes) -> None:
        """The picture of that order; lost when the program has gone meanwhile."""


class Watch:
    """The program's own end. Any thread may call any method; the callables must be quick."""

    def __init__(
        self,
        *,
        is_quiet: Callable[[], bool],
        is_screen_wanted: Callable[[], bool],
        local_now: Callable[[], datetime],
        take_screenshot: Callable[[int, bytes], None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`take_screenshot(order, jpeg)` brings a picture to the server; it may take its time."""
        self.attention = Attention(steady)
        self._is_quiet = is_quiet
        self._is_screen_wanted = is_screen_wanted
        self._local_now = local_now
        self._take_screenshot = take_screenshot
        self._steady = steady
        self._lock = threading.Lock()
        self._was_asked = False
        self._began = steady()
        self._watched: float | None = None
        self._reload = 0
        self._screenshot: int | None = None
        self._ordered = 0.0

    def page_asks(self) -> None:
        """The page asked for news: it lives."""
        self._was_asked = True
        self.attention.pay()

    def reload(self) -> None:
        """The page is to be loaded anew."""
        with self._lock:
            self._reload += 1

    def screenshot(self, order: int) -> None:
        """A picture is wanted, for this order."""
        with self._lock:
            self._screenshot, self._ordered = order, self._steady()

    def page_state(self) -> PageState:
        """As reports tell it: `unknown` until the browser has had its time to open a page, then `none` is a fault."""
        if not self._was_asked:
            is_starting = self._steady() - self._began < STARTING_SECONDS
            return "unknown" if is_starting else "none"
        return "ok" if self.attention.quiet_seconds() <= SILENT_SECONDS_MAX else "frozen"

    def is_watched(self) -> bool:
        """Whether a supervisor looks: without one, a page must be asked to reload itself."""
        with self._lock:
            seen = self._watched
        return seen is not None and self._steady() - seen <= WATCHED_SECONDS

    def wishes(self) -> Wishes:
        """A supervisor looks."""
        with self._lock:
            self._watched = self._steady()
            if self._steady() - self._ordered > SCREENSHOT_SECONDS_MAX:
                self._screenshot = None
            reload, screenshot = self._reload, self._screenshot
        return Wishes(
            quiet_seconds=round(self.attention.quiet_seconds(), 1),
            is_quiet=self._is_quiet(),
            is_screen_on=self._is_screen_wanted(),
            local_time=self._local_now(),
            reload=reload,
            screenshot=screenshot,
        )

    def hand_screenshot(self, order: int, jpeg: bytes) -> None:
        """Only of the order that is open: a second picture of it, or one of another, is dropped."""
        with self._lock:
            if self._screenshot != order:
                return
            self._screenshot = None
        self._take_screenshot(order, jpeg)


def add_routes(app: Flask, watch: Watch) -> None:
    """`GET /alive` and `POST /local/screenshot/<order>`, for a supervisor in a process of its own."""

    @app.get(ALIVE)
    def alive() -> Response:
        """How the page is, and what is wanted."""
        return Response(msgspec.json.encode(watch.wishes()), mimetype="application/json")

    @app.post(f"{SCREENSHOT}/<int:order>")
    def screenshot(order: int) -> Response:
        """A picture of the page."""
        if LOCAL_HEADER not in request.headers:
            abort(403)
        if (request.content_length or 0) > SCREENSHOT_BYTES_MAX:
            abort(413)
        jpeg = request.get_data()
        if not jpeg.startswith(_JPEG):
            abort(415)
        watch.hand_screenshot(order, jpeg)
        return Response(status=204)


class RemoteWatch:
    """The supervisor's end in a process of its own: `nouba-display browser`."""

    def __init__(self, port: int) -> None:
        self._base = f"http://{HOST}:{port}"

    def wishes(self) -> Wishes | None:
        """None while the program does not answer: that is no fault of the browser's."""
        try:
            with urlopen(self._base + ALIVE, timeout=ALIVE_TIMEOUT_SECONDS) as answer:  # noqa: S310
                return msgspec.json.decode(answer.read(), type=Wishes)
        except (
            OSError,
            ValueError,
            http.client.HTTPException,
        ):  # a wrong answer is msgspec's ValueError
            return None

    def is_quiet(self) -> bool:
        """Whether nobody is being called; also while the program does not answer."""
        wishes = self.wishes()
        return wishes is None or wishes.is_quiet

    def hand_screenshot(self, order: int, jpeg: bytes) -> None:
        asked = Request(  # noqa: S310 (our own address)
            f"{self._base}{SCREENSHOT}/{order}",
            jpeg,
            {LOCAL_HEADER: "1", "Content-Type": "image/jpeg"},
        )
        try:
            with urlopen(asked, timeout=SCREENSHOT_SECONDS_MAX):  # noqa: S310
                pass
        except (OSError, http.client.HTTPException) as error:
            _log.warning("screenshot_not_handed", problem=str(error))

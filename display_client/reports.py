"""Tells the server every few seconds how this display is, and does what staff ask of it, once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

import structlog

from device_client.http import Away
from device_client.server import Revoked
from display_client.keeping import Keeper, Kept, KeptTime
from display_client.news import News, Painted
from display_client.server import Server
from server.domain.errors import Refusal
from server.domain.look import look_of_settings
from server.wire_devices import DeviceReport
from server.wire_displays import DisplayOrders, DisplayState, PageState, SoundState

REPORT_SECONDS: Final = 5.0
REVOKED_SECONDS: Final = 60.0
OLDER_MAX: Final = 3
"""One or two older states may still be on their way; so many in a row are of another database (a backup)."""
KEPT_SECONDS: Final = 20.0
"""The board on the disk is at most so old: a memory card wears out."""
LOOK_SECONDS: Final = 0.2
_log = structlog.get_logger(__name__)


class Doing(Protocol):
    """Who does what staff ask for (`watch.Watch`)."""

    def reload(self) -> None: ...
    def screenshot(self, order: int) -> None: ...
    def is_watched(self) -> bool: ...


class Settled(Protocol):
    """Who needs the settings (`speech.Speaker`)."""

    def settle(self, state: DisplayState) -> None: ...


class Orders:
    """Keeps the newest state of this display, and does each order once. Any thread."""

    def __init__(self, news: News, speaker: Settled, doing: Doing) -> None:
        self._news = news
        self._speaker = speaker
        self._doing = doing
        self._lock = threading.Lock()
        self._state: DisplayState | None = None
        self._done: DisplayOrders | None = None
        self._seq = 0
        self._older = 0

    @property
    def state(self) -> DisplayState | None:
        """As the server last told it, or as it was kept."""
        return self._state

    def load(self, state: DisplayState) -> None:
        """From before this start: its settings hold, its orders say nothing."""
        with self._lock:
            self._settle(state)

    def hear(self, state: DisplayState) -> None:
        """The server's word, unless a newer one was heard: an answer to a report may be overtaken by a push.

        The first after a start, or of another database, is no order: it was done, or nobody waits for it any more.
        """
        with self._lock:
            if state.seq < self._seq:
                self._older += 1
                if self._older < OLDER_MAX:
                    return
                _log.warning("older_state_believed", seq=state.seq)
                self._done = None
            self._seq, self._older = state.seq, 0
            self._settle(state)
            done, self._done = self._done, _higher(self._done, state.orders)
        if done is None:
            return
        if state.orders.reload > done.reload:
            _log.info("reload_ordered")
            if self._doing.is_watched():
                self._doing.reload()
            else:
                self._news.reload()
        if state.orders.identify > done.identify:
            self._news.identify(state.name, state.device)
        if state.orders.screenshot > done.screenshot:
            self._doing.screenshot(state.orders.screenshot)

    def _settle(self, state: DisplayState) -> None:
        self._state = state
        self._speaker.settle(state)
        self._news.turn_to(look_of_settings(state.settings).query)


class Reporter:
    """Start `run` in a thread of its own."""

    def __init__(
        self,
        server: Server,
        news: News,
        orders: Orders,
        keeper: Keeper,
        *,
        version: str,
        page: Callable[[], PageState],
        sound: Callable[[], SoundState],
        skew_seconds: Callable[[], float | None],
        steady: Callable[[], float],
        time: Callable[[], KeptTime | None] = lambda: None,
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        """`time` is kept with the board; `accepted` is called when the server knows this token again."""
        self._server = server
        self._news = news
        self._orders = orders
        self._keeper = keeper
        self._version = version
        self._page = page
        self._sound = sound
        self._skew_seconds = skew_seconds
        self._steady = steady
        self._time = time
        self._accepted = accepted
        self._is_revoked = False
        self._due_at = float("-inf")
        self._told: tuple[object, ...] = ()
        self._keep_at = 0.0
        self._stopping = threading.Event()

    @property
    def is_revoked(self) -> bool:
        """Whether an administrator has shut this display out."""
        return self._is_revoked

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.turn()
            except Exception:
                _log.exception("report_error")

    def stop(self) -> None:
        self._stopping.set()
        self.keep()

    def turn(self) -> None:
        """What is due now."""
        now = self._steady()
        if now >= self._keep_at:
            self._keep_at = now + KEPT_SECONDS
            self.keep()
        facts = (self._page(), self._sound())
        changed = facts != self._told and not self._is_revoked
        if now < self._due_at and not changed:
            return
        self._due_at, self._told = now + REPORT_SECONDS, facts
        try:
            answer = self._server.report(self._present(self._news.painted))
        except Revoked:
            self._note_revoked(revoked=True)
            self._due_at = self._steady() + REVOKED_SECONDS
            return
        except (Away, Refusal) as problem:
            _log.debug("not_reported", problem=str(problem))
            return
        self._note_revoked(revoked=False)
        if answer.display is not None:
            self._orders.hear(answer.display)

    def keep(self) -> None:
        """Write the board down."""
        snapshot = self._news.wait(-1, 0.0)
        if self._news.painting is not None or snapshot.view is not None:
            state = self._orders.state
            self._keeper.keep(
                Kept(
                    painting=self._news.painting,
                    view=snapshot.view,
                    state=state,
                    time=self._time(),
                )
            )

    def _present(self, painted: Painted) -> DeviceReport:
        return DeviceReport(
            version=self._version,
            printer_state="unknown",
            painted_seq=painted.seq,
            painted_at=painted.at,
            sound=self._sound(),
            page=self._page(),
            clock_skew_seconds=self._skew_seconds(),
        )

    def _note_revoked(self, *, revoked: bool) -> None:
        if revoked == self._is_revoked:
            return
        self._is_revoked = revoked
        _log.error("token_revoked") if revoked else _log.info("token_accepted")
        # The page asks for the board anew, and is told.
        self._news.reload()
        if not revoked:
            self._accepted()


def _higher(done: DisplayOrders | None, told: DisplayOrders) -> DisplayOrders:
    """A state may come late, by another way: a count never goes down."""
    if done is None:
        return told
    return replace(
        told,
        reload=max(done.reload, told.reload),
        identify=max(done.identify, told.identify),
        screenshot=max(done.screenshot, told.screenshot),
    )

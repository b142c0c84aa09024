"""What the display knows, for its page, its terminal and its reports: one lock, and a number that goes up with news.

The link and the speaker write, the page and the terminal wait here for what is new.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from display_client.announcing import CALLED, FRESH_FOR
from display_client.board import BANNER_SECONDS, CURRENT_SECONDS_MAX, Board, Painting, moment_of
from display_client.keeping import kept_age
from server.wire import BoardCall, BoardView
from server.wire_displays import call_key

IDENTIFY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The board as it is known at one moment."""

    number: int
    view: BoardView | None
    age_seconds: float | None
    """None: from before this program began."""
    is_current: bool
    is_online: bool
    announced: str | None
    """`call_key` of the call that is being said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """What the page has put on the glass, and when that was heard."""

    seq: int | None = None
    at: datetime | None = None


class News:
    """Any thread may call anything."""

    def __init__(
        self,
        *,
        steady: Callable[[], float],
        now: Callable[[], datetime],
        look: str = "",
        is_time_known: Callable[[], bool] = lambda: True,
    ) -> None:
        """`now` is the server's time, as far as it is known."""
        self._steady = steady
        self._now = now
        self._is_time_known = is_time_known
        self._changed = threading.Condition()
        self._board = Board(look=look)
        # A program that was started anew must not begin below what its page has heard already.
        self._number = int(steady() * 1000)
        self._view_number = self._number
        self._reload_number = 0
        self._announced: BoardCall | None = None
        self._identity: dict[str, Any] | None = None
        self._identify_until = 0.0
        self._painted = Painted()

    # ------------------------------------------------------------ the link

    def hear_painting(self, painting: Painting) -> None:
        """The board as the server paints it."""
        with self._changed:
            if self._board.hear_painting(painting, self._steady()):
                self._view_number = self._tell()

    def hear_view(self, view: BoardView) -> bool:
        """Whether it is newer than what was known."""
        with self._changed:
            is_new = self._board.hear_view(view, self._steady())
            if is_new:
                self._tell()
            return is_new

    def hear_pulse(self, seq: int) -> bool:
        """Whether the board is another database's from now on."""
        with self._changed:
            before = self._board.epoch
            self._board.hear_pulse(seq, self._steady())
            return self._board.epoch != before

    def unchanged(self, seq: int) -> None:
        """The server was asked, and what is held of `seq` is still true."""
        with self._changed:
            self._board.unchanged(seq, self._steady())

    def load(self, painting: Painting | None, view: BoardView | None) -> None:
        """What was kept from before this start: shown, and not believed."""
        with self._changed:
            self._board.load(painting, view)
            self._view_number = self._tell()

    def turn_to(self, look: str) -> None:
        """The screen shows another part of the board: its page loads anew."""
        with self._changed:
            if look != self._board.look:
                self._board.turn_to(look)
                self._reload_number = self._tell()

    @property
    def look(self) -> str:
        with self._changed:
            return self._board.look

    @property
    def seq(self) -> int:
        """The seq that the whole board is known at; -1 when a part of it is missing."""
        with self._changed:
            return min(self._board.painting_seq, self._board.view_seq)

    @property
    def painting(self) -> Painting | None:
        with self._changed:
            return self._board.painting

    @property
    def is_behind(self) -> bool:
        """Whether something newer exists than what is held."""
        with self._changed:
            return self._board.is_behind

    @property
    def is_online(self) -> bool:
        """Whether the truth was heard a moment ago."""
        with self._changed:
            return self._snapshot().is_online

    @property
    def is_quiet(self) -> bool:
        """Nothing is announced and no call is new."""
        with self._changed:
            view, now = self._board.view, self._now()
            return self._announced is None and not any(
                call.state == CALLED and now - call.called_at < FRESH_FOR
                for call in (view.calls if view is not None else ())
            )

    @property
    def has_people(self) -> bool:
        """Whether anybody waits, or was called a moment ago; also while it is not known."""
        is_quiet = self.is_quiet
        with self._changed:
            view = self._board.view
            return not is_quiet or view is None or any(line.waiting for line in view.lines)

    @property
    def zone(self) -> str:
        """Of the branch; "" while it is not known."""
        with self._changed:
            return self._board.view.branch.zone if self._board.view is not None else ""

    # ------------------------------------------------------------ the speaker and staff

    def announce(self, call: BoardCall | None) -> None:
        """The call that is being said now."""
        with self._changed:
            if call != self._announced:
                self._announced = call
                self._tell()

    def identify(self, name: str, device: int) -> None:
        """Show who this is, large, for a moment."""
        with self._changed:
            self._identity = {"name": name, "id": device}
            self._identify_until = self._steady() + IDENTIFY_SECONDS
            self._tell()

    def reload(self) -> None:
        """The page loads anew, once."""
        with self._changed:
            self._reload_number = self._tell()

    # ------------------------------------------------------------ the page and the terminal

    def for_page(
        self, *, after: int, painted: int | None, wait_seconds: float, version: Callable[[], str]
    ) -> dict[str, Any]:
        """What is new since the news numbered `after` (-1: everything), as `/local/news` answers it.

        `version` is that of the page's files.
        """
        with self._changed:
            self._acknowledge(painted)
            # A number from the future is of another start of this machine: a page that knows nothing.
            known = after if after <= self._number else -1
            if known == self._number:
                self._changed.wait(wait_seconds)
            return {**self._page_news(known), "version": version()}

    def wait(self, after: int, seconds: float) -> Snapshot:
        """The board when there is news since the number `after`, or after `seconds`."""
        with self._changed:
            if after == self._number:
                self._changed.wait(seconds)
            return self._snapshot()

    @property
    def painted(self) -> Painted:
        """What is on the glass."""
        with self._changed:
            return self._painted

    def _acknowledge(self, painted: int | None) -> None:
        if painted is not None and painted >= 0 and painted != self._painted.seq:
            self._painted = Painted(seq=painted, at=self._now())

    def _page_news(self, known: int) -> dict[str, Any]:
        snapshot, painting = self._snapshot(), self._board.painting
        is_new = painting is not None and self._view_number > known
        identity = self._identity if self._steady() < self._identify_until else None
        now = self._now() if self._is_time_known() else None
        age = snapshot.age_seconds if snapshot.age_seconds is not None else self._kept_age(now)
        return {
            "number": self._number,
            "now": now.isoformat() if now is not None else None,
            "view": {"seq": painting.seq, "at": painting.at, "html": painting.html}
            if is_new and painting is not None
            else None,
            "online": snapshot.is_online,
            "age_seconds": round(age, 1) if age is not None else None,
            "is_current": snapshot.is_current,
            "announce": _as_announced(self._announced),
            "identify": identity,
            "reload": known >= 0 and self._reload_number > known,
        }

    def _snapshot(self) -> Snapshot:
        now = self._steady()
        age = self._board.age_seconds(now)
        return Snapshot(
            number=self._number,
            view=self._board.view,
            age_seconds=age,
            is_current=self._board.is_current(now),
            is_online=age is not None and age < BANNER_SECONDS,
            announced=call_key(self._announced) if self._announced is not None else None,
        )

    def _kept_age(self, now: datetime | None) -> float | None:
        """Of a board from before this start; None when nobody knows what time it is."""
        painting = self._board.painting
        if painting is None:
            return CURRENT_SECONDS_MAX
        return kept_age(moment_of(painting), now) if now is not None else None

    def _tell(self) -> int:
        self._number += 1
        self._changed.notify_all()
        return self._number


def _as_announced(call: BoardCall | None) -> dict[str, Any] | None:
    if call is None:
        return None
    return {"key": call_key(call), "number": call.label, "desk": call.desk}

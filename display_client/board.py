"""What a display knows of its branch's board: the newest that was heard, how old it is, whether it can be believed.

Pure: steady seconds (a clock that only counts up) are arguments, messages are values. Repeated, late and lost
messages are harmless, because each carries the whole and its seq.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from server.wire import BoardView

BANNER_SECONDS: Final = 5.0
"""Nothing was heard for this long: the screen says how old it is."""
CURRENT_SECONDS_MAX: Final = 60.0
"""After this long a call on the screen cannot be believed any more."""
PULSES_BEHIND_MAX: Final = 3
"""One pulse may be overtaken by a push; so many in a row are of another database (a backup, set up anew)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """The board as the server paints it for one look; `look` is the query that it answers."""

    seq: int
    at: str
    html: str
    look: str


@dataclass(slots=True, kw_only=True)
class Board:
    """Not safe for many threads: its owner (`News`) holds the lock."""

    look: str = ""
    painting: Painting | None = None
    view: BoardView | None = None
    epoch: int = 0
    """Goes up when the server turns out to have another database: what was seen before says nothing now."""
    _wanted: int = -1
    """The highest seq that was heard of: what is below it is not the newest."""
    _heard: float | None = None
    _pulses_behind: int = 0
    _is_painting_old: bool = False
    """It is of another database: shown until there is a newer one, whatever that one's seq."""
    _is_view_old: bool = False

    def load(self, painting: Painting | None, view: BoardView | None) -> None:
        """From before this start: shown, and the server's word is news whatever its seq."""
        self.painting, self.view = painting, view
        self._is_painting_old = self._is_view_old = True

    @property
    def seq(self) -> int:
        """The highest that is held; -1 for nothing."""
        return max(self.painting_seq, self.view_seq)

    @property
    def painting_seq(self) -> int:
        """-1 when what is painted is of another look or another database."""
        known = self.painting
        if known is None or known.look != self.look or self._is_painting_old:
            return -1
        return known.seq

    @property
    def view_seq(self) -> int:
        return -1 if self.view is None or self._is_view_old else self.view.seq

    @property
    def is_behind(self) -> bool:
        """Whether something newer is known to exist than what is held: fetch it."""
        return self.painting_seq < self._wanted or self.view_seq < self._wanted

    def turn_to(self, look: str) -> None:
        """The screen shows another part of the board from now on; what it shows stays until the new one is there."""
        self.look = look

    def hear_painting(self, painting: Painting, now: float) -> bool:
        """Whether it tells anything new. A late one, or one of a look that is no more shown, is nothing."""
        if painting.look != self.look:
            return False
        before = self.painting if painting.seq == self.painting_seq else None
        is_newer = painting.seq > self.painting_seq or (
            before is not None and moment_of(painting) > moment_of(before)
        )
        if is_newer:
            self.painting, self._is_painting_old = painting, False
        self._confirm(painting.seq, now)
        # What only time changes (a notice begins, a hall closes) is no event: the seq stays, the text does not.
        return is_newer and (before is None or before.html != painting.html)

    def hear_view(self, view: BoardView, now: float) -> bool:
        """Whether it tells anything new."""
        before = self.view if view.seq == self.view_seq else None
        is_newer = view.seq > self.view_seq or (before is not None and view.at > before.at)
        if is_newer:
            self.view, self._is_view_old = view, False
        self._confirm(view.seq, now)
        return is_newer and (before is None or replace(before, at=view.at) != view)

    def hear_pulse(self, seq: int, now: float) -> None:
        """The server's seq, and that it is there."""
        if seq < self.seq:
            self._pulses_behind += 1
            if self._pulses_behind >= PULSES_BEHIND_MAX:
                self._forget()
                self._wanted = seq
            return
        self._confirm(seq, now)

    def unchanged(self, seq: int, now: float) -> None:
        """The server was asked, and `seq` is still the newest."""
        self._confirm(seq, now)

    def age_seconds(self, now: float) -> float | None:
        """Since what is shown was last known to be the newest; None when that was before this program began."""
        return None if self._heard is None else max(0.0, now - self._heard)

    def is_current(self, now: float) -> bool:
        """Whether a call on the screen can be believed."""
        age = self.age_seconds(now)
        return self.painting is not None and age is not None and age < CURRENT_SECONDS_MAX

    def _confirm(self, seq: int, now: float) -> None:
        """`seq` was the newest a moment ago: the board is as true as now if it holds it."""
        self._wanted = max(self._wanted, seq)
        if seq < self._wanted:
            return  # a late one says nothing of now
        self._pulses_behind = 0
        if not self.is_behind:
            self._heard = now

    def _forget(self) -> None:
        self.epoch += 1
        self._pulses_behind = 0
        self._wanted = -1
        self._is_painting_old = self._is_view_old = True


def moment_of(painting: Painting) -> datetime:
    """When the server painted it. The earliest when it is not understood: then only a higher seq is newer."""
    try:
        at = datetime.fromisoformat(painting.at)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

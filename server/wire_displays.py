"""What a display and the server say to each other. Standard library only: the display's program shares it.

A display paints the board through its own look, speaks its lines, and does what staff ask of it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server.wire import BoardCall

BoardMode = Literal["rotate", "side"]
SoundState = Literal["ok", "off", "fault", "unknown"]
PageState = Literal["ok", "frozen", "none", "unknown"]
OrderKind = Literal["reload", "identify", "screenshot"]
SpeechStep = Literal["begin", "going", "said"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplaySettings:
    """What a display shows and says; kept by the server, so nobody has to walk to the screen.

    `lines` and `speaks` are service codes: no `lines` are all of the branch, no `speaks` are those that are shown.
    """

    room: str = ""
    """Displays of the same room take turns at nothing: one of them speaks. "" is a room of its own."""
    mode: BoardMode = "rotate"
    desk: int | None = None
    """The number of the one desk whose panel this is; None is the whole board."""
    lines: tuple[str, ...] = ()
    speaks: tuple[str, ...] = ()
    is_silent: bool = False
    """It never speaks, whoever else is in the room."""
    volume_percent: int = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayOrders:
    """How often staff have asked for each; a display does it once when the count goes up."""

    reload: int = 0
    identify: int = 0
    screenshot: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayState:
    """All that a display is told of itself: the message `display`, and part of each answer to a report.

    `seq` is the branch's, read in one snapshot with the rest: every change of a display raises it under the branch's
    lock, so of two states the one with the smaller seq is older. 0: from a server that does not tell.
    """

    device: int
    name: str
    settings: DisplaySettings
    orders: DisplayOrders
    leader: int | None = None
    """The device that spoke last in this room; it begins the next call, the others wait a moment."""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechAnswer:
    """Whether the asker may speak (or go on speaking) this call now.

    Not granted and not `is_said`: another display speaks it; ask again after `retry_seconds`.
    """

    is_granted: bool
    is_said: bool
    leader: int | None
    retry_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayCard:
    """A display as staff see it, beside its `DeviceCard`. `painted_seq` is what its page has put on the glass."""

    settings: DisplaySettings
    painted_seq: int | None
    painted_at: datetime | None
    sound: SoundState
    page: PageState
    is_leader: bool
    screenshot_at: datetime | None
    is_picture_missing: bool = False
    """The last picture that staff asked for has not come: it is on its way, or the display has no page to show."""
    behind_since: datetime | None = None
    """Since when there has been something newer than it has painted; None while it is up to date."""


def call_key(call: BoardCall) -> str:
    """What tells one call from another, the recalls of a ticket included; the same on every screen."""
    return f"{call.label}/{call.calls}/{int(call.called_at.timestamp())}"

"""Screens of the waiting room as the server keeps them: what each shows and says, and what staff ask of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import get_args

from server.domain.errors import Invalid
from server.domain.events import Event, EventKind
from server.domain.ids import DeviceId
from server.domain.look import LINES_MAX
from server.wire_displays import BoardMode, DisplayOrders, DisplaySettings, OrderKind

ROOM_LENGTH_MAX = 40
VOLUME_PERCENT_MAX = 100
SCREENSHOT_BYTES_MAX = 150_000
"""A small JPEG: staff want to see whether the screen is right, not to read it."""
ORDER_KINDS: tuple[OrderKind, ...] = get_args(OrderKind)
MODES: tuple[BoardMode, ...] = get_args(BoardMode)
BEHIND = timedelta(seconds=15)
"""A screen paints within a second and reports every five: what it lacks for longer, it does not show."""
OWN_ROOM = "#"
"""Begins the name of a room that a display has to itself; no name that people give begins so."""
_JPEG = b"\xff\xd8\xff"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What makes a device a display."""

    settings: DisplaySettings = field(default_factory=DisplaySettings)
    orders: DisplayOrders = field(default_factory=DisplayOrders)


def room_of(device: DeviceId, settings: DisplaySettings) -> str:
    """The room in which a display's speech is heard."""
    return settings.room or f"{OWN_ROOM}{device}"


def checked(
    settings: DisplaySettings, *, services: Collection[str], desks: Collection[int]
) -> DisplaySettings:
    """The settings as they are kept, given the branch's codes of services and numbers of desks. Raises Invalid."""
    if settings.mode not in MODES:
        raise Invalid(f"mode must be {' or '.join(MODES)}", field="mode")
    if settings.desk is not None and settings.desk not in desks:
        raise Invalid("this branch has no desk with this number", field="desk")
    if not 0 <= settings.volume_percent <= VOLUME_PERCENT_MAX:
        raise Invalid(f"a volume is from 0 to {VOLUME_PERCENT_MAX} percent", field="volume_percent")
    return replace(
        settings,
        room=_room(settings.room),
        lines=_codes(settings.lines, services, "lines"),
        speaks=_codes(settings.speaks, services, "speaks"),
    )


def _room(text: str) -> str:
    name = text.strip()
    if len(name) > ROOM_LENGTH_MAX:
        raise Invalid(f"a room's name has at most {ROOM_LENGTH_MAX} characters", field="room")
    if name.startswith(OWN_ROOM):
        raise Invalid(f"a room's name does not begin with {OWN_ROOM}", field="room")
    # What nobody sees would make two rooms of one name, and two voices in it.
    if any(unicodedata.category(each) in _UNSEEN for each in name):
        raise Invalid("a room's name must not contain control characters", field="room")
    return unicodedata.normalize("NFC", name)


def _codes(given: Collection[str], services: Collection[str], name: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(given))
    if len(codes) > LINES_MAX:
        raise Invalid(f"{name} are at most {LINES_MAX} services", field=name)
    for code in codes:
        if code not in services:
            raise Invalid(f"this branch has no service {code[:40]!r}", field=name)
    return codes


def behind_since(newer_at: datetime | None, now: datetime) -> datetime | None:
    """Since when a screen is behind, given when the first thing happened that it has not painted; None: it is not."""
    is_late = newer_at is not None and newer_at + BEHIND <= now
    return newer_at if is_late else None


def changed(device: DeviceId, now: datetime) -> Event:
    """Its settings are other ones."""
    return Event(kind=EventKind.DISPLAY_CHANGED, at=now, data={"device": device})


def ordered(
    device: DeviceId, orders: DisplayOrders, kind: OrderKind, now: datetime
) -> tuple[DisplayOrders, Event]:
    """The orders once staff have asked for one more."""
    count = getattr(orders, kind) + 1
    event = Event(
        kind=EventKind.DISPLAY_ORDERED,
        at=now,
        data={"device": device, "order": kind, "count": count},
    )
    return replace(orders, **{kind: count}), event


def pictured(device: DeviceId, order: int, now: datetime) -> Event:
    """The picture that staff asked for is here."""
    return Event(kind=EventKind.DISPLAY_PICTURED, at=now, data={"device": device, "count": order})


def check_screenshot(jpeg: bytes, order: int, orders: DisplayOrders) -> None:
    """Raises Invalid for what is no small JPEG, and for a picture that nobody asked for."""
    if len(jpeg) > SCREENSHOT_BYTES_MAX:
        raise Invalid(f"a screenshot has at most {SCREENSHOT_BYTES_MAX} bytes", field="jpeg")
    if not jpeg.startswith(_JPEG):
        raise Invalid("this is no JPEG picture", field="jpeg")
    if not 1 <= order <= orders.screenshot:
        raise Invalid("nobody asked for this screenshot", field="order")

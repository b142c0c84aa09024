"""The board on this machine's disk, for a start without a network, and what is known then of the time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from device_client.clock import (
    ANCHOR_MOVED_SECONDS,
    JUMP_SECONDS_MIN,
    Anchor,
    DeviceClock,
    boot_id,
    steady_seconds,
)
from display_client.board import CURRENT_SECONDS_MAX, Painting, moment_of
from server.clock import Clock, SystemClock
from server.wire import BoardView
from server.wire_displays import DisplayState

LOST_SECONDS: Final = 86_400.0
"""A clock that is behind by more is one that lost the time: how far says nothing after the next start."""
_log = structlog.get_logger(__name__)


class KeptTime(msgspec.Struct, frozen=True, kw_only=True):
    """How the server's clock stood to this machine's."""

    anchor: Anchor
    ahead_seconds: float
    """Of the server's clock before this machine's."""

    def agrees_with(self, other: KeptTime) -> bool:
        """Whether both give the same time: each contact with the server makes a new one."""
        mine, theirs = self.anchor, other.anchor
        passed = (mine.server_at - theirs.server_at).total_seconds() - (mine.steady - theirs.steady)
        moved = max(abs(passed), abs(self.ahead_seconds - other.ahead_seconds))
        return mine.boot == theirs.boot and moved < ANCHOR_MOVED_SECONDS


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The board as it is kept for a start without a network."""

    painting: Painting | None = None
    view: BoardView | None = None
    state: DisplayState | None = None
    time: KeptTime | None = None

    @property
    def at(self) -> datetime | None:
        """The server's time on the newest part of the board; None without one."""
        painted = [moment_of(self.painting)] if self.painting is not None else []
        viewed = [self.view.at] if self.view is not None else []
        return max(painted + viewed, default=None)


class Keeper:
    """The file of the board; what cannot be written or read is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: Kept | None = None

    def read(self) -> Kept:
        """Empty when there is none, or one of another version of this program."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            return Kept()
        self._kept = kept
        return kept

    def keep(self, kept: Kept) -> None:
        """Whole or not at all; a full disk changes nothing. Without a time, the one that was kept stays."""
        before = self._kept
        if before is not None and before.time is not None:
            if kept.time is None or kept.time.agrees_with(before.time):
                kept = msgspec.structs.replace(kept, time=before.time)
            if kept == before:
                return
        elif kept == before:
            return
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.encode(kept))
            part.replace(self._path)
            self._failed.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("board_not_kept", problem=str(error))
            with suppress(OSError):
                part.unlink(missing_ok=True)
            with suppress(OSError):
                self._failed.touch()  # an empty file takes no room
            return
        self._kept = kept

    @property
    def folder(self) -> Path:
        """Where the file is."""
        return self._path.parent

    @property
    def failed_at(self) -> float | None:
        """When the last keeping failed, by this machine's clock; None when it did not."""
        try:
            return self._failed.stat().st_mtime
        except OSError:
            return None

    @property
    def _failed(self) -> Path:
        return self._path.with_suffix(".failed")


def clock_after(
    kept: Kept,
    wall: Clock | None = None,
    steady: Callable[[], float] = steady_seconds,
    boot: str | None = None,
) -> DeviceClock:
    """The time after a start: counted on in the same boot, else this machine's clock and how far off it was.

    It is lost while that lies before what was kept: a machine without a battery, whose clock nobody has set yet.
    """
    time = kept.time
    known = [each for each in (kept.at, time.anchor.server_at if time else None) if each]
    ahead = time.ahead_seconds if time is not None else 0.0
    return DeviceClock(
        wall or SystemClock(),
        steady,
        boot=boot_id() if boot is None else boot,
        anchor=time.anchor if time is not None else None,
        not_before=max(known, default=None),
        ahead_seconds=ahead if ahead < LOST_SECONDS else 0.0,
        behind_seconds_max=JUMP_SECONDS_MIN,
    )


def time_of(clock: DeviceClock) -> KeptTime | None:
    """What to keep of it; None while the server was not heard."""
    anchor, skew = clock.anchor, clock.skew_seconds
    return None if anchor is None or skew is None else KeptTime(anchor=anchor, ahead_seconds=-skew)


def is_known(clock: DeviceClock) -> bool:
    """Whether it tells the time; somebody, or NTP, may have put the machine's clock right since."""
    clock.notice_jump()
    return not clock.is_lost


def kept_age(at: datetime, now: datetime) -> float:
    """In seconds, of a board from before this start: never so young as to be believed."""
    return max(CURRENT_SECONDS_MAX, (now - at).total_seconds())

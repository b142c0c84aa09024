"""What time it is on a device: the server's, carried on by a clock that nobody can set.

A device's own wall clock may be wrong by years (a flat battery) or jump (somebody set it, NTP found its
server). So the time is the server's at the last contact plus what has passed since, by a clock that only
counts up and also counts while the machine sleeps. After a reboot without the server there is only the wall
clock to begin with: it is believed, and followed when it is set forward (NTP found its server), unless it is
earlier than what the device already knows. Then nobody knows which day it is, and a kiosk gives out no number.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from server.clock import Clock

ROUND_TRIP_SECONDS_MAX: Final = 1.0
"""A slower answer tells the time less well than counting on from the last quick one."""
ANCHOR_AGE_SECONDS_MAX: Final = 600.0
"""But counting is not endless: after this, a slow answer is better than none."""
JUMP_SECONDS_MIN: Final = 2.0
"""The wall clock moved by at least this against the counting one: somebody or something set it."""
BEHIND_SECONDS_MAX: Final = 600.0
"""A wall clock that is behind what is known by less is slow; by more, it has lost the time."""
ANCHOR_KEPT_SECONDS: Final = 60.0
ANCHOR_MOVED_SECONDS: Final = 1.0
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The server said `server_at` when the steady clock of boot `boot` showed `steady` seconds."""

    server_at: datetime
    steady: float
    boot: str


def steady_seconds() -> float:
    """Seconds since the machine started, sleep included; no setting of the clock moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """What tells one start of the machine from the next."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class DeviceClock:
    """Implements `server.clock.Clock`. Any thread may ask."""

    def __init__(
        self,
        wall: Clock,
        steady: Callable[[], float] = steady_seconds,
        *,
        boot: str,
        anchor: Anchor | None = None,
        not_before: datetime | None = None,
        ahead_seconds: float = 0.0,
        behind_seconds_max: float = BEHIND_SECONDS_MAX,
    ) -> None:
        """`anchor` is what was kept, used if it is of this boot; `not_before` the latest time that is known.

        `ahead_seconds` is how far the server's clock was ahead of the wall clock when it was last heard.
        """
        self._wall = wall
        self._steady = steady
        self._boot = boot
        self._lock = threading.Lock()
        of_this_boot = anchor is not None and anchor.boot == boot and boot != ""
        self._anchor = anchor if of_this_boot else None
        start = wall.now() + timedelta(seconds=ahead_seconds)
        behind = (not_before - start).total_seconds() if not_before is not None else 0.0
        self._is_lost = behind > behind_seconds_max
        """The wall clock contradicts what is known: time goes on from where that ends, and may be days late."""
        self._start = not_before if not_before is not None and behind > 0 else start
        self._started = steady()
        self._offset = self._wall_offset()

    def now(self) -> datetime:
        """Aware UTC, whole milliseconds."""
        with self._lock:
            return self._now()

    @property
    def anchor(self) -> Anchor | None:
        """By what the time is counted; None while the server was not heard in this boot."""
        with self._lock:
            return self._anchor

    @property
    def skew_seconds(self) -> float | None:
        """How far the wall clock is ahead of the server's time; None while that is not known."""
        with self._lock:
            if self._anchor is None:
                return None
            return round((self._wall.now() - self._now()).total_seconds(), 3)

    @property
    def is_lost(self) -> bool:
        """Whether not even the day is known: the machine lost the time, and the server was not heard since."""
        with self._lock:
            return self._anchor is None and self._is_lost

    def server_said(self, at: datetime, *, asked: float, answered: float) -> Anchor | None:
        """An answer carried the server's time: `asked` and `answered` are steady seconds.

        Returns the new anchor, or None when this answer was too slow to know better.
        """
        with self._lock:
            slow = answered - asked > ROUND_TRIP_SECONDS_MAX
            recent = self._anchor is not None and (
                answered - self._anchor.steady < ANCHOR_AGE_SECONDS_MAX
            )
            if slow and recent:
                return None
            middle = (asked + answered) / 2
            self._anchor = Anchor(server_at=at, steady=middle, boot=self._boot)
            return self._anchor

    def notice_jump(self) -> float | None:
        """By how many seconds the wall clock was set since the last look; None when it was not.

        The time here follows it forward until the server was heard: then the wall clock was put right.
        """
        with self._lock:
            before, self._offset = self._offset, self._wall_offset()
            moved = self._offset - before
            if abs(moved) < JUMP_SECONDS_MIN:
                return None
            if self._anchor is None and moved > 0 and self._wall.now() >= self._now():
                self._start, self._started, self._is_lost = self._wall.now(), self._steady(), False
            return round(moved, 3)

    def _now(self) -> datetime:
        if self._anchor is not None:
            known, at = self._anchor.server_at, self._anchor.steady
        else:
            known, at = self._start, self._started
        moment = known + timedelta(seconds=self._steady() - at)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _wall_offset(self) -> float:
        return self._wall.now().timestamp() - self._steady()


class Timekeeper:
    """Sets the clock by the server's answers, and writes down now and then how it was set."""

    def __init__(self, clock: DeviceClock, keep: Callable[[Anchor], None]) -> None:
        self._clock = clock
        self._keep = keep
        self._kept: Anchor | None = None

    def heard(self, at: datetime, *, asked: float, answered: float) -> None:
        """An answer carried the server's time (`server.Heard`)."""
        anchor = self._clock.server_said(at, asked=asked, answered=answered)
        if anchor is not None and _is_news(anchor, self._kept):
            self._kept = anchor
            self._keep(anchor)


def _is_news(anchor: Anchor, kept: Anchor | None) -> bool:
    """Every contact sets the clock; writing each one down would wear out a memory card."""
    if kept is None or anchor.steady - kept.steady >= ANCHOR_KEPT_SECONDS:
        return True
    passed = (anchor.server_at - kept.server_at).total_seconds() - (anchor.steady - kept.steady)
    return abs(passed) >= ANCHOR_MOVED_SECONDS

"""What people in the hall hear and see, and judges it: each call said once in each room, no board that lies.

A room's machines may be dead, cut off or mute; what only such a machine could have done is excused, nothing else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from server.wire import BoardView
from server.wire_displays import call_key

FRESH = timedelta(seconds=60)
SETTLING = timedelta(seconds=10)
"""After a fault is over: the link is back, the room knows again who leads it."""
ENOUGH = timedelta(seconds=25)
"""In so much time a call is said whatever dies: grants that run out and followers that wait are in it."""
TURN = timedelta(seconds=20)
"""What other calls leave of the time must be this much for a call to have had its turn."""


@dataclass(slots=True)
class Sound:
    """One call as a loudspeaker said it."""

    room: str
    key: str
    speaker: int
    began: datetime
    ended: datetime | None = None
    is_whole: bool = False


@dataclass(slots=True)
class Troubles:
    """When a machine was not itself."""

    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    since: datetime | None = None

    def note(self, moment: datetime, lasting: timedelta) -> None:
        """A short one."""
        self.spans.append((moment, moment + lasting + SETTLING))

    def set(self, moment: datetime, *, is_troubled: bool) -> None:
        """One that goes on until it is told to be over."""
        if is_troubled and self.since is None:
            self.since = moment
        elif not is_troubled and self.since is not None:
            self.spans.append((self.since, moment + SETTLING))
            self.since = None

    def any_in(self, first: datetime, last: datetime) -> bool:
        """Whether there was one between these moments."""
        if self.since is not None and self.since <= last:
            return True
        return any(begin <= last and first <= end for begin, end in self.spans)


@dataclass(slots=True)
class Called:
    """A call as the database had it."""

    at: datetime
    over: datetime | None = None
    """Answered, withdrawn or called again."""


@dataclass(slots=True)
class Hearing:
    """All that was called and all that was heard; machines by their device, rooms by their machines."""

    rooms: dict[str, list[int]] = field(default_factory=dict)
    troubles: dict[int, Troubles] = field(default_factory=dict)
    sounds: list[Sound] = field(default_factory=list)
    calls: dict[str, Called] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def know(self, view: BoardView, now: datetime) -> None:
        """The truth, at each change of it."""
        standing = {call_key(call): call for call in view.calls if call.state == "called"}
        for key, call in standing.items():
            self.calls.setdefault(key, Called(call.called_at))
        for key, called in self.calls.items():
            if called.over is None and key not in standing:
                called.over = now

    def check_said_once(self) -> None:
        """Nobody hears a call twice, unless who said it first could not tell the server so."""
        said: dict[tuple[str, str], list[Sound]] = defaultdict(list)
        for sound in self.sounds:
            if sound.is_whole:
                said[sound.room, sound.key].append(sound)
        for (room, key), sounds in said.items():
            for first, second in pairwise(sounds):
                was_able = not self.troubles[first.speaker].any_in(first.began, second.began)
                assert not was_able, f"said twice: {key} in {room}"
                self.met["said again by who was not told"] += 1

    def check_all_said(self, now: datetime) -> None:
        """Each call that stood long enough was said to its end where a machine was able to."""
        for key, called in self.calls.items():
            end = min(called.over or now, called.at + FRESH)
            if end - called.at < ENOUGH:
                continue
            for room, machines in self.rooms.items():
                sounds = [each for each in self.sounds if each.room == room]
                if any(each.key == key and each.is_whole for each in sounds):
                    self.met["said"] += 1
                elif not any(self._was_able(each, called.at, end) for each in machines):
                    self.met["nobody was able"] += 1
                elif _busy(sounds, key, called.at, end) > end - called.at - TURN:
                    self.met["no turn"] += 1
                else:
                    raise AssertionError(f"never said: {key} in {room}")

    def _was_able(self, machine: int, first: datetime, last: datetime) -> bool:
        return not self.troubles[machine].any_in(first - SETTLING, last)


def _busy(sounds: list[Sound], key: str, first: datetime, last: datetime) -> timedelta:
    """How long the room heard other calls."""
    spans = [
        min(each.ended or last, last) - max(each.began, first)
        for each in sounds
        if each.key != key and each.began < last and (each.ended or last) > first
    ]
    return sum(spans, timedelta())

"""What was called, asked, heard and broken in a hall, each with its time; `display_promises` judges it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.wire import BoardView
from server.wire_displays import SpeechStep, call_key

Span = tuple[datetime, datetime]


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
    """When a machine could not speak: no program, no server that answers, no sound."""

    spans: list[Span] = field(default_factory=list)
    since: datetime | None = None
    deaf: list[Span] = field(default_factory=list)
    """When nothing was pushed to it, and it did not know yet that it must ask."""
    lost: list[tuple[datetime, SpeechStep, str]] = field(default_factory=list)
    """Each word of a speech that was not answered, as its program sent it."""

    def set(self, moment: datetime, *, is_troubled: bool) -> None:
        """It goes on until it is told to be over."""
        if is_troubled and self.since is None:
            self.since = moment
        elif not is_troubled and self.since is not None:
            self.spans.append((self.since, moment))
            self.since = None

    def any_in(self, first: datetime, last: datetime) -> bool:
        """Whether there was one between these moments."""
        return any(begin <= last and first <= end for begin, end in self._until(last))

    def able(self, first: datetime, last: datetime, *, hearing: bool = False) -> Iterator[Span]:
        """The stretches between these moments in which it could do all; `hearing`: also be told by a push."""
        begin = first
        spans = [*self._until(last), *(self.deaf if hearing else ())]
        for start, end in sorted(spans):
            if begin < min(start, last):
                yield begin, min(start, last)
            begin = max(begin, end)
        if begin < last:
            yield begin, last

    def _until(self, last: datetime) -> Iterable[Span]:
        return [*self.spans, (self.since, last)] if self.since is not None else self.spans


@dataclass(slots=True)
class Called:
    """A call as the database had it."""

    at: datetime
    over: datetime | None = None
    """Answered, withdrawn or called again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of a speech that reached the server."""

    at: datetime
    machine: int
    key: str
    step: SpeechStep


@dataclass(slots=True)
class Hearing:
    """Machines by their device, rooms by their machines."""

    rooms: dict[str, list[int]] = field(default_factory=dict)
    troubles: dict[int, Troubles] = field(default_factory=dict)
    sounds: list[Sound] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
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

    def in_room(self, room: str) -> list[Sound]:
        """What was heard there, in its order."""
        return sorted((each for each in self.sounds if each.room == room), key=lambda it: it.began)

    def busy(self, room: str, key: str, span: Span) -> timedelta:
        """How much of a span the room heard other calls."""
        first, last = span
        spans = [
            min(each.ended or last, last) - max(each.began, first)
            for each in self.in_room(room)
            if each.key != key and each.began < last and (each.ended or last) > first
        ]
        return sum(spans, timedelta())

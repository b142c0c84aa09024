"""What is to be said next, in which languages: pure rules over the calls of the board.

A call is said in the order of its time, in every language of the branch while there is time for it, and not at all
when it is a minute old, answered or withdrawn. `now` is always the server's time: a display's own clock may be
wrong by hours, and the calls carry the server's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from server.wire import BoardCall, BoardView
from server.wire_displays import call_key

FRESH_FOR: Final = timedelta(seconds=60)
"""A call this old is no news: it is listed, but neither said nor flashed."""
CLOCK_SLACK: Final = timedelta(seconds=5)
"""Desks read their clocks just before they queue up for the branch: times may cross by this much."""
SEEN_MAX: Final = 500
LISTED_MAX: Final = 8
"""As many calls as a board holds (`db.views.CALLS_SHOWN_MAX`): an older one has slid off, and is not withdrawn."""
SENTENCE_SECONDS: Final = 4.0
"""How long one language is taken to last before its sound was ever heard."""
CHIME_SECONDS: Final = 1.5
"""The chime with the pause after it."""
CALLED: Final = "called"


@dataclass(slots=True, kw_only=True)
class Queue:
    """The calls that wait to be said. `known` are keys that were settled before this program began (`memory`)."""

    known: tuple[str, ...] = ()
    newest: datetime | None = None
    """The time of the newest call ever seen here; None: the first view is no news, the hall has seen it."""
    unsaid: tuple[str, ...] = ()
    """Keys of what waited to be said when the program before this one ended."""
    waiting: list[BoardCall] = field(default_factory=list)
    """Oldest first."""
    _seen: dict[str, None] = field(default_factory=dict)
    _missed: list[BoardCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seen = dict.fromkeys(self.known)

    @property
    def settled(self) -> tuple[str, ...]:
        """Keys of what is not to be said any more, the oldest first: what a restart must know."""
        open_keys = set(self.wanted)
        return tuple(key for key in self._seen if key not in open_keys)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Keys of what is still to be said."""
        return tuple(call_key(call) for call in (*self.waiting, *self._missed))

    def learn(self, view: BoardView, now: datetime) -> None:
        """Another state of the board, whichever calls it came through without us."""
        first = self.newest is None
        newest = self.newest or _newest(view.calls, view.at)
        fresh = [
            call
            for call in view.calls
            if not first
            and call_key(call) not in self._seen
            and call.state == CALLED
            # An old call slides back into the list when a newer one is withdrawn: it is unseen, but not new.
            and (call.called_at > newest - CLOCK_SLACK or call_key(call) in self.unsaid)
            and _is_fresh(call, now)
        ]
        for call in view.calls:
            self._seen[call_key(call)] = None
        self.newest = max(newest, _newest(view.calls, newest))
        self._forget_old()
        self.waiting.extend(fresh)
        self.waiting.sort(key=lambda call: (call.called_at, call.label))
        self.waiting = [call for call in self.waiting if not _is_over(call, view)]
        self._missed = [call for call in self._missed if not _is_over(call, view)]

    def next(self, now: datetime) -> BoardCall | None:
        """The call whose turn it is; those that are too old are let go."""
        self.waiting = [call for call in self.waiting if _is_fresh(call, now)]
        return self.waiting[0] if self.waiting else None

    def done(self, key: str) -> None:
        """It was said, here or by another, or it had its time on the screen."""
        self.waiting = [call for call in self.waiting if call_key(call) != key]
        self._missed = [call for call in self._missed if call_key(call) != key]

    def missed(self, key: str) -> None:
        """It was shown without a sound, because there was none: said yet if the sound comes back in time."""
        self._missed += [call for call in self.waiting if call_key(call) == key]
        self.waiting = [call for call in self.waiting if call_key(call) != key]

    def sound_is_back(self, now: datetime) -> None:
        """What was missed waits again, in its order."""
        self.waiting += [call for call in self._missed if _is_fresh(call, now)]
        self.waiting.sort(key=lambda call: (call.called_at, call.label))
        self._missed = []

    def forget(self) -> None:
        """Another database: nothing that was seen says anything, and its first view is no news either."""
        self.newest = None
        self.unsaid = ()
        self.waiting, self._missed = [], []
        self._seen = {}

    def _forget_old(self) -> None:
        for key in list(self._seen)[: max(0, len(self._seen) - SEEN_MAX)]:
            del self._seen[key]


class Head:
    """The call whose turn it is, and what is known of who says it."""

    def __init__(self, call: BoardCall, since: float, ask_at: float, seconds: float) -> None:
        self.call = call
        self.key = call_key(call)
        self.since = since
        self.ask_at = ask_at
        self.ends_at = since + seconds
        """When another who says it will have ended, as far as can be told."""
        self.is_settled = False
        """It was said to its end, or had its time on the screen."""
        self.found: dict[str, bytes] | None = None
        """Its sentences by language, once they are here."""
        self.chime = b""
        """What comes before them, had with them."""


def languages_in_time(
    waiting: Sequence[BoardCall],
    languages: Sequence[str],
    now: datetime,
    seconds: Mapping[str, float],
) -> tuple[str, ...]:
    """The first of `languages`, and as many more as let every waiting call be said before it is a minute old.

    `seconds` are the lengths of a sentence by language, as far as they are known.
    """
    for count in range(len(languages), 1, -1):
        each = CHIME_SECONDS + sum(
            seconds.get(language, SENTENCE_SECONDS) for language in languages[:count]
        )
        if all(
            now + timedelta(seconds=each * turn) <= call.called_at + FRESH_FOR
            for turn, call in enumerate(waiting, start=1)
        ):
            return tuple(languages[:count])
    return tuple(languages[:1])


def _is_fresh(call: BoardCall, now: datetime) -> bool:
    return call.called_at > now - FRESH_FOR


def _is_over(call: BoardCall, view: BoardView) -> bool:
    """Answered, withdrawn, or called again, as the board tells it."""
    for listed in view.calls:
        if call_key(listed) == call_key(call):
            return listed.state != CALLED
    if any(listed.label == call.label for listed in view.calls):
        return True  # the recall is said in its place
    # A full list holds the newest alone: one that is older than all of them may still be wanted.
    has_slid_off = len(view.calls) >= LISTED_MAX and call.called_at <= min(
        listed.called_at for listed in view.calls
    )
    return not has_slid_off


def _newest(calls: Iterable[BoardCall], otherwise: datetime) -> datetime:
    return max((call.called_at for call in calls), default=otherwise)

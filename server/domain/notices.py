"""What a hall is told beside the calls, and when: by the branch's wall clock, its days and its own closing times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from server.domain.errors import Invalid
from server.domain.hours import Hours, Span
from server.domain.ids import Language, Texts
from server.wire import BoardNotice

NOTICES_MAX = 40
"""Of one branch, those of other days included."""
SHOWN_MAX = 6
"""At one time: more would not be read before they are gone."""
TEXT_LENGTH_MAX = 120
"""What a strip across a hall can hold in type that is read from afar."""
DAYS_MAX = 800
"""Two years of a table of times."""
TIMES_A_DAY_MAX = 10
SPANS_MAX = 6
MINUTES_MAX = 4 * 60
BEFORE, AFTER = timedelta(minutes=15), timedelta(minutes=10)
"""How long around a time the hall is told of it, unless somebody said otherwise."""
TIME_MARK = "{time}"
"""Stands in a text for the time that it is about, as 12:45."""
_BRACED = re.compile(r"[{}]")
_MINUTE = timedelta(minutes=1)


class NoticeKind(StrEnum):
    """What a notice is about; the wall shows each with a sign and a word of its own."""

    INFO = "info"
    PRAYER = "prayer"
    CLOSING = "closing"


_ORDER = (NoticeKind.CLOSING, NoticeKind.PRAYER, NoticeKind.INFO)
"""What cannot wait comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Wall times that are others each day, such as those of a prayer, and how long around them the hall is told."""

    days: Mapping[date, tuple[time, ...]]
    before: timedelta = BEFORE
    after: timedelta = AFTER

    def __post_init__(self) -> None:
        if not self.days or len(self.days) > DAYS_MAX:
            raise Invalid(f"a table of times has 1 to {DAYS_MAX} days", field="times")
        if any(not times or len(times) > TIMES_A_DAY_MAX for times in self.days.values()):
            raise Invalid(f"a day has 1 to {TIMES_A_DAY_MAX} times", field="times")
        for name, span in (("before_minutes", self.before), ("after_minutes", self.after)):
            if not timedelta(0) <= span <= MINUTES_MAX * _MINUTE:
                raise Invalid(f"must be from 0 to {MINUTES_MAX} minutes", field=name)
        if self.before + self.after == timedelta(0):
            raise Invalid("would be shown for no time at all", field="before_minutes")


def check_text(tag: Language, text: str, *, has_time: bool) -> None:
    """Whether a text can stand on a wall; `has_time` says whether there is one to put into it. Raises Invalid."""
    name = f"text.{tag}"
    if not text.strip() or not text.isprintable() or len(text) > TEXT_LENGTH_MAX:
        raise Invalid(f"must be one line of 1 to {TEXT_LENGTH_MAX} characters", field=name)
    if _BRACED.search(text.replace(TIME_MARK, "")):
        raise Invalid(f"in braces there is {TIME_MARK} alone", field=name)
    if TIME_MARK in text and not has_time:
        raise Invalid(f"{TIME_MARK} needs a table of times or before_closing_minutes", field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice. What is left open (no dates, no weekdays, no spans) limits nothing: bare, it is always shown.

    `weekdays` counts from Monday, 0. `times` or `before_closing` tie it to a moment, within the same limits.
    """

    texts: Texts
    kind: NoticeKind = NoticeKind.INFO
    first_day: date | None = None
    last_day: date | None = None
    weekdays: frozenset[int] = frozenset()
    spans: tuple[Span, ...] = ()
    times: Times | None = None
    before_closing: timedelta | None = None

    def __post_init__(self) -> None:
        if not any(self.texts.values()):
            raise Invalid("a notice needs a text in at least one language", field="text")
        for tag, text in self.texts.items():
            check_text(
                tag, text, has_time=self.times is not None or self.before_closing is not None
            )
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise Invalid(
                f"{self.last_day} comes before first_day, {self.first_day}", field="last_day"
            )
        if not self.weekdays <= frozenset(range(7)):
            raise Invalid("a week has seven days", field="weekdays")
        if len(self.spans) > SPANS_MAX:
            raise Invalid(
                f"has {len(self.spans)} spans, at most {SPANS_MAX} fit a day", field="hours"
            )
        if self.times and self.before_closing is not None:
            raise Invalid(
                "goes with a table of times or with the closing, not with both", field="times"
            )
        closing = self.before_closing
        if closing is not None and not _MINUTE <= closing <= MINUTES_MAX * _MINUTE:
            raise Invalid(
                f"must be from 1 to {MINUTES_MAX} minutes", field="before_closing_minutes"
            )

    def covers(self, local: datetime) -> bool:
        """Whether its days, weekdays and spans allow it at a wall time."""
        day = local.date()
        return (
            (self.first_day is None or self.first_day <= day)
            and (self.last_day is None or day <= self.last_day)
            and (not self.weekdays or day.weekday() in self.weekdays)
            and (not self.spans or any(local.time() in span for span in self.spans))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """All notices of a branch, in the order in which they are shown."""

    all: tuple[Notice, ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.all) > NOTICES_MAX:
            raise Invalid(
                f"has {len(self.all)} entries, at most {NOTICES_MAX} are kept", field="notices"
            )

    def __bool__(self) -> bool:
        return bool(self.all)


NONE = Notices()


def notices_at(notices: Notices, hours: Hours, now: datetime) -> tuple[BoardNotice, ...]:
    """What the hall is told at `now`, the most urgent first, at most `SHOWN_MAX`; times are put into the texts."""
    if not notices:
        return ()
    local = hours.local(now)
    closing = _closing(notices, hours, now)
    found = [
        (
            notice,
            BoardNotice(id=f"{index}{mark}", kind=notice.kind.value, texts=_told(notice, about)),
        )
        for index, notice in enumerate(notices.all, 1)
        if notice.covers(local)
        for mark, about in _occasions(notice, hours, now, closing)
    ]
    found.sort(
        key=lambda each: _ORDER.index(each[0].kind)
    )  # stable: the file's order within a kind
    return tuple(shown for _, shown in found[:SHOWN_MAX])


def _occasions(
    notice: Notice, hours: Hours, now: datetime, closing: datetime | None
) -> Iterator[tuple[str, str]]:
    """Why it is shown now: a mark that tells the occasion from another one, and the time that it is about."""
    if notice.times is not None:
        moment = _moment(notice.times, hours, now)
        if moment is not None:
            yield f"-{moment:%m%d%H%M}", f"{hours.local(moment):%H:%M}"
    elif notice.before_closing is not None:
        if closing is not None and closing - notice.before_closing <= now:
            yield f"-{closing:%m%d%H%M}", f"{hours.local(closing):%H:%M}"
    else:
        yield "", ""


def _moment(times: Times, hours: Hours, now: datetime) -> datetime | None:
    """The nearest moment of the table around which `now` lies; "around" counts real minutes, not those of the wall."""
    today = hours.business_day(now)
    near = (
        today + timedelta(days=offset) for offset in (-1, 0, 1)
    )  # around midnight it is another day's
    moments = (
        # Twice in the night when the clock goes back: the first is meant. Skipped: as if it had not been moved.
        datetime.combine(day, each, hours.zone).astimezone(UTC)
        for day in near
        for each in times.days.get(day, ())
    )
    around = [each for each in moments if each - times.before <= now < each + times.after]
    return min(around, key=lambda each: abs(each - now), default=None)


def _closing(notices: Notices, hours: Hours, now: datetime) -> datetime | None:
    """When the branch, open now, closes next; None further ahead than any notice asks."""
    longest = max(
        (each.before_closing for each in notices.all if each.before_closing), default=None
    )
    if longest is None or not hours.is_open(now):
        return None
    # Minute by minute, as hours and clocks change: spans that meet, a skipped hour and a repeated one need no rule.
    moment = now.replace(second=0, microsecond=0)
    for _ in range(longest // _MINUTE + 1):
        moment += _MINUTE
        if not hours.is_open(moment):
            return moment
    return None


def _told(notice: Notice, about: str) -> dict[str, str]:
    # Isolated (U+2066 to U+2069), so that Arabic around it cannot turn it.
    return {
        tag.value: text.replace(TIME_MARK, f"\u2066{about}\u2069")
        for tag, text in notice.texts.items()
    }


# ---------------------------------------------------------------- as JSON


def read_notices(raw: Sequence[Mapping[str, Any]]) -> Notices:
    """Notices as JSON holds them. Raises Invalid, KeyError, TypeError or ValueError on what is none of ours."""
    return Notices(all=tuple(_notice(each) for each in raw))


def notices_values(value: Notices) -> list[dict[str, Any]]:
    """The form that `read_notices` reads."""
    return [_values(each) for each in value.all]


def _notice(raw: Mapping[str, Any]) -> Notice:
    closing = raw["before_closing_minutes"]
    return Notice(
        texts={Language(tag): text for tag, text in raw["texts"].items()},
        kind=NoticeKind(raw["kind"]),
        first_day=date.fromisoformat(raw["first_day"]) if raw["first_day"] else None,
        last_day=date.fromisoformat(raw["last_day"]) if raw["last_day"] else None,
        weekdays=frozenset(raw["weekdays"]),
        spans=tuple(
            Span(start=time.fromisoformat(start), end=time.fromisoformat(end))
            for start, end in raw["spans"]
        ),
        times=_times(raw["times"]) if raw["times"] else None,
        before_closing=None if closing is None else timedelta(minutes=closing),
    )


def _times(raw: Mapping[str, Any]) -> Times:
    return Times(
        days={
            date.fromisoformat(day): tuple(time.fromisoformat(each) for each in times)
            for day, times in raw["days"].items()
        },
        before=timedelta(minutes=raw["before_minutes"]),
        after=timedelta(minutes=raw["after_minutes"]),
    )


def _values(value: Notice) -> dict[str, Any]:
    closing = value.before_closing
    return {
        "texts": {tag.value: text for tag, text in value.texts.items()},
        "kind": value.kind.value,
        "first_day": value.first_day.isoformat() if value.first_day else None,
        "last_day": value.last_day.isoformat() if value.last_day else None,
        "weekdays": sorted(value.weekdays),
        "spans": [
            [span.start.isoformat("minutes"), span.end.isoformat("minutes")] for span in value.spans
        ],
        "times": _times_values(value.times) if value.times else None,
        "before_closing_minutes": None if closing is None else closing // _MINUTE,
    }


def _times_values(value: Times) -> dict[str, Any]:
    return {
        "days": {
            day.isoformat(): [each.isoformat("minutes") for each in times]
            for day, times in sorted(value.days.items())
        },
        "before_minutes": value.before // _MINUTE,
        "after_minutes": value.after // _MINUTE,
    }

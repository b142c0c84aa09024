"""Local time: the business day, and when a branch is open.

Hours are dated rules, never constants: in Ramadan Morocco changes both its hours and its clock. Everything
else in the program is aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.errors import Invalid

DAYS_SEARCHED_MAX = 60
"""How far ahead the next opening is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Open from `start` until just before `end`, wall time; `end` 00:00 means midnight that night."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.end <= self.start and self.end != time(0):
            raise Invalid("a span ends after it began, at midnight at the latest", field="hours")

    def __contains__(self, moment: time) -> bool:
        return self.start <= moment and (moment < self.end or self.end == time(0))

    def ends_before(self, later: Span) -> bool:
        """Whether it is over when `later` begins; both are of one day."""
        return self.end != time(0) and self.end <= later.start


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRule:
    """Opening spans by weekday (Monday is 0), between two dates, both included; None is unbounded."""

    weekdays: tuple[tuple[Span, ...], ...]
    first_day: date | None = None
    last_day: date | None = None
    comment: str = ""
    """What these days are, for whoever reads the hours: `Ramadan 1448`."""

    def __post_init__(self) -> None:
        if len(self.weekdays) != 7:
            raise Invalid("opening hours need seven weekdays", field="hours")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise Invalid("a rule's last day comes before its first", field="hours")
        for spans in self.weekdays:
            if not all(before.ends_before(after) for before, after in pairwise(spans)):
                raise Invalid("the spans of a day follow each other without overlap", field="hours")

    def covers(self, day: date) -> bool:
        """Whether this rule speaks about `day`."""
        after_start = self.first_day is None or self.first_day <= day
        return after_start and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A branch's dated rules in its time zone; the last rule that covers a day decides it."""

    zone: ZoneInfo
    rules: tuple[HoursRule, ...]
    closed_days: frozenset[date] = frozenset()
    closed_for: Mapping[date, str] = field(default_factory=dict)
    """Why a day is closed, where somebody said so."""

    def __post_init__(self) -> None:
        assert self.closed_for.keys() <= self.closed_days, (
            "only a closed day is closed for a reason"
        )

    def closing(self, day: date, why: str) -> Hours:
        """These hours with one day closed; an empty `why` leaves what was said of it before."""
        reasons = {**self.closed_for, day: why} if why else self.closed_for
        return replace(self, closed_days=self.closed_days | {day}, closed_for=reasons)

    def reopening(self, day: date) -> Hours:
        """These hours with one day open again, as its rule says."""
        reasons = {other: why for other, why in self.closed_for.items() if other != day}
        return replace(self, closed_days=self.closed_days - {day}, closed_for=reasons)

    def local(self, moment: datetime) -> datetime:
        """`moment` on the branch's wall clock."""
        return moment.astimezone(self.zone)

    def business_day(self, moment: datetime) -> date:
        """The local date: the day in the key of every number."""
        return self.local(moment).date()

    def midnight(self, moment: datetime) -> datetime:
        """The instant at which the business day of `moment` began."""
        return self.start_of(self.business_day(moment))

    def start_of(self, day: date) -> datetime:
        """The instant at which a business day begins."""
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def next_open_day(self, day: date) -> date | None:
        """The first day after `day` with opening hours, or None within `DAYS_SEARCHED_MAX`."""
        following = (day + timedelta(days=offset) for offset in range(1, DAYS_SEARCHED_MAX))
        return next((each for each in following if self.spans(each)), None)

    def spans(self, day: date) -> Sequence[Span]:
        """The opening spans of one local day."""
        if day in self.closed_days:
            return ()
        for rule in reversed(self.rules):
            if rule.covers(day):
                return rule.weekdays[day.weekday()]
        return ()

    def is_open(self, moment: datetime) -> bool:
        """Whether tickets may be taken at `moment`."""
        local = self.local(moment)
        return any(local.time() in span for span in self.spans(local.date()))

    def next_opening(self, moment: datetime) -> datetime | None:
        """The next instant at which the branch opens, or None within `DAYS_SEARCHED_MAX`."""
        local = self.local(moment)
        for offset in range(DAYS_SEARCHED_MAX):
            day = local.date() + timedelta(days=offset)
            for span in self.spans(day):
                # In UTC: two wall times of one zone compare as if no hour were ever repeated.
                for fold in (0, 1):
                    wall = datetime.combine(day, span.start, self.zone).replace(fold=fold)
                    opening = wall.astimezone(UTC)
                    # A span may lie whole in an hour that the clock skips: then it is no opening.
                    if opening > moment and self.is_open(opening):
                        return opening
        return None


def read_hours(zone: str, raw: Mapping[str, Any]) -> Hours:
    """Hours as JSON holds them: {"rules": [{"weekdays": [[["08:30", "16:30"]], …]}], "closed_days": []}."""
    return Hours(
        zone=ZoneInfo(zone),
        rules=tuple(_rule(rule) for rule in raw["rules"]),
        closed_days=frozenset(date.fromisoformat(day) for day in raw.get("closed_days", [])),
        closed_for={date.fromisoformat(day): why for day, why in raw.get("closed_for", {}).items()},
    )


def hours_values(value: Hours) -> dict[str, Any]:
    """The form that `read_hours` reads."""
    return {
        "rules": [
            {
                "weekdays": [[_span_values(span) for span in spans] for spans in rule.weekdays],
                "first_day": rule.first_day.isoformat() if rule.first_day else None,
                "last_day": rule.last_day.isoformat() if rule.last_day else None,
                "comment": rule.comment,
            }
            for rule in value.rules
        ],
        "closed_days": sorted(day.isoformat() for day in value.closed_days),
        "closed_for": {day.isoformat(): why for day, why in sorted(value.closed_for.items())},
    }


def _rule(raw: Mapping[str, Any]) -> HoursRule:
    return HoursRule(
        weekdays=tuple(_spans(spans) for spans in raw["weekdays"]),
        first_day=date.fromisoformat(raw["first_day"]) if raw.get("first_day") else None,
        last_day=date.fromisoformat(raw["last_day"]) if raw.get("last_day") else None,
        comment=raw.get("comment", ""),
    )


def _spans(raw: Sequence[Sequence[str]]) -> tuple[Span, ...]:
    return tuple(
        Span(start=time.fromisoformat(start), end=time.fromisoformat(end)) for start, end in raw
    )


def _span_values(span: Span) -> list[str]:
    return [span.start.isoformat("minutes"), span.end.isoformat("minutes")]


ALWAYS_OPEN = (HoursRule(weekdays=((Span(start=time(0), end=time(0)),),) * 7),)
"""For the demo, which a newcomer tries at any hour."""

OFFICE_HOURS = (HoursRule(weekdays=((Span(start=time(8, 30), end=time(16, 30)),),) * 5 + ((), ())),)
"""The usual hours of a Moroccan administration."""

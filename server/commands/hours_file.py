"""Reads opening hours as an operator writes them in a TOML file, and names everything that is wrong with them at once.

docs/hours-example.toml shows the whole form.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from server.config import ConfigError
from server.domain.hours import Hours, HoursRule, Span

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RULES_MAX = 50
CLOSED_DAYS_MAX = 500
SPANS_A_DAY_MAX = 6
COMMENT_LENGTH_MAX = 80
_SPAN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")
_BARE_DATE = re.compile(r"(?<=[\s=\[,{])\d{4}-\d{2}-\d{2}(?=[\s,\]}#]|$)")
_DAY_MINUTES = 24 * 60


def parse(text: str, zone: ZoneInfo, source: str) -> Hours:
    """The hours that a file holds. Raises ConfigError, which names every problem by its key."""
    try:
        raw = toml_of(text)
    except ValueError as error:
        raise ConfigError(source, (f"it is not TOML: {error}",)) from error
    reader = HoursReader()
    hours = reader.hours(raw, zone)
    if reader.problems:
        raise ConfigError(source, tuple(reader.problems))
    return hours


def toml_of(text: str) -> dict[str, Any]:
    """TOML refuses a date such as 2027-02-30 and stops there: as a text, it is found with all other problems."""
    try:
        return tomllib.loads(text)
    except ValueError as error:
        try:
            return tomllib.loads(_BARE_DATE.sub(_quoted_if_impossible, text))
        except ValueError:
            raise error from None


def _quoted_if_impossible(found: re.Match[str]) -> str:
    return found[0] if date_of(found[0]) else f'"{found[0]}"'


def date_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class Reader:
    """Collects problems while it reads; what it returns is of use only where there are none."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def _week(self, raw: object, key: str) -> tuple[tuple[Span, ...], ...]:
        if not isinstance(raw, dict):
            self._say(key, "must be a table of weekdays")
            return ((),) * len(WEEKDAYS)
        self._know(raw, key, WEEKDAYS)
        return tuple(self._spans(raw.get(name, []), f"{key}.{name}") for name in WEEKDAYS)

    def _spans(self, raw: object, key: str) -> tuple[Span, ...]:
        if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
            self._say(key, 'must be a list of spans, as ["08:30-12:00", "14:00-16:30"]')
            return ()
        if len(raw) > SPANS_A_DAY_MAX:
            self._say(key, f"has {len(raw)} spans, at most {SPANS_A_DAY_MAX} fit a day")
            return ()
        found = sorted(filter(None, (self._minutes(each, key) for each in raw)))
        for (_, end, before), (start, _, after) in pairwise(found):
            if start < end:
                self._say(key, f"{before} and {after} overlap")
                return ()
        return tuple(Span(start=_time(start), end=_time(end)) for start, end, _ in found)

    def _minutes(self, text: str, key: str) -> tuple[int, int, str] | None:
        """A span as minutes since midnight, and as it was written."""
        written = _SPAN.fullmatch(text)
        if written is None:
            self._say(key, f"{text!r} is not a span such as 08:30-16:30")
            return None
        hour, minute, end_hour, end_minute = (int(part) for part in written.groups())
        start, end = hour * 60 + minute, end_hour * 60 + end_minute
        for value, minutes in ((start, minute), (end, end_minute)):
            if minutes >= 60 or value > _DAY_MINUTES:
                self._say(key, f"{text!r} has a time that no day has")
                return None
        # 20:00-00:00 is until midnight, as people write it.
        end = _DAY_MINUTES if end == 0 else end
        if end <= start:
            self._say(key, f"{text!r} ends before it begins; a span ends at 24:00 at the latest")
            return None
        return start, end, text

    def _day(self, raw: Mapping[str, Any], key: str, name: str) -> date | None:
        value = raw.get(name)
        if value is None:
            return None
        day = date_of(value) if isinstance(value, str) else value
        # A time with its date is a date too, in Python.
        if type(day) is date:
            return day
        self._say(f"{key}.{name}", f"there is no day {value}; write it as 2027-02-08")
        return None

    def _comment(self, raw: Mapping[str, Any], key: str) -> str:
        value = raw.get("comment", "")
        if isinstance(value, str) and len(value) <= COMMENT_LENGTH_MAX and value.isprintable():
            return value.strip()
        self._say(f"{key}.comment", f"must be one line of at most {COMMENT_LENGTH_MAX} characters")
        return ""

    def _tables(self, raw: Mapping[str, Any], key: str, most: int) -> list[Mapping[str, Any]]:
        """The entries of `[[key]]`; of closed days a bare date is an entry too."""
        value = raw.get(key, [])
        if not isinstance(value, list):
            self._say(key, f"must be written [[{key}]]")
            return []
        if len(value) > most:
            self._say(key, f"has {len(value)} entries, at most {most} are kept")
            return []
        if key == "closed_days":
            value = [each if isinstance(each, dict) else {"day": each} for each in value]
        wrong = [each for each in value if not isinstance(each, dict)]
        if wrong:
            self._say(key, f"{wrong[0]!r} is no rule: write [[{key}]] with its keys below")
        return [each for each in value if isinstance(each, dict)]

    def _know(self, raw: Mapping[str, Any], key: str, known: Iterable[str]) -> None:
        names = list(known)
        for word in raw:
            if word in names:
                continue
            near = difflib.get_close_matches(word, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            self._say(f"{key}.{word}" if key else word, f"no such key; {hint}")

    def _say(self, key: str, problem: str) -> None:
        self.problems.append(f"{key}: {problem}")


class HoursReader(Reader):
    """Reads opening hours."""

    def hours(self, raw: Mapping[str, Any], zone: ZoneInfo) -> Hours:
        self._know(raw, "", ("weekdays", "rules", "closed_days"))
        if "weekdays" not in raw:
            self._say("weekdays", "is missing: the hours of an ordinary week")
        usual = HoursRule(weekdays=self._week(raw.get("weekdays", {}), "weekdays"))
        dated = [
            self._rule(each, f"rules[{index}]")
            for index, each in enumerate(self._tables(raw, "rules", RULES_MAX), 1)
        ]
        rules = (usual, *dated)
        if not self.problems and not any(spans for rule in rules for spans in rule.weekdays):
            self._say("weekdays", "the branch would never be open")
        closed: dict[date, str] = {}
        for index, each in enumerate(self._tables(raw, "closed_days", CLOSED_DAYS_MAX), 1):
            self._close(closed, each, f"closed_days[{index}]")
        return Hours(
            zone=zone,
            rules=rules,
            closed_days=frozenset(closed),
            closed_for={day: why for day, why in closed.items() if why},
        )

    def _rule(self, raw: Mapping[str, Any], key: str) -> HoursRule:
        self._know(raw, key, ("comment", "first_day", "last_day", "weekdays"))
        first = self._day(raw, key, "first_day")
        last = self._day(raw, key, "last_day")
        if "first_day" not in raw and "last_day" not in raw:
            self._say(key, "needs first_day, last_day or both")
        if first and last and last < first:
            self._say(f"{key}.last_day", f"{last} comes before first_day, {first}")
            last = None
        if "weekdays" not in raw:
            self._say(f"{key}.weekdays", "is missing: the hours of a week in these days")
        return HoursRule(
            weekdays=self._week(raw.get("weekdays", {}), f"{key}.weekdays"),
            first_day=first,
            last_day=last,
            comment=self._comment(raw, key),
        )

    def _close(self, closed: dict[date, str], raw: Mapping[str, Any], key: str) -> None:
        self._know(raw, key, ("day", "comment"))
        if "day" not in raw:
            self._say(f"{key}.day", "is missing")
        day = self._day(raw, key, "day")
        comment = self._comment(raw, key)
        if day in closed:
            self._say(f"{key}.day", f"{day} is there twice")
        if day is not None:
            closed[day] = comment


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)

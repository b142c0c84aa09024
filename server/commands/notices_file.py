"""Reads notices as an operator writes them in a TOML file, and names everything that is wrong with them at once.

docs/notices-example.toml shows the whole form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from server.commands.hours_file import WEEKDAYS, Reader, date_of, toml_of
from server.config import ConfigError
from server.domain.errors import Invalid
from server.domain.hours import Span
from server.domain.ids import Language
from server.domain.notices import (
    AFTER,
    BEFORE,
    DAYS_MAX,
    NOTICES_MAX,
    Notice,
    NoticeKind,
    Notices,
    Times,
    check_text,
)

_KEYS = (
    "kind",
    "text",
    "first_day",
    "last_day",
    "weekdays",
    "hours",
    "times",
    "before_minutes",
    "after_minutes",
    "before_closing_minutes",
)
_AT = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def parse(text: str, source: str) -> Notices:
    """The notices that a file holds. Raises ConfigError, which names every problem by its key."""
    try:
        raw = toml_of(text)
    except ValueError as error:
        raise ConfigError(source, (f"it is not TOML: {error}",)) from error
    reader = _NoticesReader()
    notices = reader.notices(raw)
    if reader.problems:
        raise ConfigError(source, tuple(reader.problems))
    return notices


class _NoticesReader(Reader):
    def notices(self, raw: Mapping[str, Any]) -> Notices:
        self._know(raw, "", ("notices",))
        if "notices" not in raw:
            self._say("notices", "is missing: write [[notices]]; --none takes all away")
        tables = self._tables(raw, "notices", NOTICES_MAX)
        found = [self._notice(each, f"notices[{index}]") for index, each in enumerate(tables, 1)]
        return Notices(all=tuple(each for each in found if each is not None))

    def _notice(self, raw: Mapping[str, Any], key: str) -> Notice | None:
        before = len(self.problems)
        self._know(raw, key, _KEYS)
        texts, times = self._texts(raw, key), self._times(raw, key)
        kind, spans = self._kind(raw, key), self._spans(raw.get("hours", []), f"{key}.hours")
        first, last = self._day(raw, key, "first_day"), self._day(raw, key, "last_day")
        weekdays = self._weekdays(raw, key)
        closing = self._minutes_of(raw, key, "before_closing_minutes", None)
        if len(self.problems) > before:
            return None  # what is wrong already is not judged as a whole
        try:
            return Notice(
                texts=texts,
                kind=kind,
                first_day=first,
                last_day=last,
                weekdays=weekdays,
                spans=spans,
                times=times,
                before_closing=closing,
            )
        except Invalid as error:
            self._say(f"{key}.{error.details['field']}", error.message)
            return None

    def _texts(self, raw: Mapping[str, Any], key: str) -> dict[Language, str]:
        value = raw.get("text")
        if not isinstance(value, dict) or not value:
            self._say(f"{key}.text", 'is missing: one text a language, as text.fr = "…"')
            return {}
        self._know(value, f"{key}.text", [tag.value for tag in Language])
        wrong = [tag for tag, text in value.items() if not isinstance(text, str)]
        for tag in wrong:
            self._say(f"{key}.text.{tag}", "must be a text in quotes")
        found = {tag: value[tag].strip() for tag in Language if isinstance(value.get(tag), str)}
        for tag, text in found.items():
            try:
                check_text(tag, text, has_time="times" in raw or "before_closing_minutes" in raw)
            except Invalid as error:
                self._say(f"{key}.{error.details['field']}", error.message)
        return found

    def _kind(self, raw: Mapping[str, Any], key: str) -> NoticeKind:
        value = raw.get("kind", NoticeKind.INFO.value)
        if value in list(NoticeKind):
            return NoticeKind(value)
        self._say(f"{key}.kind", f"{value!r} is none of {', '.join(NoticeKind)}")
        return NoticeKind.INFO

    def _weekdays(self, raw: Mapping[str, Any], key: str) -> frozenset[int]:
        value = raw.get("weekdays", [])
        if not isinstance(value, list) or ("weekdays" in raw and not value):
            self._say(f"{key}.weekdays", 'must be a list of days, as ["monday", "friday"]')
            return frozenset()
        for each in value:
            if each not in WEEKDAYS:
                self._say(f"{key}.weekdays", f"{each!r} is no day; there are {', '.join(WEEKDAYS)}")
        return frozenset(WEEKDAYS.index(each) for each in value if each in WEEKDAYS)

    def _times(self, raw: Mapping[str, Any], key: str) -> Times | None:
        before = self._minutes_of(raw, key, "before_minutes", BEFORE)
        after = self._minutes_of(raw, key, "after_minutes", AFTER)
        if "times" not in raw:
            for name in ("before_minutes", "after_minutes"):
                if name in raw:
                    self._say(f"{key}.{name}", "goes with a table of times")
            return None
        value = raw["times"]
        if not isinstance(value, dict) or not value:
            self._say(f"{key}.times", 'must be a table of days, as 2027-02-08 = ["12:43"]')
            return None
        if len(value) > DAYS_MAX:
            self._say(f"{key}.times", f"has {len(value)} days, at most {DAYS_MAX} are kept")
            return None
        days = {day: self._at(raw, f"{key}.times.{day}") for day, raw in value.items()}
        known: dict[date, tuple[time, ...]] = {}
        for written, times in days.items():
            day = date_of(written)
            if day is None:
                self._say(f"{key}.times.{written}", "there is no such day; write it as 2027-02-08")
            elif times:
                known[day] = times
        if before is None or after is None or not known:
            return None
        try:
            return Times(days=known, before=before, after=after)
        except Invalid as error:
            self._say(f"{key}.{error.details['field']}", error.message)
            return None

    def _at(self, raw: object, key: str) -> tuple[time, ...]:
        """The times of one day; a single one needs no list."""
        written = [raw] if isinstance(raw, str | time) else raw
        if not isinstance(written, list) or not written:
            self._say(key, 'must be a time or a list of times, as ["12:43", "15:58"]')
            return ()
        found = []
        for each in written:
            at = each if isinstance(each, time) else _time_of(each)
            if at is None:
                self._say(key, f"{each!r} is no time such as 12:43")
            else:
                found.append(at.replace(second=0, microsecond=0))
        return tuple(sorted(found))

    def _minutes_of(
        self, raw: Mapping[str, Any], key: str, name: str, usual: timedelta | None
    ) -> timedelta | None:
        value = raw.get(name)
        if value is None:
            return usual
        if type(value) is not int:
            self._say(f"{key}.{name}", f"must be a whole number of minutes, not {value!r}")
            return None
        # Longer than any limit, and still a span that can be counted with.
        return timedelta(minutes=max(-1, min(value, 10**6)))


def _time_of(text: object) -> time | None:
    written = _AT.fullmatch(text.strip()) if isinstance(text, str) else None
    return time(int(written[1]), int(written[2])) if written else None


def spans_shown(spans: tuple[Span, ...]) -> str:
    """As in the file: an end at midnight is 24:00, for 00:00 would look like the morning."""
    shown = (f"{span.start:%H:%M}-{span.end:%H:%M}".replace("-00:00", "-24:00") for span in spans)
    return ", ".join(shown)

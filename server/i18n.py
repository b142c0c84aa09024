"""Texts in four languages: catalogues, dates, and how a wait is said.

The language is always an argument: pushes, paper and messages are rendered outside any request, so
nothing here reads one. A msgid is the English text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from functools import lru_cache
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

TRANSLATIONS: Final = Path(__file__).resolve().parent.parent / "translations"

LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "ar": "العربية",
    "fr": "Français",
    "zgh": "ⵜⴰⵎⴰⵣⵉⵖⵜ",
    "en": "English",
}
"""Each language in its own script and its own words."""

FALLBACK: Final = "fr"
"""What a person who lacks a text most probably reads (as in `domain.ids.in_language`)."""

_LOCALES: Final[Mapping[str, str]] = {"ar": "ar_MA", "fr": "fr_MA", "zgh": "zgh_MA", "en": "en_GB"}
"""Moroccan forms: Arabic with Western digits and يناير, not كانون الثاني."""

_SECONDS_A_MINUTE: Final = 60
_MINUTES_A_DAY: Final = 1_440
_MINUTES_SHORT: Final = 5
"""A wait that is surely shorter than this is not worth a range."""
_MINUTES_STEP: Final = 5
_MINUTES_HALF_HOUR: Final = 30
_MINUTES_IN_MINUTES: Final = 90
"""A wall tells longer waits in hours."""
_MINUTES_LONGEST: Final = 180
"""Beyond this the estimate is not worth a number."""


class WaitSpan(Protocol):
    """`wire.WaitRange` and `estimate.Wait` alike: half wait at most p50, nine in ten p90."""

    @property
    def p50_seconds(self) -> int: ...
    @property
    def p90_seconds(self) -> int: ...


def is_language(tag: str) -> bool:
    """Whether `tag` is one of ours."""
    return tag in LANGUAGE_NAMES


def direction(language: str) -> str:
    """`rtl` or `ltr`, as HTML wants it."""
    return "rtl" if language == "ar" else "ltr"


def isolated(number: object) -> str:
    """`number` between U+2066 and U+2069, so that Arabic around it cannot turn it."""
    return f"\u2066{number}\u2069"


def translate(language: str, msgid: str, /, **values: object) -> str:
    """`msgid` in `language` with `%(name)s` filled in; English where the catalogue lacks it."""
    text = str(_catalogue(language).gettext(msgid))
    return text % values if values else text


def ntranslate(language: str, one: str, many: str, count: int, /, **values: object) -> str:
    """The form that `language` uses for `count` things; `%(num)s` is the count."""
    text = str(_catalogue(language).ngettext(one, many, count))
    return text % {"num": isolated(count), **values}


def local_time(language: str, moment: datetime, zone: str) -> str:
    """`09:05` on the wall clock of `zone`."""
    wall = moment.astimezone(ZoneInfo(zone))
    return _clock_text(language, wall.hour, wall.minute)


@lru_cache(maxsize=_MINUTES_A_DAY * 4)
def _clock_text(language: str, hour: int, minute: int) -> str:
    # Kept: Babel needs as long for it as for the rest of a phone's page, and thousands come back in one minute.
    return format_time(time(hour, minute), "HH:mm", locale=_LOCALES[language])


def local_date(language: str, moment: datetime, zone: str) -> str:
    """`Monday 23 November` in the words of `language`, on the calendar of `zone`."""
    return format_date(
        moment.astimezone(ZoneInfo(zone)).date(), "EEEE d MMMM", locale=_LOCALES[language]
    )


def offset_minutes(moment: datetime, zone: str) -> int:
    """How far the wall clock of `zone` is ahead of UTC: for browsers, whose own tables may be old.

    In September 2026 Morocco gave up summer time for good; a phone without updates does not know.
    """
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None, "an aware datetime has an offset"
    return int(offset.total_seconds()) // _SECONDS_A_MINUTE


def t_wait(language: str, wait: WaitSpan | None) -> str:
    """A wait as people say it, rounded outwards: never falsely precise. "" when unknown."""
    if wait is None:
        return ""
    low = wait.p50_seconds // _SECONDS_A_MINUTE
    high = ceil(wait.p90_seconds / _SECONDS_A_MINUTE)
    if high <= _MINUTES_SHORT:
        return translate(language, "less than 5 min")
    if low >= _MINUTES_LONGEST:
        return translate(language, "more than 3 hours")
    low, high = _rounded(low, high)
    if low == 0:
        return translate(language, "less than %(high)s", high=_span(language, high))
    if high <= _MINUTES_SHORT * 12:
        return translate(
            language, "about %(low)s to %(high)s min", low=isolated(low), high=isolated(high)
        )
    return translate(
        language, "about %(low)s to %(high)s", low=_span(language, low), high=_span(language, high)
    )


def wait_range(language: str, wait: WaitSpan | None) -> str:
    """The same as short as a wall needs it: `10–15 min`, `½–2 h`. "" when unknown."""
    if wait is None:
        return ""
    low = wait.p50_seconds // _SECONDS_A_MINUTE
    high = ceil(wait.p90_seconds / _SECONDS_A_MINUTE)
    if low >= _MINUTES_LONGEST:
        return translate(language, "%(hours)s h", hours=isolated(f"{_halves(_MINUTES_LONGEST)}+"))
    low, high = _rounded(low, high)
    # Isolated as one: Arabic around it would turn the two numbers.
    if high <= _MINUTES_IN_MINUTES:
        return translate(language, "%(minutes)s min", minutes=isolated(f"{low}–{high}"))
    low -= low % _MINUTES_HALF_HOUR
    return translate(language, "%(hours)s h", hours=isolated(f"{_halves(low)}–{_halves(high)}"))


def wait_texts(language: str) -> dict[str, object]:
    """The sentences of `t_wait` with `{low}` and `{high}` left open.

    For the phone, which finds its own place in a line that was pushed to many: `static/js/wait.js`
    rounds by the same rule, and a test compares the two.
    """
    hours = {str(minutes): _span(language, minutes) for minutes in range(60, 211, 30)}
    return {
        "short": translate(language, "less than 5 min"),
        "long": translate(language, "more than 3 hours"),
        "below": translate(language, "less than %(high)s", high="{high}"),
        "minutes": translate(
            language,
            "about %(low)s to %(high)s min",
            low=isolated("{low}"),
            high=isolated("{high}"),
        ),
        "spans": translate(language, "about %(low)s to %(high)s", low="{low}", high="{high}"),
        "minute": translate(language, "%(minutes)s min", minutes=isolated("{minutes}")),
        "hours": hours,
    }


def ahead_text(language: str, ahead: int) -> str:
    """How many people are before you, in words."""
    if ahead == 0:
        return translate(language, "You are next")
    return ntranslate(language, "%(num)s person before you", "%(num)s people before you", ahead)


def ahead_texts(language: str) -> dict[str, str]:
    """`ahead_text` by CLDR plural category with `{num}` left open, plus `next`; for the phone."""
    samples = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}
    forms = {
        category: str(
            _catalogue(language).ngettext(
                "%(num)s person before you", "%(num)s people before you", count
            )
        )
        % {"num": isolated("{num}")}
        for category, count in samples.items()
    }
    return {**forms, "next": translate(language, "You are next")}


def _rounded(low: int, high: int) -> tuple[int, int]:
    """Outwards to 5 minutes, beyond the hour to half hours; `high` has a ceiling."""
    low -= low % _MINUTES_STEP
    high += -high % _MINUTES_STEP
    if high > _MINUTES_SHORT * 12:
        high += -high % _MINUTES_HALF_HOUR
        if low > _MINUTES_HALF_HOUR:
            low -= low % _MINUTES_HALF_HOUR
    return low, min(high, _MINUTES_LONGEST + _MINUTES_HALF_HOUR)


def _halves(minutes: int) -> str:
    """`90` as `1½` hours."""
    whole, half = divmod(minutes, 60)
    return (str(whole) if whole or not half else "") + ("½" if half else "")


def _span(language: str, minutes: int) -> str:
    match minutes:
        case 60:
            return translate(language, "1 hour")
        case 90:
            return translate(language, "1½ hours")
        case 120:
            return translate(language, "2 hours")
        case 150:
            return translate(language, "2½ hours")
        case 180:
            return translate(language, "3 hours")
        case 210:
            return translate(language, "3½ hours")
        case _:
            return translate(language, "%(minutes)s min", minutes=isolated(minutes))


@lru_cache(maxsize=len(_LOCALES))
def _catalogue(language: str) -> NullTranslations:
    if language not in LANGUAGE_NAMES:
        raise ValueError(f"{language!r} is not a language of these pages")
    # Read from the source: a compiled catalogue is one more thing that can be stale.
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)

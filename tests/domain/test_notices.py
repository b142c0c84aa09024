"""What a hall is told, and when: days, wall times, prayers, closings, and both nights on which the clock moves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.hours import ALWAYS_OPEN, OFFICE_HOURS, Hours, HoursRule, Span
from server.domain.ids import Language
from server.domain.notices import (
    DAYS_MAX,
    MINUTES_MAX,
    NONE,
    NOTICES_MAX,
    SHOWN_MAX,
    TEXT_LENGTH_MAX,
    TIMES_A_DAY_MAX,
    Notice,
    NoticeKind,
    Notices,
    Times,
    notices_at,
    notices_values,
    read_notices,
)
from server.wire import BoardNotice
from tests.builders import CASABLANCA

BACK = datetime(2026, 2, 15, 2, 0, tzinfo=UTC)
"""03:00 becomes 02:00: Ramadan begins, UTC+1 ends."""
FORWARD = datetime(2026, 3, 22, 2, 0, tzinfo=UTC)
"""02:00 becomes 03:00."""
MONDAY = date(2026, 6, 1)
OFFICE = Hours(zone=CASABLANCA, rules=OFFICE_HOURS)
OPEN = Hours(zone=CASABLANCA, rules=ALWAYS_OPEN)
FRENCH = {Language.FRENCH: "Avis"}
AT = {Language.FRENCH: "À {time}", Language.ARABIC: "على {time}"}
MINUTE = timedelta(minutes=1)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2026, 8, 1), timezones=st.just(UTC)
)
minutes = st.integers(0, MINUTES_MAX)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment by the wall in Berkane."""
    return datetime.combine(day, time(hour, minute), CASABLANCA).astimezone(UTC)


def shown(notice: Notice, now: datetime, hours: Hours = OPEN) -> bool:
    return bool(notices_at(Notices(all=(notice,)), hours, now))


def the(notice: Notice, now: datetime, hours: Hours = OPEN) -> BoardNotice:
    (found,) = notices_at(Notices(all=(notice,)), hours, now)
    return found


def test_a_bare_notice_is_always_shown_and_none_is_nothing() -> None:
    assert notices_at(NONE, OPEN, BACK) == ()
    assert the(Notice(texts=FRENCH), BACK) == BoardNotice(id="1", kind="info", texts={"fr": "Avis"})


def test_days_weekdays_and_hours_must_all_hold() -> None:
    notice = Notice(
        texts=FRENCH,
        first_day=MONDAY,
        last_day=MONDAY + timedelta(days=7),
        weekdays=frozenset({0, 4}),
        spans=(Span(start=time(8, 30), end=time(10)), Span(start=time(22), end=time(0))),
    )
    assert shown(notice, at(MONDAY, 8, 30))
    assert not shown(notice, at(MONDAY, 8, 29))
    assert not shown(notice, at(MONDAY, 10))
    assert shown(notice, at(MONDAY, 23, 59))
    assert not shown(notice, at(MONDAY + timedelta(days=1), 9)), "a Tuesday"
    assert shown(notice, at(MONDAY + timedelta(days=4), 9)), "a Friday"
    assert shown(notice, at(MONDAY + timedelta(days=7), 9)), "the last day is included"
    assert not shown(notice, at(MONDAY + timedelta(days=14), 9))
    assert not shown(notice, at(MONDAY - timedelta(days=7), 9))


@given(moments)
@example(BACK - MINUTE)
@example(BACK)
@example(FORWARD - MINUTE)
@example(FORWARD)
def test_hours_are_those_of_the_wall(now: datetime) -> None:
    """In both nights too: an hour that comes twice is shown twice, one that is skipped never."""
    span = Span(start=time(2, 30), end=time(8))
    notice = Notice(texts=FRENCH, spans=(span,))
    assert shown(notice, now) is (time(2, 30) <= OPEN.local(now).time() < time(8))


@given(st.integers(0, 60 * 36), minutes, minutes, st.sampled_from([BACK, FORWARD, at(MONDAY, 0)]))
@example(0, 10, 0, BACK)
def test_around_a_time_counts_real_minutes(
    offset: int, before: int, after: int, midnight: datetime
) -> None:
    """Whatever the clock does between: as long before and after as was said."""
    if before + after == 0:
        return
    prayer = midnight.replace(hour=12, minute=5)
    local = OPEN.local(prayer)
    notice = Notice(
        texts=AT,
        kind=NoticeKind.PRAYER,
        times=Times(
            days={local.date(): (local.time(),)}, before=before * MINUTE, after=after * MINUTE
        ),
    )
    now = midnight - timedelta(hours=12) + offset * MINUTE
    is_on = prayer - before * MINUTE <= now < prayer + after * MINUTE
    assert shown(notice, now) is is_on
    if is_on:
        assert the(notice, now).texts["fr"] == f"À \u2066{local:%H:%M}\u2069"


@pytest.mark.parametrize(
    ("day", "wall", "moment"),
    [
        (BACK.date(), time(2, 30), BACK - timedelta(minutes=30)),  # twice in that night: the first
        (FORWARD.date(), time(2, 30), FORWARD + timedelta(minutes=30)),  # skipped: as if not moved
        (BACK.date(), time(3, 30), BACK + timedelta(minutes=90)),
        (FORWARD.date(), time(3, 30), FORWARD + timedelta(minutes=30)),
    ],
)
def test_a_time_in_the_night_of_a_switch(day: date, wall: time, moment: datetime) -> None:
    times = Times(days={day: (wall,)}, before=MINUTE, after=MINUTE)
    notice = Notice(texts=FRENCH, times=times)
    on = [
        now
        for now in (moment + offset * MINUTE for offset in range(-180, 180))
        if shown(notice, now)
    ]
    assert on == [moment - MINUTE, moment]


def test_the_minutes_before_a_time_may_lie_on_the_day_before() -> None:
    times = Times(days={MONDAY: (time(0, 5),)}, before=20 * MINUTE, after=0 * MINUTE)
    assert shown(Notice(texts=AT, times=times), at(MONDAY - timedelta(days=1), 23, 50))


def test_the_nearest_of_two_times_is_told() -> None:
    times = Times(days={MONDAY: (time(12), time(12, 20))}, before=15 * MINUTE, after=15 * MINUTE)
    notice = Notice(texts=AT, times=times)
    assert "12:00" in the(notice, at(MONDAY, 12, 9)).texts["fr"]
    assert "12:20" in the(notice, at(MONDAY, 12, 11)).texts["fr"]
    first, second = the(notice, at(MONDAY, 12, 9)).id, the(notice, at(MONDAY, 12, 11)).id
    assert first != second, "another occasion is another notice"


def test_closing_is_told_by_the_hours_of_the_day() -> None:
    noon = HoursRule(
        weekdays=(
            (Span(start=time(8, 30), end=time(12)), Span(start=time(14), end=time(16, 30))),
            *((),) * 6,
        )
    )
    ramadan = HoursRule(
        weekdays=((Span(start=time(9), end=time(15)),),) * 7,
        first_day=MONDAY + timedelta(days=7),
        last_day=MONDAY + timedelta(days=7),
    )
    hours = Hours(zone=CASABLANCA, rules=(noon, ramadan))
    notice = Notice(texts=AT, kind=NoticeKind.CLOSING, before_closing=30 * MINUTE)

    def told(now: datetime) -> str | None:
        found = notices_at(Notices(all=(notice,)), hours, now)
        return found[0].texts["fr"][3:8] if found else None

    assert told(at(MONDAY, 11, 29)) is None
    assert told(at(MONDAY, 11, 30)) == told(at(MONDAY, 11, 59)) == "12:00"
    assert told(at(MONDAY, 12)) is None
    assert told(at(MONDAY, 16, 15)) == "16:30"
    assert told(at(MONDAY + timedelta(days=7), 14, 45)) == "15:00"
    assert told(at(MONDAY + timedelta(days=7), 16, 15)) is None
    closed = hours.closing(MONDAY, "")
    assert notices_at(Notices(all=(notice,)), closed, at(MONDAY, 16, 15)) == ()


def test_a_branch_that_never_closes_tells_no_closing() -> None:
    notice = Notice(texts=AT, before_closing=MINUTES_MAX * MINUTE)
    assert not shown(notice, at(MONDAY, 23, 30))
    met = HoursRule(
        weekdays=((Span(start=time(8), end=time(12)), Span(start=time(12), end=time(16))),) * 7
    )
    hours = Hours(zone=CASABLANCA, rules=(met,))
    assert not shown(replace(notice, before_closing=30 * MINUTE), at(MONDAY, 11, 45), hours)


@given(moments, st.integers(1, MINUTES_MAX), st.integers(0, 23), st.integers(1, 23))
@example(BACK - timedelta(minutes=20), 60, 0, 3)
@example(BACK + timedelta(minutes=20), 60, 0, 3)
@example(FORWARD - timedelta(minutes=20), 60, 0, 2)
@example(FORWARD - timedelta(minutes=20), 60, 0, 3)
def test_before_closing_means_open_now_and_closed_soon(
    now: datetime, before: int, start: int, length: int
) -> None:
    """Also when the clock is moved in the last hour: what is told is when the doors really close."""
    now = now.replace(second=0, microsecond=0)
    end = min(start + length, 24)
    span = Span(start=time(start), end=time(end % 24))
    hours = Hours(zone=CASABLANCA, rules=(HoursRule(weekdays=((span,),) * 7),))
    ahead = (now + offset * MINUTE for offset in range(1, before + 1))
    closes = next((moment for moment in ahead if not hours.is_open(moment)), None)
    notice = Notice(texts=AT, before_closing=before * MINUTE)
    assert shown(notice, now, hours) is (hours.is_open(now) and closes is not None)
    if closes is not None and hours.is_open(now):
        assert f"{hours.local(closes):%H:%M}" in the(notice, now, hours).texts["fr"]


def test_what_cannot_wait_comes_first_and_the_rest_is_cut() -> None:
    days = {MONDAY: (time(12),)}
    prayer = Notice(texts=FRENCH, kind=NoticeKind.PRAYER, times=Times(days=days))
    closing = Notice(texts=FRENCH, kind=NoticeKind.CLOSING)
    info = Notice(texts=FRENCH)
    found = notices_at(Notices(all=(*(info,) * 9, prayer, closing)), OPEN, at(MONDAY, 12))
    assert [each.kind for each in found] == ["closing", "prayer", "info", "info", "info", "info"]
    assert len(found) == SHOWN_MAX
    assert len({each.id for each in found}) == SHOWN_MAX
    assert [each.id for each in found[2:]] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"texts": {}}, "text"),
        ({"texts": {Language.FRENCH: " "}}, "text.fr"),
        ({"texts": {Language.FRENCH: "a\nb"}}, "text.fr"),
        ({"texts": {Language.FRENCH: "a" * (TEXT_LENGTH_MAX + 1)}}, "text.fr"),
        ({"texts": {Language.ARABIC: "{hour}"}}, "text.ar"),
        ({"texts": {Language.ARABIC: "{time}"}}, "text.ar"),
        ({"first_day": MONDAY, "last_day": MONDAY - timedelta(days=1)}, "last_day"),
        ({"weekdays": frozenset({7})}, "weekdays"),
        ({"spans": (Span(start=time(8), end=time(9)),) * 7}, "hours"),
        ({"before_closing": timedelta(0)}, "before_closing_minutes"),
        ({"before_closing": (MINUTES_MAX + 1) * MINUTE}, "before_closing_minutes"),
        ({"before_closing": MINUTE, "times": Times(days={MONDAY: (time(8),)})}, "times"),
    ],
)
def test_what_no_notice_can_be(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Notice(**{"texts": FRENCH, **wrong})
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": {}},
        {"days": {MONDAY: ()}},
        {"days": {MONDAY: (time(8),) * (TIMES_A_DAY_MAX + 1)}},
        {"days": {MONDAY + timedelta(days=n): (time(8),) for n in range(DAYS_MAX + 1)}},
        {"before": -MINUTE},
        {"after": (MINUTES_MAX + 1) * MINUTE},
        {"before": timedelta(0), "after": timedelta(0)},
    ],
)
def test_what_no_table_of_times_can_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Times(**{"days": {MONDAY: (time(8),)}, **wrong})


def test_a_branch_keeps_so_many_notices() -> None:
    with pytest.raises(Invalid):
        Notices(all=(Notice(texts=FRENCH),) * (NOTICES_MAX + 1))


days = st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 12, 31))
wall = st.builds(time, st.integers(0, 23), st.integers(0, 59))
times = st.builds(
    Times,
    days=st.dictionaries(days, st.lists(wall, min_size=1, max_size=3).map(tuple), min_size=1),
    before=st.integers(1, MINUTES_MAX).map(lambda count: count * MINUTE),
    after=minutes.map(lambda count: count * MINUTE),
)
notices = st.builds(
    Notice,
    texts=st.sampled_from([FRENCH, {Language.ARABIC: "إعلان", Language.AMAZIGH: "ⴰⵍⵖⵓ"}]),
    kind=st.sampled_from(NoticeKind),
    first_day=st.none() | days,
    weekdays=st.frozensets(st.integers(0, 6)),
    spans=st.sampled_from([(), (Span(start=time(8), end=time(0)),)]),
    times=st.none() | times,
)


@given(st.lists(notices, max_size=4), moments)
def test_json_holds_them_as_they_are(values: list[Notice], now: datetime) -> None:
    value = Notices(all=tuple(values))
    again = read_notices(json.loads(json.dumps(notices_values(value))))
    assert again == value
    found = notices_at(value, OFFICE, now)
    assert found == notices_at(again, OFFICE, now)
    assert len({each.id for each in found}) == len(found)

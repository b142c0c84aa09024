"""Local time: both Ramadan switches of the clock, midnight, hours that skip or repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.hours import ALWAYS_OPEN, OFFICE_HOURS, Hours, HoursRule, Span
from tests.builders import CASABLANCA

BACK = datetime(2026, 2, 15, 2, 0, tzinfo=UTC)
"""03:00 becomes 02:00: Ramadan begins, UTC+1 ends."""
FORWARD = datetime(2026, 3, 22, 2, 0, tzinfo=UTC)
"""02:00 becomes 03:00."""
OFFICE = Hours(zone=CASABLANCA, rules=OFFICE_HOURS)
ZONES = ["Africa/Casablanca", "Africa/Cairo", "Europe/Paris", "UTC"]
RAMADAN = HoursRule(
    weekdays=((Span(start=time(9), end=time(15)),),) * 5 + ((), ()),
    first_day=date(2026, 2, 15),
    last_day=date(2026, 3, 21),
)

moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2027, 6, 1), timezones=st.just(UTC)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def every_day(start: time, end: time, zone: ZoneInfo = CASABLANCA) -> Hours:
    """The same span on each day of the week."""
    return Hours(zone=zone, rules=(HoursRule(weekdays=((Span(start=start, end=end),),) * 7),))


def test_the_clock_of_morocco_switches_on_both_nights() -> None:
    """If this fails, the time zone data changed, not the code."""
    hour = timedelta(hours=1)
    assert OFFICE.local(BACK - hour).hour == OFFICE.local(BACK).hour == 2
    assert OFFICE.local(FORWARD - timedelta(minutes=1)).time() == time(1, 59)
    assert OFFICE.local(FORWARD).time() == time(3)


@pytest.mark.parametrize(
    ("day", "opens_utc"),
    [
        (date(2026, 2, 13), time(7, 30)),
        (date(2026, 2, 16), time(8, 30)),
        (date(2026, 3, 20), time(8, 30)),
        (date(2026, 3, 23), time(7, 30)),
    ],
)
def test_the_office_opens_at_half_past_eight_by_the_wall(day: date, opens_utc: time) -> None:
    """The Fridays and Mondays around both switches."""
    opening = datetime.combine(day, opens_utc, UTC)
    assert OFFICE.next_opening(opening - timedelta(hours=2)) == opening
    assert not OFFICE.is_open(opening - timedelta(milliseconds=1))
    assert OFFICE.is_open(opening)
    closing = opening + timedelta(hours=8)
    assert OFFICE.is_open(closing - timedelta(milliseconds=1))
    assert not OFFICE.is_open(closing)


def test_the_days_of_both_switches_are_25_and_23_hours_long() -> None:
    for switch, hours in ((BACK, 25), (FORWARD, 23)):
        began = OFFICE.midnight(switch)
        ended = OFFICE.midnight(switch + timedelta(days=1))
        assert ended - began == timedelta(hours=hours)
        last = ended - timedelta(milliseconds=1)
        assert OFFICE.business_day(last) == OFFICE.business_day(began) == switch.date()
        assert OFFICE.business_day(ended) == switch.date() + timedelta(days=1)


def test_the_last_rule_that_covers_a_day_decides() -> None:
    hours = Hours(zone=CASABLANCA, rules=(*OFFICE_HOURS, RAMADAN))
    in_ramadan = datetime(2026, 2, 16, 15, 30, tzinfo=UTC)
    assert not hours.is_open(in_ramadan)
    assert OFFICE.is_open(in_ramadan)
    assert hours.is_open(datetime(2026, 3, 23, 14, 30, tzinfo=UTC))
    closed = Hours(zone=CASABLANCA, rules=OFFICE_HOURS, closed_days=frozenset({BACK.date()}))
    assert closed.spans(BACK.date()) == ()


def test_a_closed_branch_names_its_next_opening_over_the_weekend() -> None:
    friday_evening = datetime(2026, 6, 5, 18, 0, tzinfo=UTC)
    assert OFFICE.next_opening(friday_evening) == datetime(2026, 6, 8, 7, 30, tzinfo=UTC)
    never = Hours(zone=CASABLANCA, rules=(HoursRule(weekdays=((),) * 7),))
    assert never.next_opening(friday_evening) is None
    assert not never.is_open(friday_evening)


@given(moments, zones)
@example(datetime(2026, 4, 23, 22, 30, tzinfo=UTC), ZoneInfo("Africa/Cairo"))
def test_a_business_day_is_one_stretch_that_begins_at_its_midnight(
    moment: datetime, zone: ZoneInfo
) -> None:
    """In Cairo a midnight does not exist once a year; the day still has a beginning."""
    hours = Hours(zone=zone, rules=ALWAYS_OPEN)
    began = hours.midnight(moment)
    assert began <= moment
    assert hours.business_day(began) == hours.business_day(moment)
    assert hours.business_day(began - timedelta(milliseconds=1)) < hours.business_day(moment)
    assert hours.is_open(moment)


@given(moments, zones, st.integers(0, 95), st.integers(1, 96))
@example(BACK + timedelta(minutes=30), CASABLANCA, 11, 40)
@example(BACK - timedelta(minutes=70), CASABLANCA, 11, 40)
@example(FORWARD - timedelta(minutes=5), CASABLANCA, 10, 40)
def test_the_next_opening_is_ahead_and_open(
    moment: datetime, zone: ZoneInfo, start: int, end: int
) -> None:
    """Also in an hour that the clock repeats or skips: nobody is told a time that has passed."""
    if end <= start:
        start, end = end - 1, start + 1
    hours = every_day(quarter(start), quarter(end), zone)
    opening = hours.next_opening(moment)
    assert opening is not None
    assert opening > moment
    assert hours.is_open(opening)


def quarter(count: int) -> time:
    """Quarters of an hour since midnight; 96 is midnight again."""
    return time(count // 4 % 24, count % 4 * 15)


@pytest.mark.parametrize(
    ("spans", "follow"),
    [
        ([("08:00", "12:00"), ("12:00", "16:00")], True),
        ([("08:00", "12:00"), ("11:59", "16:00")], False),
        ([("14:00", "16:00"), ("08:00", "12:00")], False),
        ([("20:00", "00:00"), ("21:00", "22:00")], False),
        ([("08:00", "12:00"), ("20:00", "00:00")], True),
    ],
)
def test_the_spans_of_a_day_follow_each_other(
    spans: list[tuple[str, str]], *, follow: bool
) -> None:
    day = tuple(
        Span(start=time.fromisoformat(start), end=time.fromisoformat(end)) for start, end in spans
    )
    if follow:
        HoursRule(weekdays=(day, *((),) * 6))
    else:
        with pytest.raises(Invalid):
            HoursRule(weekdays=(day, *((),) * 6))


def test_a_rule_ends_after_it_began() -> None:
    with pytest.raises(Invalid):
        replace(RAMADAN, last_day=date(2026, 2, 14))
    assert replace(RAMADAN, last_day=RAMADAN.first_day).covers(date(2026, 2, 15))


def test_a_day_is_closed_for_a_reason_until_it_is_reopened() -> None:
    day = date(2026, 2, 16)
    closed = OFFICE.closing(day, "Neige")
    assert closed.spans(day) == ()
    assert closed.closing(day, "") == closed, "nothing new was said"
    assert closed.closing(day, "Grève").closed_for == {day: "Grève"}
    assert closed.reopening(day) == OFFICE


def test_a_week_has_seven_days() -> None:
    with pytest.raises(Invalid) as caught:
        HoursRule(weekdays=((),) * 6)
    assert caught.value.details == {"field": "hours"}


def test_a_span_to_midnight_ends_with_the_day() -> None:
    evening = every_day(time(20), time(0))
    assert evening.is_open(datetime(2026, 6, 1, 22, 59, 59, tzinfo=UTC))
    assert not evening.is_open(datetime(2026, 6, 1, 23, 0, tzinfo=UTC))

"""Blocks never overlap and never meet online numbers; a kiosk's clock is believed within bounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import blocks
from server.domain.blocks import LeasedBlock, LineNumbers
from server.domain.errors import DayNotLeasable, LineFull
from server.domain.hours import OFFICE_HOURS, Hours
from server.domain.ids import DeviceId, ServiceId
from server.domain.queue import MAX_NUMBER, label_of
from tests.builders import CASABLANCA, MORNING, a_branch, a_service

TODAY = MORNING.date()
NEW = LineNumbers(last_number=0, reserved_from=MAX_NUMBER + 1)


def a_block(first: int = 900, last: int = 999, *, day: date = TODAY) -> LeasedBlock:
    """Leased at the beginning of the morning."""
    return LeasedBlock(
        service=ServiceId(1),
        day=day,
        device=DeviceId(1),
        first=first,
        last=last,
        leased_at=MORNING,
    )


def size_of(most: int, *, kiosks: int = 1, line: LineNumbers = NEW) -> int:
    """The block of a kiosk when so many have none."""
    return blocks.block_size(line, most_a_day=most, kiosks_without=kiosks)


def test_a_block_is_enough_for_half_more_than_the_busiest_day() -> None:
    assert size_of(190) == 285
    assert size_of(191) == 287
    assert size_of(0) == 100
    assert size_of(400) == 299, "not 600: the server keeps 400, a second block the rest"


def test_every_kiosk_gets_a_share_and_one_is_left() -> None:
    assert size_of(400, kiosks=3) == 149
    assert size_of(0, kiosks=2, line=LineNumbers(last_number=969, reserved_from=1000)) == 10
    assert size_of(0, line=LineNumbers(last_number=998, reserved_from=1000)) == 0


@given(
    most=st.integers(0, MAX_NUMBER),
    leases=st.lists(st.integers(1, 8), min_size=1, max_size=12),
    last=st.integers(0, MAX_NUMBER),
)
def test_blocks_leave_a_busy_day_to_the_server(most: int, leases: list[int], last: int) -> None:
    """However many kiosks lease, and again: as many numbers as the busiest day took are given out online."""
    reserved = MAX_NUMBER + 1
    for kiosks in leases:
        line = LineNumbers(last_number=last, reserved_from=reserved)
        reserved -= size_of(most, kiosks=kiosks, line=line)
    assert reserved - 1 >= max(most, blocks.ONLINE_LEAST)
    assert reserved > last


def test_offline_numbers_are_recognised() -> None:
    block, event = blocks.cut(
        NEW, 100, service=ServiceId(1), day=TODAY, device=DeviceId(3), now=MORNING
    )
    assert (block.first, block.last) == (900, 999)
    assert event.data == {"device": 3, "day": TODAY.isoformat(), "first": 900, "last": 999}


ACTS = st.lists(
    st.one_of(st.just("issue"), st.tuples(st.integers(0, 700), st.integers(1, 4))), max_size=60
)


@given(acts=ACTS, busy=st.integers(0, 20))
def test_no_number_is_given_out_twice(acts: list[str | tuple[int, int]], busy: int) -> None:
    """Taps at the server and leases in any order: what they give out never meets."""
    last, reserved = 0, MAX_NUMBER + 1
    given_out: set[int] = set()
    for act in acts:
        if isinstance(act, str):
            numbers = []
            for _ in range(busy):
                try:
                    label_of(a_service(), last + 1, below=reserved)
                except LineFull:
                    assert last + 1 in given_out, "full while a number is free"
                    break
                last += 1
                numbers.append(last)
        else:
            most, without = act
            line = LineNumbers(last_number=last, reserved_from=reserved)
            size = size_of(most, kiosks=without, line=line)
            if not size:
                continue
            block, _ = blocks.cut(
                line, size, service=ServiceId(1), day=TODAY, device=DeviceId(1), now=MORNING
            )
            numbers = list(range(block.first, block.last + 1))
            reserved = block.first
        assert not given_out & set(numbers)
        assert all(1 <= number <= MAX_NUMBER for number in numbers)
        given_out |= set(numbers)


@given(asked=st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_believed_within_the_lease_and_the_present(asked: datetime) -> None:
    now = MORNING + timedelta(hours=3)
    moved = blocks.believable(asked, branch=a_branch(), block=a_block(), day=TODAY, now=now)
    assert MORNING <= moved <= now
    if MORNING <= asked <= now:
        assert timedelta(0) <= asked - moved < timedelta(milliseconds=1)


MIDNIGHT = a_branch().hours.start_of(TODAY + timedelta(days=1))
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("block_day", "issued_at", "now", "day"),
    [
        (TODAY, MIDNIGHT - SECOND, MIDNIGHT - SECOND, TODAY),
        (TODAY, MIDNIGHT - SECOND, MIDNIGHT + SECOND, TODAY),
        (TODAY, MIDNIGHT, MIDNIGHT + SECOND, TOMORROW),
        (TODAY, MIDNIGHT + 9 * SECOND, MIDNIGHT + SECOND, TOMORROW),
        (TOMORROW, MIDNIGHT + SECOND, MIDNIGHT - SECOND, TODAY),
        (TOMORROW, MIDNIGHT - SECOND, MIDNIGHT - SECOND, TODAY),
        (TOMORROW, MIDNIGHT - SECOND, MIDNIGHT + SECOND, TOMORROW),
        (TOMORROW, MIDNIGHT + SECOND, MIDNIGHT + SECOND, TOMORROW),
        (YESTERDAY, MIDNIGHT - 2 * SECOND, MIDNIGHT - SECOND, TODAY),
    ],
)
def test_a_number_of_another_day_stands_in_the_line_of_its_citizens_day(
    block_day: date, issued_at: datetime, now: datetime, day: date
) -> None:
    block = a_block(day=block_day)
    assert blocks.day_of(issued_at, branch=a_branch(), block=block, now=now) == day
    moved = blocks.believable(issued_at, branch=a_branch(), block=block, day=day, now=now)
    assert a_branch().hours.business_day(moved) == day
    assert moved <= now


def test_numbers_are_leased_for_today_and_the_next_open_day() -> None:
    branch = a_branch(hours=Hours(zone=CASABLANCA, rules=OFFICE_HOURS))
    friday = MORNING + timedelta(days=4)
    monday = TODAY + timedelta(days=7)
    blocks.require_leasable(branch, friday.date(), friday)
    blocks.require_leasable(branch, monday, friday)
    for day in (friday.date() + timedelta(days=1), TODAY, monday + timedelta(days=1)):
        with pytest.raises(DayNotLeasable):
            blocks.require_leasable(branch, day, friday)

"""The time on a kiosk: the server's, whatever somebody does to the machine's own clock."""

from __future__ import annotations

from datetime import timedelta

from device_client.clock import (
    ANCHOR_KEPT_SECONDS,
    BEHIND_SECONDS_MAX,
    Anchor,
    DeviceClock,
    Timekeeper,
)
from tests.builders import HandClock, HandSteady
from tests.kiosk_client.builders import NOON

HOUR = timedelta(hours=1)


def a_clock(wall: HandClock, steady: HandSteady, **known: object) -> DeviceClock:
    anchor, not_before = known.get("anchor"), known.get("not_before")
    assert anchor is None or isinstance(anchor, Anchor)
    return DeviceClock(
        wall,
        steady,
        boot="boot-1",
        anchor=anchor,
        not_before=NOON if not_before else None,
    )


def test_the_servers_time_goes_on_by_the_steady_clock() -> None:
    wall, steady = HandClock(NOON + 5 * HOUR), HandSteady()
    clock = a_clock(wall, steady)
    clock.server_said(NOON, asked=steady(), answered=steady() + 0.2)
    assert clock.now() == NOON - timedelta(seconds=0.1), "taken in the middle of the question"
    steady.seconds += 60
    wall.advance(timedelta(minutes=1))
    assert clock.now() == NOON + timedelta(seconds=59.9)
    assert clock.skew_seconds == 5 * 3600 + 0.1


def test_a_jump_is_noticed_and_not_followed() -> None:
    wall, steady = HandClock(NOON), HandSteady()
    clock = a_clock(wall, steady)
    clock.server_said(NOON, asked=steady(), answered=steady())
    wall.advance(-3 * HOUR)
    assert clock.notice_jump() == -3 * 3600
    assert clock.notice_jump() is None, "told once"
    assert clock.now() == NOON
    assert clock.skew_seconds == -3 * 3600
    steady.seconds += 10
    wall.advance(timedelta(seconds=10.5))
    assert clock.notice_jump() is None, "clocks drift a little"


def test_before_the_server_was_heard_a_jump_is_followed_forward_only() -> None:
    """NTP found its server after a start without a clock of its own; it cannot be earlier than it was."""
    wall, steady = HandClock(NOON), HandSteady()
    clock = a_clock(wall, steady)
    wall.advance(15 * HOUR)
    assert clock.notice_jump() == 15 * 3600
    assert clock.now() == NOON + 15 * HOUR
    wall.advance(-3 * HOUR)
    assert clock.notice_jump() == -3 * 3600
    assert clock.now() == NOON + 15 * HOUR
    assert clock.skew_seconds is None


def test_a_wall_clock_that_lost_the_time_says_so_until_it_is_put_right() -> None:
    wall, steady = HandClock(NOON - 1000 * HOUR), HandSteady()
    clock = a_clock(wall, steady, not_before=True)
    assert clock.is_lost, "a flat battery: this may be any day"
    assert clock.now() == NOON, "but no earlier than the journal knows"
    steady.seconds += 5
    wall.advance(timedelta(seconds=5))
    assert clock.now() == NOON + timedelta(seconds=5)
    wall.moment = NOON + HOUR
    assert clock.notice_jump() is not None
    assert (clock.now(), clock.is_lost) == (NOON + HOUR, False)


def test_the_server_ends_the_doubt() -> None:
    wall, steady = HandClock(NOON - 1000 * HOUR), HandSteady()
    clock = a_clock(wall, steady, not_before=True)
    clock.server_said(NOON + HOUR, asked=steady(), answered=steady())
    assert (clock.now(), clock.is_lost) == (NOON + HOUR, False)
    assert clock.skew_seconds == -1001 * 3600, "which staff see on /devices"


def test_a_wall_clock_that_is_only_slow_is_not_lost() -> None:
    wall, steady = HandClock(NOON - timedelta(seconds=BEHIND_SECONDS_MAX)), HandSteady()
    clock = a_clock(wall, steady, not_before=True)
    assert (clock.now(), clock.is_lost) == (NOON, False)


def test_an_anchor_is_of_one_boot() -> None:
    wall, steady = HandClock(NOON + HOUR), HandSteady()
    same = Anchor(server_at=NOON, steady=steady() - 30, boot="boot-1")
    assert a_clock(wall, steady, anchor=same).now() == NOON + timedelta(seconds=30)
    other = Anchor(server_at=NOON, steady=steady() - 30, boot="boot-0")
    assert a_clock(wall, steady, anchor=other).now() == NOON + HOUR


def test_a_slow_answer_is_worse_than_counting_on() -> None:
    wall, steady = HandClock(NOON), HandSteady()
    clock = a_clock(wall, steady)
    assert clock.server_said(NOON, asked=1000, answered=1005) is not None, "better than nothing"
    assert clock.server_said(NOON, asked=1006, answered=1006.1) is not None
    assert clock.server_said(NOON + HOUR, asked=1007, answered=1012) is None
    assert clock.server_said(NOON, asked=2000, answered=2005) is not None, "counting is not endless"


def test_contacts_are_written_down_now_and_then() -> None:
    wall, steady = HandClock(NOON), HandSteady()
    kept: list[Anchor] = []
    keeper = Timekeeper(a_clock(wall, steady), kept.append)
    for second in range(int(ANCHOR_KEPT_SECONDS)):
        at = NOON + timedelta(seconds=second)
        keeper.heard(at, asked=1000 + second, answered=1000 + second)
    assert len(kept) == 1, "a memory card lives longer so"
    keeper.heard(NOON + HOUR, asked=1061, answered=1061)
    assert len(kept) == 2, "the server's own clock was set"

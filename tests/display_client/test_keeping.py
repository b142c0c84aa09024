"""The board on the disk, and the time after a start without the server: right, or nobody claims to know it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from device_client.clock import Anchor
from display_client.board import Painting
from display_client.keeping import Keeper, Kept, KeptTime, clock_after, is_known, time_of
from display_client.news import News
from tests.builders import HandClock, HandSteady
from tests.display_client.builders import NOON, board

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PAINTING = Painting(seq=1, at=NOON.isoformat(), html="<main></main>", look="")


def a_time(
    *, ahead: timedelta = timedelta(0), steady: float = 0.0, boot: str = "boot-1"
) -> KeptTime:
    """The server said noon."""
    anchor = Anchor(server_at=NOON, steady=steady, boot=boot)
    return KeptTime(anchor=anchor, ahead_seconds=ahead.total_seconds())


def news_after(kept: Kept, wall: HandClock, steady: HandSteady, boot: str) -> News:
    """What the page is told after a start."""
    clock = clock_after(kept, wall, steady, boot)
    news = News(steady=steady, now=clock.now, is_time_known=lambda: is_known(clock))
    news.load(kept.painting, kept.view)
    return news


def told(news: News) -> tuple[object, object]:
    found = news.for_page(after=-1, painted=None, wait_seconds=0.0, version=str)
    return found["now"], found["age_seconds"]


def test_after_a_power_cut_the_time_is_the_machines_clock_and_how_far_it_was_off() -> None:
    """Found: the wall went on from the time of the last kept board, all morning."""
    kept = Kept(painting=PAINTING, time=a_time(ahead=-3 * MINUTE))
    wall = HandClock(NOON + 8 * HOUR)
    news = news_after(kept, wall, HandSteady(), "boot-2")
    now = NOON + 8 * HOUR - 3 * MINUTE
    assert told(news) == (now.isoformat(), (now - NOON).total_seconds())


def test_in_the_same_boot_the_time_is_counted_on_whatever_the_machines_clock_says() -> None:
    kept = Kept(painting=PAINTING, time=a_time(steady=1000.0))
    steady = HandSteady()
    steady.seconds += 120.0
    news = news_after(kept, HandClock(NOON - 900 * HOUR), steady, "boot-1")
    assert told(news) == ((NOON + 2 * MINUTE).isoformat(), 120.0)


def test_a_clock_that_lies_before_the_kept_board_tells_no_time_and_no_age() -> None:
    kept = Kept(painting=PAINTING, view=replace(board(1), at=NOON + MINUTE), time=a_time())
    wall = HandClock(NOON + MINUTE - timedelta(seconds=10))
    news = news_after(kept, wall, HandSteady(), "boot-2")
    assert told(news) == (None, None)
    wall.advance(HOUR)
    now = NOON + MINUTE - timedelta(seconds=10) + HOUR
    assert told(news) == (now.isoformat(), (now - NOON).total_seconds()), "NTP has set it"


def test_a_board_of_an_older_program_is_measured_by_the_machines_clock() -> None:
    kept = Kept(painting=PAINTING)
    assert told(news_after(kept, HandClock(NOON + HOUR), HandSteady(), "boot-2"))[1] == 3600.0
    assert told(news_after(kept, HandClock(NOON - HOUR), HandSteady(), "boot-2")) == (None, None)


def test_a_clock_that_had_lost_the_time_is_believed_only_by_itself() -> None:
    """Two years were added to what NTP had put right meanwhile."""
    kept = Kept(painting=PAINTING, time=a_time(ahead=2 * 8760 * HOUR))
    news = news_after(kept, HandClock(NOON + HOUR), HandSteady(), "boot-2")
    assert told(news)[0] == (NOON + HOUR).isoformat()


def test_the_servers_answer_ends_the_doubt() -> None:
    kept, steady = Kept(painting=PAINTING, time=a_time()), HandSteady()
    clock = clock_after(kept, HandClock(NOON - 2 * HOUR), steady, "boot-2")
    assert not is_known(clock)
    assert time_of(clock) is None
    clock.server_said(NOON + HOUR, asked=steady.seconds, answered=steady.seconds)
    assert is_known(clock)
    assert clock.now() == NOON + HOUR
    found = time_of(clock)
    assert found is not None
    assert found.ahead_seconds == 3 * 3600.0


def test_the_time_is_kept_with_the_board_and_outlives_a_start_without_the_server(
    tmp_path: Path,
) -> None:
    path = tmp_path / "board.json"
    first = Kept(painting=PAINTING, time=a_time(ahead=MINUTE))
    Keeper(path).keep(first)
    again = Keeper(path)
    assert again.read() == first
    written = path.stat().st_ino
    again.keep(Kept(painting=PAINTING))
    again.keep(Kept(painting=PAINTING, time=a_time(ahead=MINUTE + timedelta(seconds=0.4))))
    assert path.stat().st_ino == written, "the same board and time are not written again"
    again.keep(Kept(painting=replace(PAINTING, seq=2)))
    assert Keeper(path).read().time == first.time
    again.keep(Kept(painting=PAINTING, time=a_time(ahead=2 * MINUTE)))
    assert Keeper(path).read().time == a_time(ahead=2 * MINUTE)

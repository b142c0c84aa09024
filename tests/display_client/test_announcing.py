"""What is said, in which order and in which languages."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from display_client.announcing import CHIME_SECONDS, Queue, languages_in_time
from server.wire import BoardCall
from server.wire_displays import call_key
from tests.display_client.builders import NOON, board, call

LANGUAGES = ("ar", "fr", "zgh", "en")


def began(*calls: BoardCall) -> Queue:
    """A queue that has seen its first board."""
    queue = Queue()
    queue.learn(board(1, *calls), NOON)
    return queue


def labels(queue: Queue) -> list[str]:
    return [each.label for each in queue.waiting]


def drained(queue: Queue, at: float = 1.0) -> list[str]:
    """All that is said from now on, one after the other in no time."""
    found = []
    while (each := queue.next(NOON + timedelta(seconds=at))) is not None:
        found.append(each.label)
        queue.done(call_key(each))
    return found


def test_the_first_view_is_no_news() -> None:
    assert drained(began(call("A001"), call("A002", at=-5))) == []


def test_a_new_call_is_said_once() -> None:
    queue = began()
    view = board(2, call("A001", at=1))
    queue.learn(view, NOON)
    queue.learn(view, NOON)
    assert drained(queue) == ["A001"]
    queue.learn(view, NOON)
    assert drained(queue) == []


def test_eight_calls_in_one_second_are_all_said_in_order() -> None:
    queue = began()
    calls = [call(f"A{n:03d}", n, at=n / 8) for n in range(8)]
    queue.learn(board(9, *calls), NOON)
    assert drained(queue) == [f"A{n:03d}" for n in range(8)]


def test_more_than_a_board_holds_are_all_said_when_they_come_one_by_one() -> None:
    queue = began()
    calls = [call(f"A{n:03d}", n, at=n / 16) for n in range(16)]
    for count in range(1, 17):
        queue.learn(board(1 + count, *calls[:count]), NOON)
    assert drained(queue) == [f"A{n:03d}" for n in range(16)]


@given(st.permutations(range(8)), st.integers(min_value=1, max_value=8))
def test_the_order_is_that_of_their_times_however_they_come(order: list[int], step: int) -> None:
    queue = began()
    calls = [call(f"A{n:03d}", n, at=n / 4) for n in range(8)]
    for end in range(step, 8 + step, step):
        queue.learn(board(1 + end, *[calls[n] for n in order[:end]]), NOON)
    assert labels(queue) == [f"A{n:03d}" for n in range(8)]


def test_a_recall_is_said_again_and_replaces_the_call_that_was_still_to_be_said() -> None:
    queue = began()
    queue.learn(board(2, call("A001", at=1)), NOON)
    queue.learn(board(3, call("A001", at=12, calls=2)), NOON)
    assert [each.calls for each in queue.waiting] == [2]
    assert drained(queue, at=13) == ["A001"]
    queue.learn(board(4, call("A001", at=24, calls=3)), NOON)
    assert drained(queue, at=25) == ["A001"]


def test_answered_before_it_was_said_is_not_said() -> None:
    queue = began()
    queue.learn(board(2, call("A001", at=1), call("A002", at=2)), NOON)
    queue.learn(board(3, call("A001", at=1, state="serving"), call("A002", at=2)), NOON)
    assert drained(queue) == ["A002"]


def test_answered_before_it_was_ever_heard_of_is_not_said() -> None:
    queue = began()
    queue.learn(board(3, call("A001", at=1, state="serving")), NOON)
    assert drained(queue) == []


def test_withdrawn_is_not_said() -> None:
    queue = began(call("A000", at=-100))
    queue.learn(board(2, call("A001", at=1), call("A000", at=-100)), NOON)
    queue.learn(board(3, call("A000", at=-100)), NOON)
    assert drained(queue) == []


def test_an_old_call_that_slides_back_is_no_news() -> None:
    old = call("A000", at=-40)
    listed = [call(f"B{n:03d}", n, at=-30 + n) for n in range(8)]
    queue = began(*listed)
    queue.learn(board(2, *listed[:-1], old), NOON)
    assert drained(queue) == []


def test_a_call_of_a_minute_ago_is_not_said() -> None:
    queue = began()
    queue.learn(board(2, call("A001", at=1)), NOON + timedelta(seconds=61.5))
    assert drained(queue) == []


def test_a_call_that_grows_old_while_it_waits_is_let_go() -> None:
    queue = began()
    queue.learn(board(2, call("A001", at=1), call("A002", at=50)), NOON + timedelta(seconds=51))
    assert drained(queue, at=62) == ["A002"]


def test_after_an_outage_only_what_is_fresh_is_said() -> None:
    queue = began()
    missed = [call("A001", at=100), call("A002", at=250), call("A003", at=290)]
    queue.learn(board(9, *missed), NOON + timedelta(seconds=300))
    assert drained(queue, at=300) == ["A002", "A003"]


def test_a_restart_says_what_was_not_said_and_nothing_twice() -> None:
    before = began()
    before.learn(board(2, call("A001", at=1), call("A002", at=2)), NOON)
    before.done(call_key(call("A001", at=1)))
    after = Queue(known=before.settled, newest=before.newest)
    view = board(3, call("A001", at=1), call("A002", at=2), call("A003", at=3))
    after.learn(view, NOON + timedelta(seconds=4))
    assert drained(after, at=4) == ["A002", "A003"]


def test_a_restart_does_not_lose_what_waited_behind_an_older_call() -> None:
    """Found by reading the promise: six seconds older than the newest, it was taken for one that slid back."""
    before = began()
    before.learn(board(2, call("A001", at=1), call("A002", at=20)), NOON)
    after = Queue(known=before.settled, newest=before.newest, unsaid=before.wanted)
    after.learn(board(3, call("A001", at=1), call("A002", at=20)), NOON + timedelta(seconds=21))
    assert drained(after, at=21) == ["A001", "A002"]


def test_another_database_begins_in_silence() -> None:
    queue = began()
    queue.forget()
    queue.learn(board(1, call("A001", at=1)), NOON)
    assert drained(queue) == []


def test_what_was_missed_without_sound_is_said_when_the_sound_is_back() -> None:
    queue = began()
    first, second = call("A001", at=1), call("A002", at=2)
    queue.learn(board(2, first, second), NOON)
    queue.missed(call_key(first))
    queue.missed(call_key(second))
    assert queue.waiting == []
    queue.learn(board(3, call("A001", at=1, state="serving"), second), NOON)
    queue.sound_is_back(NOON + timedelta(seconds=5))
    assert drained(queue, at=5) == ["A002"]


def test_what_was_seen_is_bounded() -> None:
    queue = began()
    for n in range(1000):
        queue.learn(board(2 + n, call(f"A{n}", at=n / 100)), NOON + timedelta(seconds=n / 100))
        queue.done(call_key(call(f"A{n}", at=n / 100)))
    assert len(queue.settled) <= 500


def test_alone_it_is_said_in_every_language() -> None:
    assert languages_in_time([call("A001")], LANGUAGES, NOON, {}) == LANGUAGES


def test_fewer_languages_when_there_is_no_time_and_always_the_first() -> None:
    calls = [call(f"A{n:03d}", at=0) for n in range(8)]
    seconds = dict.fromkeys(LANGUAGES, 4.0)
    assert languages_in_time(calls, LANGUAGES, NOON, seconds) == ("ar",)
    assert languages_in_time(calls[:5], LANGUAGES, NOON, seconds) == ("ar", "fr")
    late = NOON + timedelta(seconds=59)
    assert languages_in_time(calls, LANGUAGES, late, seconds) == ("ar",)


@given(
    st.lists(st.floats(min_value=0, max_value=59), min_size=1, max_size=8),
    st.floats(min_value=0.5, max_value=8),
)
def test_as_many_languages_as_let_every_call_be_said_in_time(
    ages: list[float], each: float
) -> None:
    calls = [call("A001", at=-age) for age in sorted(ages, reverse=True)]
    seconds = dict.fromkeys(LANGUAGES, each)
    chosen = languages_in_time(calls, LANGUAGES, NOON, seconds)

    def fits(count: int) -> bool:
        length = CHIME_SECONDS + count * each
        return all(
            NOON + timedelta(seconds=length * turn) <= one.called_at + timedelta(seconds=60)
            for turn, one in enumerate(calls, start=1)
        )

    assert chosen == LANGUAGES[: len(chosen)]
    assert len(chosen) == 1 or fits(len(chosen))
    assert len(chosen) == len(LANGUAGES) or not fits(len(chosen) + 1)

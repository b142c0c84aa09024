"""The board's state: any order, loss and repetition of messages ends in the newest, and nothing goes backwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from display_client.board import CURRENT_SECONDS_MAX, PULSES_BEHIND_MAX, Board, Painting
from tests.display_client.builders import NOON, board, call

SEQS = st.integers(min_value=0, max_value=30)
MESSAGES = st.lists(st.tuples(st.sampled_from(["painting", "view"]), SEQS), max_size=60)


def painting(seq: int, look: str = "") -> Painting:
    return Painting(seq=seq, at="2026-11-24T12:00:00+00:00", html=f"<p>{seq}</p>", look=look)


def behind(known: Board) -> bool:
    return known.is_behind


def hear(known: Board, kind: str, seq: int, now: float) -> None:
    if kind == "painting":
        known.hear_painting(painting(seq), now)
    elif kind == "view":
        known.hear_view(board(seq), now)
    else:
        known.hear_pulse(seq, now)


@given(MESSAGES)
def test_whatever_comes_in_whatever_order_the_newest_stays(messages: list[tuple[str, int]]) -> None:
    known = Board()
    seen = {"painting": -1, "view": -1}
    for now, (kind, seq) in enumerate(messages):
        hear(known, kind, seq, float(now))
        seen[kind] = max(seen[kind], seq)
        assert known.painting_seq == seen["painting"], "the newest, never an older one"
        assert known.view_seq == seen["view"]
        assert behind(known) == (
            max(seen.values()) >= 0 and min(seen.values()) < max(seen.values())
        )


@given(MESSAGES, st.randoms(use_true_random=False))
def test_order_loss_and_repetition_change_nothing(
    messages: list[tuple[str, int]], chance: Random
) -> None:
    """Two boards that heard the same last messages are the same, whatever else they heard."""
    one, other = Board(), Board()
    for kind, seq in messages:
        hear(one, kind, seq, 0.0)
    again = [*messages, *messages]
    chance.shuffle(again)
    for kind, seq in again:
        hear(other, kind, seq, 0.0)
    assert (one.painting_seq, one.view_seq) == (other.painting_seq, other.view_seq)


@given(st.lists(st.tuples(st.sampled_from(["painting", "view", "pulse"]), SEQS), max_size=60))
def test_it_is_only_young_when_it_holds_all_that_was_heard_of(
    messages: list[tuple[str, int]],
) -> None:
    known = Board()
    for now, (kind, seq) in enumerate(messages):
        hear(known, kind, seq, float(now))
        if known.age_seconds(float(now)) == 0.0:
            assert not behind(known)


def test_a_pulse_that_is_ahead_says_that_something_is_missing() -> None:
    known = Board()
    known.hear_painting(painting(4), 0.0)
    known.hear_view(board(4), 0.0)
    assert known.age_seconds(0.0) == 0.0
    known.hear_pulse(5, 2.0)
    assert behind(known)
    assert known.age_seconds(2.0) == 2.0, "what is shown is not known to be true"
    known.hear_painting(painting(5), 3.0)
    known.hear_view(board(5), 3.0)
    assert not behind(known)
    assert known.age_seconds(3.0) == 0.0


def test_a_pulse_that_confirms_keeps_it_young() -> None:
    known = Board()
    known.hear_painting(painting(4), 0.0)
    known.hear_view(board(4), 0.0)
    known.hear_pulse(4, 50.0)
    assert known.is_current(50.0 + CURRENT_SECONDS_MAX - 1)
    assert not known.is_current(50.0 + CURRENT_SECONDS_MAX)


def test_a_board_from_before_the_start_is_shown_and_not_believed() -> None:
    known = Board()
    known.load(painting(7), board(7))
    assert known.painting == painting(7)
    assert known.age_seconds(0.0) is None
    assert not known.is_current(0.0)
    assert known.hear_painting(painting(7), 1.0)
    assert known.hear_view(board(7), 1.0), "the same once more is news: what is said follows it"
    assert known.is_current(1.0)


def test_pulses_behind_are_another_database_and_its_lower_seq_is_taken() -> None:
    known = Board()
    known.hear_painting(painting(90), 0.0)
    known.hear_view(board(90, call("A001")), 0.0)
    for _ in range(PULSES_BEHIND_MAX - 1):
        known.hear_pulse(3, 1.0)
    assert not behind(known), "one may be overtaken by a push"
    known.hear_pulse(3, 1.0)
    assert known.epoch == 1
    assert behind(known)
    assert known.painting == painting(90), "shown until there is a newer one"
    assert known.hear_painting(painting(3), 2.0)
    assert known.hear_view(board(3), 2.0)
    assert known.is_current(2.0)
    assert known.seq == 3


def test_another_look_takes_the_same_seq_again() -> None:
    known = Board()
    known.hear_painting(painting(4), 0.0)
    known.hear_view(board(4), 0.0)
    known.turn_to("desk=3")
    assert behind(known)
    assert not known.hear_painting(painting(5), 1.0), "of the look that is no more shown"
    assert known.hear_painting(painting(4, "desk=3"), 1.0)
    assert not behind(known)


@given(st.lists(st.tuples(SEQS, st.integers(0, 30)), min_size=1, max_size=60))
def test_of_one_seq_the_latest_stays_and_never_an_older_one(told: list[tuple[int, int]]) -> None:
    """What only time changes comes with the seq of before."""
    known = Board()
    for seq, minute in told:
        at = NOON + timedelta(minutes=minute)
        text = f"<p>{seq} at {minute // 2}</p>"
        known.hear_painting(Painting(seq=seq, at=at.isoformat(), html=text, look=""), 0.0)
        known.hear_view(replace(board(seq, waiting=minute // 2), at=at), 0.0)
    seq, minute = max(told)
    assert known.painting is not None
    assert known.view is not None
    assert known.painting.html == f"<p>{seq} at {minute // 2}</p>"
    assert (known.view.seq, known.view.lines[0].waiting) == (seq, minute // 2)


def test_the_same_once_more_is_no_news() -> None:
    known = Board()
    assert known.hear_painting(painting(4), 0.0)
    assert known.hear_view(board(4), 0.0)
    later = replace(painting(4), at=(NOON + timedelta(minutes=1)).isoformat())
    assert not known.hear_painting(later, 1.0)
    assert not known.hear_view(board(4, at=60.0), 1.0)
    assert known.age_seconds(1.0) == 0.0, "but it confirms"

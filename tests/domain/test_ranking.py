"""The order as properties: who may overtake whom, somebody is chosen, the reason is true."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.errors import NobodyWaiting
from server.domain.ids import Label, ServiceId, TicketId
from server.domain.queue import Choice, choose
from server.domain.ranking import Cause, Explanation, Head, HeadStarts, explain, rank_at
from server.domain.states import TicketClass
from tests.builders import MORNING, a_branch

MINUTE = timedelta(minutes=1)
HEAD_START = timedelta(minutes=30)
STARTS = HeadStarts(priority=HEAD_START)
BRANCH = a_branch(head_starts=STARTS)

Arrival = tuple[int, TicketClass, int]
"""Minutes after the opening, class, service."""
arrivals = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(TicketClass), st.integers(1, 3)),
    min_size=1,
    max_size=12,
)
lags = st.dictionaries(
    st.integers(1, 3), st.sampled_from([0, 10, 40]).map(lambda each: each * MINUTE)
)


def heads_of(people: Sequence[Arrival], lag: dict[int, timedelta]) -> list[Head]:
    """Everybody as one desk sees them; ids grow with time of arrival."""
    found = []
    for index, (minutes, ticket_class, service) in enumerate(sorted(people, key=lambda p: p[0])):
        issued_at = MORNING + minutes * MINUTE
        found.append(
            Head(
                ticket=TicketId(f"{index:026d}"),
                label=Label(f"A{index:03d}"),
                service=ServiceId(service),
                ticket_class=ticket_class,
                issued_at=issued_at,
                rank_at=rank_at(
                    arrived_at=issued_at, ticket_class=ticket_class, head_starts=STARTS
                ),
                lag=lag.get(service, timedelta(0)),
            )
        )
    return found


def called_in_order(heads: list[Head]) -> list[Choice]:
    """Call until nobody is left."""
    left = list(heads)
    order = []
    while left:
        choice = choose(left, branch=BRANCH, held_until=None)
        order.append(choice)
        left.remove(choice.head)
    return order


@given(arrivals)
def test_nobody_is_overtaken_by_someone_who_came_more_than_the_head_start_later(
    people: list[Arrival],
) -> None:
    """Within a line and across the lines of a desk without lag: so nobody starves."""
    order = [choice.head for choice in called_in_order(heads_of(people, {}))]
    for first, later in itertools.combinations(order, 2):
        assert first.issued_at - later.issued_at <= HEAD_START


@given(arrivals, lags)
def test_with_lags_the_bound_grows_by_the_lag_and_no_more(
    people: list[Arrival], lag: dict[int, timedelta]
) -> None:
    order = [choice.head for choice in called_in_order(heads_of(people, lag))]
    for first, later in itertools.combinations(order, 2):
        assert first.issued_at - later.issued_at <= HEAD_START + max(
            later.lag - first.lag, timedelta(0)
        )


@given(arrivals, lags)
def test_same_line_same_class_is_first_come_first_served(
    people: list[Arrival], lag: dict[int, timedelta]
) -> None:
    order = [choice.head for choice in called_in_order(heads_of(people, lag))]
    for first, later in itertools.combinations(order, 2):
        if (first.service, first.ticket_class) == (later.service, later.ticket_class):
            assert (first.issued_at, first.ticket) < (later.issued_at, later.ticket)


@given(arrivals, lags)
def test_whoever_can_be_called_is_called(people: list[Arrival], lag: dict[int, timedelta]) -> None:
    heads = heads_of(people, lag)
    assert {choice.head.ticket for choice in called_in_order(heads)} == {
        head.ticket for head in heads
    }


def test_nobody_to_call_tells_when_a_held_one_may_be() -> None:
    held_until = MORNING + 5 * MINUTE
    with pytest.raises(NobodyWaiting) as caught:
        choose([], branch=BRANCH, held_until=held_until)
    assert caught.value.callable_at == held_until
    with pytest.raises(NobodyWaiting) as nobody:
        choose([], branch=BRANCH, held_until=None)
    assert nobody.value.details == {}


@settings(max_examples=400)
@given(arrivals, lags)
def test_the_reason_is_true(people: list[Arrival], lag: dict[int, timedelta]) -> None:
    """Without the stated cause the two would have come the other way round."""
    heads = heads_of(people, lag)
    choice = choose(heads, branch=BRANCH, held_until=None)
    why = choice.explanation
    assert why.label == choice.head.label
    others = [head for head in heads if head.label == why.over]
    if not others:
        assert (why.cause, len(heads)) == (Cause.ONLY_ONE, 1)
        return
    assert is_true(why, choice.head, others[0])
    runner_up = min((h for h in heads if h is not choice.head), key=lambda head: head.key)
    assert others[0] == runner_up


def is_true(why: Explanation, first: Head, second: Head) -> bool:
    """Recompute the order without the cause."""
    match why.cause:
        case Cause.CAME_FIRST:
            return first.issued_at <= second.issued_at and why.minutes == 0
        case Cause.PRIORITY:
            without = replace(first, rank_at=first.issued_at)
            return (
                first.ticket_class is TicketClass.PRIORITY
                and without.rank_at - first.rank_at == why.minutes * MINUTE
                and (without.rank_at, without.ticket) > (second.rank_at, second.ticket)
            )
        case Cause.SECONDARY_LINE:
            nearer = second.lag - first.lag
            without = replace(second, lag=first.lag)
            return why.minutes > 0 and nearer == why.minutes * MINUTE and without.key < first.key
        case Cause.ONLY_ONE | Cause.CHOSEN:
            return False


def test_two_lines_with_the_same_lag_are_ordered_by_class_not_by_lag() -> None:
    """Was explained as "secondary line, 0 minutes", but priority decided."""
    lag = {1: 10 * MINUTE, 2: 10 * MINUTE}
    people = [(5, TicketClass.ORDINARY, 1), (30, TicketClass.PRIORITY, 2)]
    ordinary, priority = heads_of(people, lag)
    why = explain(priority, ordinary, STARTS)
    assert (why.cause, why.over, why.minutes) == (Cause.PRIORITY, ordinary.label, 30)


def test_a_secondary_line_waits_for_its_lag() -> None:
    """The example of DESIGN: a primary line goes first although its ticket came later."""
    came_first, primary = heads_of(
        [(0, TicketClass.ORDINARY, 1), (3, TicketClass.ORDINARY, 2)], {1: 5 * MINUTE}
    )
    choice = choose([came_first, primary], branch=BRANCH, held_until=None)
    assert choice.explanation == Explanation(
        label=primary.label, cause=Cause.SECONDARY_LINE, over=came_first.label, minutes=5
    )


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1)))
def test_the_rank_is_the_arrival_minus_the_head_start(naive: datetime) -> None:
    arrived_at = naive.replace(tzinfo=MORNING.tzinfo)
    ordinary = rank_at(arrived_at=arrived_at, ticket_class=TicketClass.ORDINARY, head_starts=STARTS)
    priority = rank_at(arrived_at=arrived_at, ticket_class=TicketClass.PRIORITY, head_starts=STARTS)
    assert ordinary == arrived_at
    assert ordinary - priority == HEAD_START

"""The wait: monotone, a range, near a simulated sum of handling times, and learning."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimate import (
    LONGEST_VISIT,
    PRIOR_WEIGHT,
    Handling,
    Wait,
    desks_serving,
    idle_desks,
    prior,
    wait,
)
from server.domain.ids import DeskId, ServiceId
from tests.builders import a_desk

HANDLING = Handling(mean_seconds=300.0, visits=50.0)
ROUNDS = 20_000
ZERO = timedelta(0)
LAG = timedelta(minutes=5)

handlings = st.floats(5, 7200).map(lambda mean: Handling(mean_seconds=mean, visits=20))


@given(st.integers(0, 998), st.floats(0.1, 20), handlings)
def test_more_people_ahead_never_wait_less(ahead: int, desks: float, handling: Handling) -> None:
    here = wait(ahead=ahead, desks=desks, handling=handling)
    behind = wait(ahead=ahead + 1, desks=desks, handling=handling)
    assert here is not None
    assert behind is not None
    assert 0 <= here.p50_seconds <= here.p90_seconds
    assert here.p50_seconds <= behind.p50_seconds
    assert here.p90_seconds <= behind.p90_seconds


@given(st.integers(0, 100), st.floats(0.1, 10), st.floats(0.1, 10), handlings)
def test_more_desks_never_make_it_longer(
    ahead: int, few: float, more: float, handling: Handling
) -> None:
    slow = wait(ahead=ahead, desks=few, handling=handling)
    fast = wait(ahead=ahead, desks=few + more, handling=handling)
    assert slow is not None
    assert fast is not None
    assert fast.p50_seconds <= slow.p50_seconds
    assert fast.p90_seconds <= slow.p90_seconds


@pytest.mark.parametrize("ahead", [0, 1, 5, 30])
@pytest.mark.parametrize("desks", [1, 3])
def test_the_range_is_that_of_a_sum_of_exponential_handling_times(ahead: int, desks: int) -> None:
    """Quantiles of 20,000 simulated waits; 4 % covers the approximation and the noise."""
    chance = random.Random(ahead * 10 + desks)
    rate = desks / HANDLING.mean_seconds
    sums = sorted(sum(chance.expovariate(rate) for _ in range(ahead + 1)) for _ in range(ROUNDS))
    found = wait(ahead=ahead, desks=desks, handling=HANDLING)
    assert found is not None
    assert found.p50_seconds == pytest.approx(sums[ROUNDS // 2], rel=0.04)
    assert found.p90_seconds == pytest.approx(sums[ROUNDS * 9 // 10], rel=0.04)


def test_nobody_serves_so_nothing_is_promised() -> None:
    assert wait(ahead=0, desks=0, handling=HANDLING) is None


@given(st.floats(10, 3000), st.floats(10, 3000))
def test_the_mean_moves_towards_what_the_desks_do(expected: float, real: float) -> None:
    handling = prior(timedelta(seconds=expected))
    distance = abs(real - handling.mean_seconds)
    for _ in range(200):
        handling = handling.learn(real)
        assert abs(real - handling.mean_seconds) <= distance + 1e-6
        distance = abs(real - handling.mean_seconds)
    assert distance <= max(abs(real - expected) * 0.05, 1e-6)


def test_one_visit_weighs_little_against_the_prior() -> None:
    learned = prior(timedelta(seconds=300)).learn(600)
    assert learned.visits == PRIOR_WEIGHT + 1
    assert learned.mean_seconds == pytest.approx(300 + 300 / 11)


@pytest.mark.parametrize("seconds", [0.0, 4.9, LONGEST_VISIT.total_seconds() + 1])
def test_slips_and_forgotten_tickets_teach_nothing(seconds: float) -> None:
    assert HANDLING.learn(seconds) == HANDLING


def test_a_desk_divides_itself_by_its_backlogs() -> None:
    """One and two are services; desk 2 serves the second only when the first is empty."""
    one, two = ServiceId(1), ServiceId(2)
    shared = a_desk(1, {1: ZERO, 2: ZERO})
    secondary = a_desk(2, {1: ZERO, 2: LAG})
    waiting = {one: 6, two: 2}
    assert desks_serving(one, working=[shared], waiting=waiting) == pytest.approx(0.75)
    assert desks_serving(two, working=[shared], waiting=waiting) == pytest.approx(0.25)
    assert desks_serving(two, working=[secondary], waiting=waiting) == 0
    assert desks_serving(two, working=[secondary], waiting={two: 2}) == 1
    assert desks_serving(ServiceId(3), working=[shared], waiting=waiting) == 0


@given(st.dictionaries(st.integers(1, 4), st.integers(0, 50), min_size=1))
def test_the_shares_of_a_desk_never_exceed_the_desk(backlog: dict[int, int]) -> None:
    """Counted among the lines in which somebody waits."""
    desk = a_desk(1, {1: ZERO, 2: ZERO, 3: LAG})
    waiting = {ServiceId(each): count for each, count in backlog.items()}
    busy = [line.service for line in desk.lines if waiting.get(line.service)]
    total = sum(desks_serving(each, working=[desk], waiting=waiting) for each in busy)
    assert total <= 1 + 1e-9


def test_an_idle_desk_takes_the_first_at_once() -> None:
    first, second = a_desk(1, {1: ZERO}), a_desk(2, {2: ZERO})
    civil = ServiceId(1)
    idle = idle_desks(
        civil, working=[first, second], idle=frozenset({DeskId(1), DeskId(2)}), waiting={}
    )
    assert idle == 1, "the other desk does not serve this line"
    at_once = wait(ahead=0, desks=1, handling=HANDLING, idle=idle)
    assert at_once == Wait(p50_seconds=0, p90_seconds=0)
    assert wait(ahead=1, desks=1, handling=HANDLING, idle=idle) == wait(
        ahead=0, desks=1, handling=HANDLING
    )

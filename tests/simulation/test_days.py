"""Simulated days: each seed decides the people, the faults and the crashes; after every step all is true."""

from __future__ import annotations

import pytest

from tests.databases import Databases
from tests.simulation.day import Day
from tests.simulation.network import Fault

SEEDS = range(1, 26)
CITIZENS = 10


def lived(databases: Databases, seed: int, citizens: int = CITIZENS) -> Day:
    """A day that went well to its end."""
    day = Day(seed, databases.new("sqlite"), citizens=citizens)
    day.run()
    return day


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_with_every_fault_ends_well(databases: Databases, seed: int) -> None:
    """To see one that fails: `scripts/simulate --seed N --citizens 10`."""
    day = lived(databases, seed)
    assert set(day.network.met) == set(Fault)
    assert day.process.crashes
    assert len(day.safety.tickets()) == CITIZENS


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_longer_days_end_well_too(databases: Databases, seed: int) -> None:
    lived(databases, seed, citizens=60)


def test_one_seed_is_one_day(databases: Databases) -> None:
    """A failing seed can be run again: same tickets, same secrets, same crashes, to the millisecond."""
    first, second = lived(databases, 7), lived(databases, 7)
    assert first.safety.tickets() == second.safety.tickets()
    assert (first.steps, first.process.crashes) == (second.steps, second.process.crashes)
    assert first.network.met == second.network.met
    assert lived(databases, 8).safety.tickets() != first.safety.tickets()

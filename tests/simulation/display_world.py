"""What the machines of a hall share: the clock, the chance, the agenda, and people who listen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from greenlet import getcurrent

from tests.builders import MORNING, HandClock
from tests.simulation.cable import Mishap
from tests.simulation.faults import Process
from tests.simulation.hearing import Hearing

_MISHAPS = tuple(Mishap)


@dataclass(slots=True, kw_only=True)
class World:
    """`later` puts an act on the day's agenda."""

    process: Process
    clock: HandClock
    chance: random.Random
    later: Callable[[timedelta, Callable[[], object]], None]
    hearing: Hearing
    rate: float
    met: Counter[str]

    def sleep(self, seconds: float) -> None:
        """Of the greenlet that calls it: the day goes on meanwhile. No wait takes no time at all."""
        self.later(max(timedelta(seconds=seconds), timedelta.resolution), getcurrent().switch)
        parent = getcurrent().parent
        assert parent is not None, "the day itself does not sleep"
        parent.switch()

    def steady(self) -> float:
        """Seconds that only count up."""
        return (self.clock.now() - MORNING).total_seconds()

    def mishap(self, worse: float = 1.0) -> Mishap | None:
        """What befalls a message now, `worse` times as often."""
        if self.chance.random() >= self.rate * worse:
            return None
        found = self.chance.choice(_MISHAPS)
        self.met[found.value] += 1
        return found

"""How long a person will wait: a range learned from the desks, never one number.

The queue-length predictor (Ibrahim and Whitt 2009): with `ahead` people before you and `desks` desks of mean
handling time m, the wait is the sum of `ahead + 1` handling times over `desks`, so its mean is
(ahead + 1) * m / desks; desks that are idle take the first ones at once. The sum is taken as gamma-distributed
with shape (ahead + 1) / cv^2, whose quantiles come from Wilson and Hilferty's cube-root approximation (1931):
mean * (1 - c + z * sqrt(c))^3 with c = 1 / (9 * shape).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from server.domain.branch import Desk
from server.domain.ids import DeskId, ServiceId

_Z50, _Z90 = 0.0, 1.2815515655446004
_CV_SQUARED = 1.0
"""The squared coefficient of variation of handling times: exponential, which desks in studies come close to."""
PRIOR_WEIGHT = 10.0
"""The configured handling time counts as this many observed visits."""
MEMORY_VISITS = 100.0
"""Older visits fade: the mean follows about the last hundred."""
SHORTEST_VISIT = timedelta(seconds=5)
"""Shorter ones are slips of the finger and teach nothing."""
LONGEST_VISIT = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What the desks have taught about one service: `visits` seen (fading) with a mean in seconds."""

    mean_seconds: float
    visits: float

    def learn(self, seconds: float) -> Handling:
        """The mean after one more visit of `seconds`; implausible ones leave it as it is."""
        if not SHORTEST_VISIT.total_seconds() <= seconds <= LONGEST_VISIT.total_seconds():
            return self
        visits = min(self.visits + 1.0, MEMORY_VISITS)
        return Handling(
            mean_seconds=self.mean_seconds + (seconds - self.mean_seconds) / visits,
            visits=visits,
        )


def prior(expected: timedelta) -> Handling:
    """What is assumed before the first visit."""
    return Handling(mean_seconds=expected.total_seconds(), visits=PRIOR_WEIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Half of the people in this place wait no longer than `p50`, nine in ten no longer than `p90`; seconds."""

    p50_seconds: int
    p90_seconds: int


def wait(*, ahead: int, desks: float, handling: Handling, idle: int = 0) -> Wait | None:
    """The range for someone with `ahead` people before them; None while no desk serves the line.

    `idle` desks are free to call: that many people go at once, the others wait for departures.
    """
    if desks <= 0:
        return None
    departures = ahead + 1 - idle
    if departures <= 0:
        return Wait(p50_seconds=0, p90_seconds=0)
    shape = departures / _CV_SQUARED
    mean = departures * handling.mean_seconds / desks
    return Wait(
        p50_seconds=round(_gamma_quantile(shape, mean, _Z50)),
        p90_seconds=round(_gamma_quantile(shape, mean, _Z90)),
    )


def desks_serving(
    service: ServiceId, *, working: Iterable[Desk], waiting: Mapping[ServiceId, int]
) -> float:
    """How many desks, in effect, work on `service`: a desk divides itself by the backlogs of its lines.

    `working` are the desks with an open, unpaused shift. A primary line counts its whole backlog; a
    secondary one only gets the desk when all its primaries are empty.
    """
    return sum(_share(service, desk, waiting) for desk in working)


def idle_desks(
    service: ServiceId,
    *,
    working: Iterable[Desk],
    idle: frozenset[DeskId],
    waiting: Mapping[ServiceId, int],
) -> int:
    """How many of the `working` desks could call somebody of `service` at this moment."""
    return sum(1 for desk in working if desk.id in idle and _share(service, desk, waiting) > 0)


def _share(service: ServiceId, desk: Desk, waiting: Mapping[ServiceId, int]) -> float:
    mine = next((line for line in desk.lines if line.service == service), None)
    if mine is None:
        return 0.0
    primaries = sum(waiting.get(line.service, 0) for line in desk.lines if not line.lag)
    if mine.lag:
        return 0.0 if primaries else 1.0
    # The person asking stands in the line as well, so an empty line still has a backlog of one.
    own = max(waiting.get(service, 0), 1)
    others = primaries - waiting.get(service, 0)
    return own / (own + others)


def _gamma_quantile(shape: float, mean: float, z: float) -> float:
    c = 1.0 / (9.0 * shape)
    return mean * float(max(0.0, 1.0 - c + z * math.sqrt(c)) ** 3)

"""When a failed job is tried again: a pure schedule, so that a day can be simulated and a test can ask it."""

from __future__ import annotations

from datetime import timedelta

FIRST_WAIT = timedelta(seconds=1)
WAIT_MAX = timedelta(seconds=10)
"""Paper that runs again is noticed within this; a ticket waits for it `printing.expire_seconds` in all."""


def wait_after(attempts: int) -> timedelta:
    """The wait after the `attempts`-th failure (1, 2, …): 1 s, doubled each time, at most `WAIT_MAX`.

    Raises ValueError for less than one attempt.
    """
    if attempts < 1:
        raise ValueError("a wait follows at least one attempt")
    # The exponent is bounded before it is used: a job may have failed thousands of times.
    return min(FIRST_WAIT * float(2 ** min(attempts - 1, 10)), WAIT_MAX)

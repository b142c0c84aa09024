"""The way from a client to the server and back: requests are repeated, replies are lost, the server dies.

A client that hears nothing asks again with the same key until it is answered, as ours do.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from server.actions.hall import Answered, Hall
from tests.builders import HandClock
from tests.simulation.faults import Process, SimulatedCrash

Answer = TypeVar("Answer")
TRIES_MAX = 20
STEPS_OF_A_REQUEST = 24
"""A crash is placed among this many steps; a request that needs fewer survives it."""
PATIENCE = timedelta(seconds=3)


class Fault(StrEnum):
    """What can happen to one request."""

    CRASH = "crash"
    LOST_REPLY = "lost_reply"
    LOST_REQUEST = "lost_request"
    DUPLICATE = "duplicate"


class Network:
    """Carries requests; `rate` of them meet a fault, none once it is set to zero."""

    def __init__(
        self, process: Process, clock: HandClock, chance: random.Random, rate: float
    ) -> None:
        self._process, self._clock, self._chance = process, clock, chance
        self.rate = rate
        self.met: Counter[Fault] = Counter()

    def ask(self, request: Callable[[Hall], Answered[Answer]]) -> Answer:
        """The answer that reaches the client; refusals pass. `request` carries the same key each time."""
        heard: Answer | None = None
        for _ in range(TRIES_MAX):
            fault = self._fault()
            if fault is Fault.LOST_REQUEST:
                self.met[fault] += 1
                self._clock.advance(PATIENCE)
                continue
            answered = self._serve(request, fault)
            if answered is None:
                self._clock.advance(PATIENCE)
                continue
            if heard is not None:
                assert (answered.value, answered.is_new) == (heard, False), "another answer"
            if not answered.is_new or fault is None:
                return answered.value
            heard = answered.value
            if fault is Fault.LOST_REPLY:
                self._clock.advance(PATIENCE)
        raise AssertionError("the server never answered")

    def run(self, work: Callable[[Hall], object]) -> bool:
        """Work that the server does by itself; False when it died in the middle."""
        fault = Fault.CRASH if self._chance.random() < self.rate else None
        return self._serve(lambda hall: Answered(value=work(hall), is_new=True), fault) is not None

    def _serve(
        self, request: Callable[[Hall], Answered[Answer]], fault: Fault | None
    ) -> Answered[Answer] | None:
        if fault is not None:
            self.met[fault] += 1
        if fault is Fault.CRASH:
            self._process.fuse.arm(self._chance.randrange(STEPS_OF_A_REQUEST))
        try:
            return request(self._process.hall)
        except SimulatedCrash:
            self._process.restart()
            return None
        finally:
            self._process.fuse.disarm()

    def _fault(self) -> Fault | None:
        if self._chance.random() >= self.rate:
            return None
        return self._chance.choice(list(Fault))

"""A display's requests, and what befalls them: `display_client.server.Server` without HTTP.

Either may be lost, done twice, done though nobody hears of it, done long afterwards, or answered in the last moment.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, TypeVar

from device_client.http import Away
from device_client.server import POLL_TIMEOUT_SECONDS
from display_client.board import Painting
from display_client.server import (
    GOING_TIMEOUT_SECONDS,
    KNOCK_TIMEOUT_SECONDS,
    SPEECH_TIMEOUT_SECONDS,
)
from server.actions import devices, displays
from server.actions.hall import Caller, Hall
from server.db import device_views, outbox, reads, views
from server.db import devices as device_rows
from server.domain.errors import Refusal
from server.wire import BoardView
from server.wire_devices import DeviceReport, ReportAnswer
from server.wire_displays import SpeechAnswer, SpeechStep
from tests.simulation.cable import Mishap
from tests.simulation.display_world import World
from tests.simulation.faults import SimulatedCrash
from tests.simulation.glass import Page, painted
from tests.simulation.hearing import Asked
from tests.simulation.network import STEPS_OF_A_REQUEST

T = TypeVar("T")
LATE_SECONDS_MAX = 20
SLOW_RATE = 0.1
"""Of the answers: they come when nobody waits for much longer."""
SLOW_PART_MAX = 0.95


class Machine(Protocol):
    """Whose wire it is (`screen.Screen`)."""

    caller: Caller
    page: Page

    @property
    def is_dumb(self) -> bool: ...


class Wire:
    """One life of a program."""

    def __init__(self, world: World, machine: Machine) -> None:
        self._world = world
        self._machine = machine
        self._html = ""

    def painting(self, look: str, known: int | None) -> Painting | None:
        view = self._ask(self._view, KNOCK_TIMEOUT_SECONDS)
        html = painted(view)
        if view.seq == known and html == self._html:
            return None
        self._html = html
        return Painting(seq=view.seq, at=view.at.isoformat(), html=html, look=look)

    def view(self, known: int | None) -> BoardView | None:
        found = self._ask(self._view, POLL_TIMEOUT_SECONDS)
        return None if found.seq == known else found

    def report(self, report: DeviceReport) -> ReportAnswer:
        seq, caller = report.painted_seq, self._machine.caller
        is_true = seq is None or seq in self._machine.page.shown
        assert is_true, f"acknowledged and never on the glass: {seq}"

        def work(hall: Hall) -> ReportAnswer:
            devices.report_device(hall=hall, caller=caller, report=report)
            with hall.store.read() as connection:
                device = device_rows.device(connection, caller.branch, caller.require_device())
                return ReportAnswer(
                    seq=outbox.latest(connection, caller.branch),
                    at=hall.clock.now(),
                    catalogue_version="1",
                    display=device_views.display_state(connection, device),
                )

        return self._ask(work, POLL_TIMEOUT_SECONDS)

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        del key  # every step is the same when it is done twice
        world, caller = self._world, self._machine.caller
        device = int(caller.require_device())

        def work(hall: Hall) -> SpeechAnswer:
            answer = displays.speak(hall=hall, caller=caller, call=call, step=step)
            world.hearing.asked.append(Asked(world.clock.now(), device, call, step))
            return answer

        try:
            return self._ask(
                work, GOING_TIMEOUT_SECONDS if step == "going" else SPEECH_TIMEOUT_SECONDS
            )
        except Away:
            world.hearing.troubles[device].lost.append((world.clock.now(), step, call))
            raise

    def screenshot(self, order: int, jpeg: bytes) -> None:
        raise Away("nobody looks here")

    def _view(self, hall: Hall) -> BoardView:
        with hall.store.read() as connection:
            branch = reads.branch(connection, self._machine.caller.branch)
            return views.board(connection, branch, hall.clock.now())

    def _ask(self, request: Callable[[Hall], T], patience: float) -> T:
        world, machine = self._world, self._machine
        there, back = world.chance.uniform(0.005, 0.1), 0.0
        if world.rate and world.chance.random() < SLOW_RATE:
            whole = patience * world.chance.uniform(0.0, SLOW_PART_MAX)
            there = whole * world.chance.random()
            back = whole - there
        world.sleep(there)
        mishap = None if machine.is_dumb else world.mishap()
        if mishap is None and not machine.is_dumb:
            answer = request(world.process.hall)
            world.sleep(back)
            return answer
        if mishap is Mishap.DUPLICATE:
            request(world.process.hall)
            return request(world.process.hall)
        if mishap is Mishap.CRASH:
            self._die(request)
        elif mishap is Mishap.LOST_REPLY:
            self._unheard(request)
        elif mishap is Mishap.LATE:
            span = timedelta(seconds=world.chance.randint(1, LATE_SECONDS_MAX))
            world.later(span, lambda: self._unheard(request))
        world.sleep(patience - there)
        raise Away(str(mishap))

    def _die(self, request: Callable[[Hall], object]) -> None:
        process = self._world.process
        process.fuse.arm(self._world.chance.randrange(STEPS_OF_A_REQUEST))
        try:
            request(process.hall)
        except SimulatedCrash:
            process.restart()
        finally:
            process.fuse.disarm()

    def _unheard(self, request: Callable[[Hall], object]) -> None:
        with suppress(Refusal):
            request(self._world.process.hall)

"""A day of a town hall with displays: cables are pulled, programs killed in mid-sentence, loudspeakers fail."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from server.actions import devices, displays
from server.actions.hall import Caller
from server.db import device_views, outbox, reads, views
from server.db import devices as devices_rows
from server.domain.ids import DeviceId
from server.domain.roles import Role
from server.wire import BoardView
from server.wire_displays import DisplaySettings
from tests.builders import HandClock
from tests.simulation import display_promises
from tests.simulation.day import FAULT_RATE, Day
from tests.simulation.display_world import World
from tests.simulation.hearing import Hearing, Troubles
from tests.simulation.network import Network
from tests.simulation.screen import Parts, Screen

ROOMS = ("hall", "hall", "hall", "")
"""Of the displays; "" is a room of its own."""
OPEN_PER_CITIZEN = timedelta(minutes=2)
MISHAP_RATE = 0.03
"""Of a message: two in three seconds reach a display, and each asks several times for a call."""
PULSE = timedelta(seconds=2)
QUIET = timedelta(seconds=30)
SPANS_SECONDS = ((3, 150), (30, 400))
"""Between troubles of a machine: on some days all is broken, on others a machine fails where the rest is well."""
STEPS_MAX = 200_000


@dataclass(frozen=True, slots=True)
class _Aside:
    """What a display does, or what comes to it: the queue is the same afterwards."""

    act: Callable[[], object]

    def __call__(self) -> None:
        self.act()


class DisplayDay(Day):
    """Build one with a migrated SQLite file and a folder for the machines, then `run`."""

    def __init__(
        self, seed: int, url: str, folder: Path, *, citizens: int = 24, parts: Parts | None = None
    ) -> None:
        super().__init__(seed, url, citizens=citizens)
        # A lost reply costs the agent time, and not the whole hall: displays count seconds.
        self.network = Network(self.process, HandClock(), self.chance, FAULT_RATE)
        self.open = citizens * OPEN_PER_CITIZEN
        self.hearing = Hearing()
        self.world = World(
            process=self.process,
            clock=self.clock,
            chance=self.chance,
            later=self._aside,
            hearing=self.hearing,
            rate=MISHAP_RATE,
            met=Counter(),
        )
        self.admin = Caller(scope="admin:1", role=Role.ADMIN, branch=self.town.branch)
        self.screens = [
            self._install(
                folder / f"said-{index}.json",
                room,
                parts if parts is not None and index < parts.machines else None,
            )
            for index, room in enumerate(ROOMS)
        ]
        self.spans = self.chance.choice(SPANS_SECONDS)
        self._pushed = -1
        self._crashes = 0

    def _install(self, path: Path, room: str, parts: Parts | None) -> Screen:
        """Pairs a machine, and says in which room it stands."""
        hall = self.process.hall
        pairing = devices.open_pairing(hall=hall, kind="display", name=path.stem, version="1")
        devices.accept_device(
            hall=hall, caller=self.admin, code=pairing.code, name=None, printer=None, key=None
        )
        claimed = devices.claim_token(hall=hall, claim=pairing.claim)
        assert claimed.device is not None
        device = DeviceId(claimed.device)
        displays.change_display(
            hall=hall,
            caller=self.admin,
            device_id=device,
            settings=DisplaySettings(room=room),
            key=None,
        )
        name = room or f"of {device}"
        self.hearing.rooms.setdefault(name, []).append(device)
        self.hearing.troubles[device] = Troubles()
        caller = Caller(
            scope=f"device:{device}", role=Role.DISPLAY, branch=self.town.branch, device=device
        )
        return Screen(self.world, path, caller, name, parts)

    # -- the day ----------------------------------------------------------------------------

    def plan(self) -> None:
        super().plan()
        for screen in self.screens:
            screen.start()
            self._after(self.seconds(20, 200), partial(self.trouble, screen))
        self._after(PULSE, self.pulse)

    def pulse(self) -> None:
        """Every two seconds, to whoever is connected."""
        with self.process.hall.store.read() as connection:
            seq = outbox.latest(connection, self.town.branch)
        for screen in self.screens:
            screen.pulse(seq)
        self._after(PULSE, self.pulse)

    def trouble(self, screen: Screen) -> None:
        """A cable, a plug, a loudspeaker: pulled, or put right."""
        if not self.world.rate:
            return
        if not screen.is_running:
            screen.start()
        elif self.chance.random() < 0.3:
            screen.kill()
        screen.cut(is_out=self.chance.random() < (0.4 if screen.is_out else 0.25))
        screen.mute(is_mute=self.chance.random() < 0.15)
        self._after(self.seconds(*self.spans), partial(self.trouble, screen))

    def mend(self) -> None:
        """From now on nothing breaks any more."""
        super().mend()
        self.world.rate = 0.0
        for screen in self.screens:
            screen.mend()

    def close(self) -> None:
        """Before the night the boards are looked at, and it is told what the hall has heard."""
        until = self.clock.now() + QUIET
        self._until(lambda: self.clock.now() > until)
        truth = self.view()
        for screen in self.screens:
            screen.check_equals(truth)
            screen.kill()
        self.check_acknowledged(truth)
        display_promises.judge(self.hearing, self.clock.now())
        super().close()

    def check_acknowledged(self, truth: BoardView) -> None:
        """Staff are told what is on each glass."""
        with self.process.hall.store.read() as connection:
            for screen in self.screens:
                device = devices_rows.device(connection, self.town.branch, DeviceId(screen.device))
                card = device_views.display_card(connection, device, self.clock.now()).display
                assert card is not None, "a display's card is one"
                told = card.painted_seq
                assert told == truth.seq, f"not known to be painted: {truth.seq}, but {told}"

    def stop(self) -> None:
        """Also the machines are switched off."""
        for screen in self.screens:
            if screen.is_running:
                screen.kill()
        super().stop()

    def met(self) -> Counter[str]:
        """Also what befell messages and machines, and what was heard."""
        found = super().met() + self.world.met + self.hearing.met
        found["death"] += sum(screen.deaths for screen in self.screens)
        return found

    # -- helpers ----------------------------------------------------------------------------

    def view(self) -> BoardView:
        """The truth."""
        with self.process.hall.store.read() as connection:
            branch = reads.branch(connection, self.town.branch)
            return views.board(connection, branch, self.clock.now())

    def _until(self, is_over: Callable[[], bool]) -> None:
        """As on other days; the rules of the queue are looked at when something has changed in it."""
        limit = self.steps + STEPS_MAX
        while not is_over():
            assert self.steps < limit, "the day never settles"
            at, _, act = heapq.heappop(self._agenda)
            self.clock.moment = max(at, self.clock.moment)
            act()
            self.steps += 1
            if self.process.crashes != self._crashes:
                self._let_go()
            if not isinstance(act, _Aside):
                self._tell_change()

    def _aside(self, span: timedelta, act: Callable[[], object]) -> None:
        self._after(span, _Aside(act))

    def _let_go(self) -> None:
        """A server that ends takes its sockets with it."""
        self._crashes = self.process.crashes
        for screen in self.screens:
            screen.is_connected = False

    def _tell_change(self) -> None:
        """What the server's pusher does after a commit."""
        with self.process.hall.store.read() as connection:
            seq = outbox.latest(connection, self.town.branch)
        if seq == self._pushed:
            return
        self._pushed = seq
        self.safety.check(self.process.hall)
        view = self.view()
        self.hearing.know(view, self.clock.now())
        for screen in self.screens:
            screen.push(view)

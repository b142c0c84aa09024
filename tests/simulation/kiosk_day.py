"""A day of a town hall whose kiosks can stand alone: cables are pulled, machines die, clocks jump, one is shut out."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

from kiosk_client.journal import Journal
from server.actions import devices
from server.actions.hall import Caller
from server.domain.errors import NotFound, Refusal
from server.domain.ids import DeviceId, Language
from server.domain.roles import Role
from server.domain.states import TicketClass
from server.kiosk_house import Tap
from server.wire import TicketAnswer
from tests.builders import SERVICES
from tests.simulation.cable import Exchange
from tests.simulation.day import Day
from tests.simulation.kiosk import Machine, Parts
from tests.simulation.promises import Promises

KIOSKS = 3
OPEN_PER_CITIZEN = timedelta(minutes=3)
MISHAP_RATE = 0.15
DEATH_RISK = 0.05
"""Of one act of a machine."""
TAPS_ARE_WORSE = 4.0
"""And so much more when a citizen stands before it: there are few such moments, and they matter most."""
TRIES_MAX = 12
JUMPS = (
    timedelta(days=-3650),
    timedelta(hours=-1),
    timedelta(minutes=-7),
    timedelta(0),
    timedelta(seconds=90),
    timedelta(hours=1),
    timedelta(days=400),
)
"""How wrong somebody or a flat battery sets a wall clock.

None of it is the next day: after a power cut, without its server, no machine can tell that from the morning after.
"""


class KioskDay(Day):
    """Build one with a migrated SQLite file and a folder for the machines, then `run`."""

    def __init__(
        self, seed: int, url: str, folder: Path, *, citizens: int = 24, parts: Parts | None = None
    ) -> None:
        super().__init__(seed, url, citizens=citizens)
        self.exchange = Exchange(self.process, self.clock, self.chance, self._after, MISHAP_RATE)
        self.risk = DEATH_RISK
        self.open = citizens * OPEN_PER_CITIZEN
        self.admin = Caller(scope="admin:1", role=Role.ADMIN, branch=self.town.branch)
        self.machines = [
            self._install(folder / f"kiosk-{index}.sqlite3", f"kiosk-{index}", parts or Parts())
            for index in range(KIOSKS)
        ]
        self.promises = Promises(self.town.branch, self.machines)
        self.safety = self.promises

    def _install(self, path: Path, name: str, parts: Parts) -> Machine:
        """Pairs a machine, as `nouba-kiosk pair` and an administrator do."""
        hall = self.process.hall
        pairing = devices.open_pairing(hall=hall, kind="kiosk", name=name, version="1")
        devices.accept_device(
            hall=hall, caller=self.admin, code=pairing.code, name=None, printer=None, key=None
        )
        claimed = devices.claim_token(hall=hall, claim=pairing.claim)
        assert claimed.device is not None
        journal = Journal(path)
        journal.hand_to(claimed.device)
        journal.close()
        caller = Caller(
            scope=f"device:{claimed.device}",
            role=Role.KIOSK,
            branch=self.town.branch,
            device=DeviceId(claimed.device),
        )
        return Machine(
            path,
            caller,
            self.exchange,
            slug=self.town.slug,
            seed=self.chance.getrandbits(32),
            seen=self._printed,
            parts=parts,
        )

    def _printed(self, machine: Machine, ticket: str, text: str) -> None:
        self.promises.printed(machine, ticket, text)

    # -- the day ----------------------------------------------------------------------------

    def plan(self) -> None:
        super().plan()
        for machine in self.machines:
            machine.start()
            machine.sync(risk=0.0)  # whoever installed it has seen its page
            for act in (self.turn, self.trouble, self.jump):
                self._after(self.seconds(0, 300), partial(act, machine))
        if self.chance.random() < 0.5:
            victim = self.chance.choice(self.machines)
            self._after(self.open * self.chance.uniform(0.3, 0.9), partial(self.revoke, victim))

    def arrive(self, index: int) -> None:
        """A citizen chooses a kiosk and a service, and touches it."""
        machine = self.machines[index % KIOSKS]
        is_priority = self.chance.random() < 0.2
        tap = Tap(
            service=self.chance.choice(SERVICES),
            ticket_class=TicketClass.PRIORITY if is_priority else TicketClass.ORDINARY,
            language=self.chance.choice(list(Language)),
            key=f"tap-{self.key()}",
        )
        self.touch(machine, tap, TRIES_MAX)

    def touch(self, machine: Machine, tap: Tap, tries: int) -> None:
        """The page sends the same key until it is answered; then its citizen may be impatient, or curious."""
        taken = None
        try:
            taken = machine.tap(tap, self.risk * TAPS_ARE_WORSE)
        except Refusal:
            tries = min(tries, 3)
        if taken is not None:
            self.promises.shown(machine, tap.key, taken)
            if self.chance.random() < 0.2:
                self._after(self.seconds(1, 90), partial(self.touch, machine, tap, TRIES_MAX))
            if self.chance.random() < 0.15:
                self._after(self.seconds(60, 3600), partial(self.give_up, taken.answer))
            machine.print(self.risk * TAPS_ARE_WORSE)
        elif tries > 1:
            self._after(self.seconds(2, 40), partial(self.touch, machine, tap, tries - 1))
        else:
            self.promises.left.add(tap.key)

    def give_up(self, answer: TicketAnswer) -> None:
        """Cancels on the phone; a ticket that the server does not know yet cannot be cancelled."""
        try:
            super().give_up(answer)
        except NotFound:
            self._after(self.seconds(60, 600), partial(self.give_up, answer))

    def turn(self, machine: Machine) -> None:
        """The loops of the program, which an init system starts again; somebody may show it a paper."""
        if not machine.is_running and self.chance.random() < 0.4:
            machine.start()
        acts = [machine.sync, machine.print]
        self.chance.shuffle(acts)
        for act in acts:
            act(self.risk)
        promises = self.promises.all()
        if promises and self.exchange.rate and self.chance.random() < 0.1:
            promise = self.chance.choice(promises)
            try:
                found = machine.find(promise.secret, self.risk)
            except Refusal:
                found = None
            assert found is None or found.label == promise.label, "a paper with another number"
        self._after(self.seconds(3, 40), partial(self.turn, machine))

    # -- what breaks ------------------------------------------------------------------------

    def trouble(self, machine: Machine) -> None:
        """A cable, a plug, a roll of paper: pulled, or put right."""
        if not self.exchange.rate:
            return
        machine.printer.rate = self.exchange.rate
        if not machine.is_running:
            machine.start()
        elif self.chance.random() < 0.2:
            machine.fail(power=self.chance.random() < 0.7)
        machine.is_out = self._turns_bad(machine.is_out)
        machine.printer.is_broken = self._turns_bad(machine.printer.is_broken)
        self._after(self.seconds(20, 400), partial(self.trouble, machine))

    def _turns_bad(self, is_bad: bool) -> bool:
        return self.chance.random() < (0.5 if is_bad else 0.25)

    def jump(self, machine: Machine) -> None:
        """Somebody sets the wall clock."""
        machine.wall.wrong_by = self.chance.choice(JUMPS)
        self._after(self.seconds(300, 3000), partial(self.jump, machine))

    def revoke(self, machine: Machine) -> None:
        """An administrator shuts it out; it hears of it when it next asks."""
        key = self.key()
        self.network.ask(
            lambda hall: devices.revoke_device(
                hall=hall, caller=self.admin, device_id=machine.device, key=key
            )
        )
        machine.is_revoked = True

    def deliver(self) -> None:
        """The server's worker also notices who has gone silent."""
        self.network.run(lambda hall: devices.note_silent(hall=hall, branch=self.town.branch))
        super().deliver()

    # -- the end ----------------------------------------------------------------------------

    def mend(self) -> None:
        """From now on nothing breaks any more."""
        super().mend()
        self.exchange.rate = self.risk = 0.0
        for machine in self.machines:
            machine.is_out = machine.printer.is_broken = False
            machine.printer.rate = 0.0
            if not machine.is_running:
                machine.start()

    def is_settled(self) -> bool:
        """The hall is empty, and every kiosk in use has told all."""
        return super().is_settled() and self.promises.is_settled()

    def close(self) -> None:
        """Before the night also what staff were told is looked at."""
        self.promises.check_staff_know(self.process.hall)
        super().close()

    def stop(self) -> None:
        """Also the machines are switched off."""
        for machine in self.machines:
            machine.fail(power=False)
        super().stop()

    def met(self) -> Counter[str]:
        """Also what happened on the cables, and how often a machine died."""
        found = super().met()
        found.update({mishap.value: count for mishap, count in self.exchange.met.items()})
        found["death"] += sum(machine.deaths for machine in self.machines)
        return found

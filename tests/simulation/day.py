"""One day of a town hall, decided whole by one seed: who comes when, what agents do, what breaks and where."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from server.actions import desks as desk_verbs
from server.actions import housekeeping, settings, shifts, tickets
from server.actions.hall import Caller
from server.db import reads
from server.db.engine import open_engine
from server.domain.errors import Conflict, NobodyWaiting
from server.domain.ids import Language, Secret, TicketId
from server.domain.queue import PauseReason
from server.domain.states import TicketClass, TicketState, Verb
from server.domain.ticket import Ticket
from server.wire import TicketAnswer
from tests.builders import MORNING, SERVICES, SeededChance, build_town
from tests.simulation.faults import Process
from tests.simulation.network import Network
from tests.simulation.printing import PrintRoom
from tests.simulation.safety import Safety

FAULT_RATE = 0.15
OPEN_PER_CITIZEN = timedelta(minutes=5)
STEPS_MAX = 20_000
KIOSKS = 2
SECOND = timedelta(seconds=1)


class Day:
    """Build one with a migrated SQLite file, then `run`."""

    def __init__(self, seed: int, url: str, *, citizens: int = 24) -> None:
        self.chance = random.Random(seed)
        engine = open_engine(url)
        self.town = build_town(url, engine, SeededChance(seed))
        self.clock = self.town.clock
        self.process = Process(url, self.clock, SeededChance(seed + 1))
        self.printer = settings.create_printer(
            hall=self.town.hall,
            branch=self.town.branch,
            name="Kiosk",
            address="memory",
            width_dots=576,
        )
        engine.dispose()
        self.network = Network(self.process, self.clock, self.chance, FAULT_RATE)
        self.room = PrintRoom(self.chance)
        self.safety = Safety(self.town.branch)
        self.steps = 0
        self.citizens = citizens
        self.open = citizens * OPEN_PER_CITIZEN
        self._keys = itertools.count()
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def run(self) -> None:
        """The day with its faults, then without until it has settled, then the night."""
        self.plan()
        self._until(lambda: self.clock.now() > self._closing)
        self.mend()
        self._until(self.is_settled)
        self.close()

    def plan(self) -> None:
        """Everybody's first act."""
        for index in range(self.citizens):
            self._after(self.open * self.chance.random(), partial(self.arrive, index))
        for agent in range(len(self.town.agents)):
            self._after(self.seconds(0, 600), partial(self.work, agent))
        self._after(self.seconds(0, 30), self.deliver)

    def mend(self) -> None:
        """From now on nothing breaks any more."""
        self.network.rate = 0.0
        self.room.is_broken = False

    # -- people -----------------------------------------------------------------------------

    def arrive(self, index: int) -> None:
        """A citizen takes a ticket, and may lose patience later."""
        caller = Caller(
            scope=f"kiosk:{index % KIOSKS}",
            role=self.town.kiosk.role,
            branch=self.town.branch,
            printer=self.printer,
        )
        service, key = self.chance.choice(SERVICES), self.key()
        is_priority = self.chance.random() < 0.2
        answer = self.network.ask(
            lambda hall: tickets.issue_ticket(
                hall=hall,
                caller=caller,
                branch=self.town.branch,
                service=service,
                ticket_class=TicketClass.PRIORITY if is_priority else TicketClass.ORDINARY,
                language=Language.ARABIC,
                key=key,
            )
        )
        self.safety.acknowledge(answer)
        if self.chance.random() < 0.15:
            self._after(self.seconds(60, 3600), lambda: self.give_up(answer))

    def give_up(self, answer: TicketAnswer) -> None:
        """Cancels on the phone; too late is no harm."""
        assert answer.secret is not None
        secret, key = Secret(answer.secret), self.key()
        self.attempt(
            lambda: self.network.ask(
                lambda hall: tickets.cancel_ticket(hall=hall, secret=secret, key=key)
            )
        )

    def work(self, agent: int) -> None:
        """One look at the desk page, and the next press."""
        held = self.in_hand(agent)
        if held is None:
            self.call(agent)
        elif held.state is TicketState.CALLED:
            self.receive(agent, held)
        else:
            self.serve(agent, held)
        self._after(self.seconds(15, 120), lambda: self.work(agent))

    def call(self, agent: int) -> None:
        """Sits down if need be, takes a break now and then, calls."""
        caller, desk = self.town.agents[agent], self.town.desks[agent]
        keys = [self.key() for _ in range(4)]
        ask = self.network.ask
        self.attempt(
            lambda: ask(
                lambda hall: shifts.open_shift(hall=hall, caller=caller, desk=desk, key=keys[0])
            )
        )
        if self.network.rate and self.chance.random() < 0.1:
            ask(
                lambda hall: shifts.pause_shift(
                    hall=hall, caller=caller, desk=desk, reason=PauseReason.PRAYER, key=keys[1]
                )
            )
            return
        ask(lambda hall: shifts.resume_shift(hall=hall, caller=caller, desk=desk, key=keys[2]))
        if self.chance.random() < 0.2 or not self.network.rate:
            self.take_back(agent)
        self.attempt(
            lambda: ask(
                lambda hall: desk_verbs.call_next(hall=hall, caller=caller, desk=desk, key=keys[3])
            )
        )

    def receive(self, agent: int, held: Ticket) -> None:
        """The citizen comes, mostly."""
        habits = {Verb.START: 14, Verb.NO_SHOW: 3, Verb.RECALL: 2, Verb.RETURN: 1, Verb.PARK: 1}
        self.step(agent, held.id, self.habit(habits))
        if self.network.rate and self.chance.random() < 0.03:
            caller, desk, key = self.town.agents[agent], self.town.desks[agent], self.key()
            self.attempt(
                lambda: self.network.ask(
                    lambda hall: shifts.close_shift(hall=hall, caller=caller, desk=desk, key=key)
                )
            )

    def serve(self, agent: int, held: Ticket) -> None:
        """Finishes, mostly; some are sent on to another line, some lack a paper."""
        if self.chance.random() < 0.15:
            caller, key, to = self.town.agents[agent], self.key(), self.chance.choice(SERVICES)
            self.network.ask(
                lambda hall: desk_verbs.transfer_ticket(
                    hall=hall, caller=caller, ticket_id=held.id, to=to, key=key
                )
            )
            return
        self.step(agent, held.id, self.habit({Verb.FINISH: 9, Verb.PARK: 1, Verb.UNDO_START: 1}))

    def take_back(self, agent: int) -> None:
        """Somebody who was set aside, missed or finished too early is back."""
        back = {TicketState.PARKED: Verb.UNPARK}
        if self.network.rate:
            back |= {TicketState.MISSED: Verb.REINSTATE, TicketState.DONE: Verb.REOPEN}
        found = [each for each in self.safety.tickets() if each.state in back]
        if found:
            chosen = self.chance.choice(found)
            verb = back[chosen.state]
            if verb is not Verb.REOPEN or agent == 0:
                self.step(agent, chosen.id, verb)

    def deliver(self) -> None:
        """The worker's turn: events become jobs, jobs become paper."""
        self.room.maybe_break(self.network.rate)
        self.network.run(self.room.deliver)
        self.room.check(self.process.hall)
        self._after(self.seconds(5, 60), self.deliver)

    # -- the end ----------------------------------------------------------------------------

    def is_settled(self) -> bool:
        """Nobody waits, nobody is at a desk or aside, no print job is pending."""
        standing = {each.state for each in self.safety.tickets()}
        at_rest = standing <= {TicketState.DONE, TicketState.MISSED, TicketState.CANCELLED}
        return at_rest and not self.safety.pending_jobs

    def close(self) -> None:
        """The night: what is left of the day is closed, numbers begin anew."""
        self.safety.check_settled()
        self.clock.advance(timedelta(days=1))
        housekeeping.close_past_days(hall=self.process.hall, branch=self.town.branch)
        self.safety.check(self.process.hall)
        assert not self.safety.seats, "a forgotten shift keeps a desk"
        self.stop()

    def stop(self) -> None:
        """Let go of the files."""
        self.process.stop()

    def met(self) -> Counter[str]:
        """Everything that went wrong."""
        return Counter({fault.value: count for fault, count in self.network.met.items()})

    # -- helpers ----------------------------------------------------------------------------

    @property
    def _closing(self) -> datetime:
        return MORNING + self.open

    def _until(self, is_over: Callable[[], bool]) -> None:
        limit = self.steps + STEPS_MAX
        while not is_over():
            assert self.steps < limit, "the day never settles"
            at, _, act = heapq.heappop(self._agenda)
            if at > self.clock.now():
                self.clock.moment = at
            act()
            self.steps += 1
            self.safety.check(self.process.hall)

    def _after(self, span: timedelta, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.clock.now() + span, next(self._order), act))

    def key(self) -> str:
        """A request's own id."""
        return f"key-{next(self._keys)}"

    def seconds(self, least: int, most: int) -> timedelta:
        """Some time."""
        return self.chance.randint(least, most) * SECOND

    def habit(self, weights: dict[Verb, int]) -> Verb:
        """What an agent does, as often as they do it."""
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def step(self, agent: int, ticket: TicketId, verb: Verb) -> None:
        """One simple verb; a conflict means that somebody was faster, and the page shows it."""
        caller, key = self.town.agents[agent], self.key()
        self.attempt(
            lambda: self.network.ask(
                lambda hall: desk_verbs.step_ticket(
                    hall=hall, caller=caller, ticket_id=ticket, verb=verb, key=key
                )
            )
        )

    def attempt(self, act: Callable[[], object]) -> None:
        """A refusal by the state of the queue is part of the day."""
        try:
            act()
        except NobodyWaiting as nobody:
            self.safety.nobody_waiting(nobody, self.clock.now())
        except Conflict:
            pass

    def in_hand(self, agent: int) -> Ticket | None:
        """What the desk page shows."""
        with self.process.hall.store.read() as connection:
            return reads.in_hand(connection, self.town.desks[agent])

"""What tests need: values of the domain, a clock set by hand, seeded chance, a small town hall."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from server.actions import desks as desk_verbs
from server.actions import settings, shifts, tickets
from server.actions.hall import Answered, Caller, Hall
from server.clock import Chance, Clock
from server.db import reads
from server.db.engine import open_engine
from server.db.unit_of_work import Store
from server.domain.branch import Branch, Desk, DeskLine, Service
from server.domain.errors import Refusal
from server.domain.hours import ALWAYS_OPEN, Hours
from server.domain.ids import (
    AgentId,
    BranchId,
    DeskId,
    Label,
    Language,
    Secret,
    ServiceId,
    TicketId,
)
from server.domain.ranking import Head
from server.domain.roles import Role
from server.domain.states import TicketClass, TicketState, Verb
from server.domain.ticket import NO_SHOWS_MAX, Place, Ticket
from server.wire import TicketAnswer

CASABLANCA = ZoneInfo("Africa/Casablanca")
MORNING = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Berkane."""
SERVICES = ("a", "b", "c")
LINES: tuple[Mapping[str, timedelta], ...] = (
    MappingProxyType({"a": timedelta(0), "b": timedelta(0)}),
    MappingProxyType({"b": timedelta(0), "c": timedelta(minutes=5)}),
    MappingProxyType({"a": timedelta(0), "b": timedelta(0), "c": timedelta(0)}),
)
"""What the three desks of a town serve, and how much later a secondary line counts."""
_serial = itertools.count(1)


class HandSteady:
    """Seconds since the machine started, counted by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class HandClock:
    """A clock that stands still until somebody moves it."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def advance(self, span: timedelta) -> datetime:
        """Let time pass."""
        self.moment += span
        return self.moment


class SeededChance:
    """The same seed draws the same secrets."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)


def a_ticket(state: TicketState = TicketState.WAITING, **changes: Any) -> Ticket:
    """A ticket as it would be in `state` at desk 1 (where that makes sense)."""
    at_desk = state in {TicketState.CALLED, TicketState.SERVING, TicketState.DONE}
    begun = state in {TicketState.SERVING, TicketState.DONE}
    ended = state in {
        TicketState.DONE,
        TicketState.MISSED,
        TicketState.CANCELLED,
        TicketState.EXPIRED,
    }
    ticket = Ticket(
        id=TicketId("0" * 26),
        branch=BranchId(1),
        day=MORNING.date(),
        service=ServiceId(1),
        label=Label("A012"),
        secret=Secret("SECRET0000000"),
        ticket_class=TicketClass.ORDINARY,
        language=Language.ARABIC,
        state=state,
        issued_at=MORNING,
        rank_at=MORNING,
        segment_from=MORNING,
        desk=DeskId(1) if at_desk else None,
        agent=AgentId(1) if at_desk else None,
        called_at=MORNING if at_desk else None,
        calls=1 if at_desk else 0,
        started_at=MORNING if begun else None,
        ended_at=MORNING if ended else None,
    )
    return replace(ticket, **changes)


def a_place(desk: int = 1, agent: int = 1) -> Place:
    """An agent at a desk."""
    return Place(desk=DeskId(desk), agent=AgentId(agent))


def a_branch(**changes: Any) -> Branch:
    """A branch that never closes."""
    branch = Branch(
        id=BranchId(1),
        slug="berkane",
        names={Language.FRENCH: "Berkane"},
        languages=tuple(Language),
        hours=Hours(zone=CASABLANCA, rules=ALWAYS_OPEN),
    )
    return replace(branch, **changes)


def a_service(**changes: Any) -> Service:
    """An open service with the letter A."""
    service = Service(
        id=ServiceId(1),
        code="a",
        letter="A",
        names={Language.FRENCH: "État civil"},
        documents={},
        icon="file-text",
        position=0,
        is_open=True,
        expected=timedelta(minutes=6),
    )
    return replace(service, **changes)


def a_desk(number: int, lines: Mapping[int, timedelta]) -> Desk:
    """A desk serving services by id."""
    return Desk(
        id=DeskId(number),
        number=number,
        lines=tuple(DeskLine(service=ServiceId(each), lag=lag) for each, lag in lines.items()),
    )


def head_of(ticket: Ticket, lag: timedelta = timedelta(0)) -> Head:
    """A waiting ticket as a desk sees it."""
    return Head(
        ticket=ticket.id,
        label=ticket.label,
        service=ticket.service,
        ticket_class=ticket.ticket_class,
        issued_at=ticket.issued_at,
        rank_at=ticket.rank_at,
        lag=lag,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A branch: three services, three desks, three agents (the first a supervisor), a kiosk."""

    url: str
    engine: sa.Engine
    hall: Hall
    clock: HandClock
    branch: BranchId
    slug: str
    kiosk: Caller
    desks: tuple[DeskId, ...]
    agents: tuple[Caller, ...]

    def issue(
        self,
        service: str = "a",
        *,
        ticket_class: TicketClass = TicketClass.ORDINARY,
        key: str | None = None,
        kiosk: Caller | None = None,
    ) -> Answered[TicketAnswer]:
        """A tap at the kiosk."""
        return tickets.issue_ticket(
            hall=self.hall,
            caller=kiosk or self.kiosk,
            branch=self.branch,
            service=service,
            ticket_class=ticket_class,
            language=Language.ARABIC,
            key=key,
        )

    def sit(self, agent: int = 0, desk: int | None = None) -> None:
        """An agent opens a shift, at the desk of the same index unless another is given."""
        at = self.desks[agent if desk is None else desk]
        shifts.open_shift(hall=self.hall, caller=self.agents[agent], desk=at, key=None)

    def call(self, agent: int = 0, key: str | None = None) -> Answered[TicketAnswer]:
        """Call the next one to the agent's own desk."""
        return desk_verbs.call_next(
            hall=self.hall, caller=self.agents[agent], desk=self.desks[agent], key=key
        )

    def step(
        self, verb: Verb, ticket_id: str, agent: int = 0, key: str | None = None
    ) -> Answered[TicketAnswer]:
        """One of the simple verbs."""
        return desk_verbs.step_ticket(
            hall=self.hall,
            caller=self.agents[agent],
            ticket_id=TicketId(ticket_id),
            verb=verb,
            key=key,
        )

    def miss(self) -> tuple[str, Secret]:
        """A ticket of somebody who was called three times and did not come: its id and secret."""
        issued = self.issue().value
        self.sit()
        for _ in range(NO_SHOWS_MAX):
            self.call()
            self.step(Verb.NO_SHOW, issued.id)
            self.clock.advance(timedelta(minutes=6))
        return issued.id, Secret(str(issued.secret))

    def ticket(self, ticket_id: str) -> Ticket:
        """A ticket as the database holds it."""
        with self.hall.store.read() as connection:
            return reads.ticket(connection, self.branch, TicketId(ticket_id))


Outcome = TypeVar("Outcome")


def outcome_of(act: Callable[[], Outcome]) -> Outcome | Refusal:
    """What it gives, or the refusal that it raises."""
    try:
        return act()
    except Refusal as refusal:
        return refusal


def open_hall(url: str, clock: Clock, chance: Chance) -> tuple[sa.Engine, Hall]:
    """The machinery over an existing database, as a server process would open it."""
    engine = open_engine(url)
    return engine, Hall(store=Store(engine), clock=clock, chance=chance)


def build_town(url: str, engine: sa.Engine, chance: Chance, *, people: int = 3) -> Town:
    """A new branch in a migrated database, with `people` agents and desks."""
    clock = HandClock()
    hall = Hall(store=Store(engine), clock=clock, chance=chance)
    slug = f"town-{next(_serial)}"
    new = settings.NewBranch(slug=slug, names={Language.FRENCH: slug}, rules=ALWAYS_OPEN)
    branch = settings.create_branch(hall=hall, new=new)
    for code in SERVICES:
        service = settings.NewService(code=code, letter=code.upper(), names={Language.FRENCH: code})
        settings.create_service(hall=hall, branch=branch, new=service)
    found = tuple(
        settings.create_desk(
            hall=hall, branch=branch, number=index + 1, lines=LINES[index % len(LINES)]
        )
        for index in range(people)
    )
    return Town(
        url=url,
        engine=engine,
        hall=hall,
        clock=clock,
        branch=branch,
        slug=slug,
        kiosk=Caller(scope=f"kiosk:{slug}", role=Role.KIOSK, branch=branch),
        desks=found,
        agents=tuple(_an_agent(hall, branch, slug, index) for index in range(people)),
    )


def _an_agent(hall: Hall, branch: BranchId, slug: str, index: int) -> Caller:
    role = Role.AGENT if index else Role.SUPERVISOR
    agent = settings.create_agent(
        hall=hall,
        branch=branch,
        login=f"{slug}-{index}",
        name=f"Agent {index}",
        role=role,
        language=Language.FRENCH,
        password=None,
    )
    return Caller(scope=f"agent:{agent}", role=role, branch=branch, agent=agent)

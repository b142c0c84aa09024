"""Kiosks and agents that press their buttons as fast as they can; in threads, and in whole processes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from server.actions import desks as desk_verbs
from server.actions import shifts, tickets
from server.actions.hall import Caller, Hall
from server.clock import SystemChance, SystemClock
from server.domain.errors import Conflict, NobodyWaiting
from server.domain.ids import DeskId, Language, Secret, TicketId
from server.domain.states import TicketClass, Verb
from server.wire import TicketAnswer
from tests.builders import SERVICES, open_hall

KIOSKS, AGENTS = 8, 6
TAPS, PRESSES = 12, 14
AFTER_A_CALL = (Verb.START, Verb.START, Verb.START, Verb.NO_SHOW, Verb.RETURN, Verb.PARK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works in one process."""

    url: str
    seed: int
    kiosks: tuple[Caller, ...]
    agents: tuple[Caller, ...]
    desks: tuple[DeskId, ...]


@dataclass(slots=True)
class Seen:
    """What the clients were told: `issued` and `called` are acknowledged and must never be lost."""

    issued: list[TicketAnswer] = field(default_factory=list)
    called: list[TicketAnswer] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def hammer(crew: Crew) -> Seen:
    """Run everybody of a crew in a thread of their own, all starting together."""
    engine, hall = open_hall(crew.url, SystemClock(), SystemChance())
    together = threading.Barrier(len(crew.kiosks) + len(crew.agents))
    with ThreadPoolExecutor(together.parties) as pool:
        running = [
            pool.submit(tap, hall, kiosk, random.Random(f"{crew.seed} {kiosk.scope}"), together)
            for kiosk in crew.kiosks
        ]
        running += [
            pool.submit(press, hall, agent, desk, random.Random(f"{crew.seed} {desk}"), together)
            for agent, desk in zip(crew.agents, crew.desks, strict=True)
        ]
        seen = [each.result() for each in running]
    engine.dispose()
    return merged(seen)


def tap(hall: Hall, kiosk: Caller, chance: random.Random, together: threading.Barrier) -> Seen:
    """Citizens at one kiosk: some tap twice, some change their mind."""
    seen = Seen()
    together.wait(timeout=60)
    for count in range(TAPS):
        service = chance.choice(SERVICES)
        for _ in range(chance.choice((1, 1, 2))):
            answered = tickets.issue_ticket(
                hall=hall,
                caller=kiosk,
                branch=kiosk.branch,
                service=service,
                ticket_class=TicketClass.ORDINARY,
                language=Language.ARABIC,
                key=f"tap {count}",
            )
            seen.issued.append(answered.value)
        secret = seen.issued[-1].secret
        assert secret is not None
        if chance.random() < 0.1:
            attempt(
                seen, partial(tickets.cancel_ticket, hall=hall, secret=Secret(secret), key=None)
            )
    return seen


def press(
    hall: Hall, agent: Caller, desk: DeskId, chance: random.Random, together: threading.Barrier
) -> Seen:
    """An agent who calls, serves, and does everything else now and then."""
    seen = Seen()
    together.wait(timeout=60)
    shifts.open_shift(hall=hall, caller=agent, desk=desk, key=None)
    for count in range(PRESSES):
        try:
            answered = desk_verbs.call_next(
                hall=hall, caller=agent, desk=desk, key=f"{agent.scope} {count}"
            )
        except NobodyWaiting:
            continue
        seen.called.append(answered.value)
        handle(hall, agent, TicketId(answered.value.id), chance, seen)
    return seen


def handle(hall: Hall, agent: Caller, ticket: TicketId, chance: random.Random, seen: Seen) -> None:
    """What happens after the call; a citizen's cancellation may come in between."""

    def step(verb: Verb) -> bool:
        return attempt(
            seen,
            lambda: desk_verbs.step_ticket(
                hall=hall, caller=agent, ticket_id=ticket, verb=verb, key=None
            ),
        )

    verb = chance.choice(AFTER_A_CALL)
    if not step(verb) or verb is not Verb.START:
        return
    if chance.random() < 0.3:
        to = chance.choice(SERVICES)
        attempt(
            seen,
            lambda: desk_verbs.transfer_ticket(
                hall=hall, caller=agent, ticket_id=ticket, to=to, key=None
            ),
        )
    else:
        step(Verb.FINISH)


def attempt(seen: Seen, act: Callable[[], object]) -> bool:
    """Whether it was done; a conflict with somebody faster is the only refusal that may come."""
    try:
        act()
    except Conflict as refusal:
        seen.refused.append(refusal.code)
        return False
    return True


def merged(parts: list[Seen]) -> Seen:
    """One report of many."""
    return Seen(
        issued=[answer for part in parts for answer in part.issued],
        called=[answer for part in parts for answer in part.called],
        refused=[code for part in parts for code in part.refused],
    )

"""Many kiosks and agents at once, in threads and in two processes; then the history is read."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import sqlalchemy as sa

from server.actions.hall import Caller
from server.clock import SystemChance, SystemClock
from server.db.engine import open_engine
from server.domain.events import EventKind
from server.domain.ids import Seq
from server.domain.roles import Role
from server.domain.states import TicketState, Verb
from tests.builders import SeededChance, Town, build_town
from tests.races.hammer import AGENTS, KIOSKS, TAPS, Crew, Seen, attempt, hammer, merged
from tests.simulation import checks


def crews_of(town: Town, count: int) -> list[Crew]:
    """The people of a town, dealt out to `count` processes."""
    kiosks = tuple(
        Caller(scope=f"kiosk:{index}", role=Role.KIOSK, branch=town.branch)
        for index in range(KIOSKS)
    )
    return [
        Crew(
            url=town.url,
            seed=index,
            kiosks=kiosks[index::count],
            agents=town.agents[index::count],
            desks=town.desks[index::count],
        )
        for index in range(count)
    ]


def read_history(town: Town, seen: Seen) -> checks.Snapshot:
    """Everything that must hold whoever was faster."""
    with town.hall.store.read() as connection:
        snapshot = checks.read(connection, town.branch)
    checks.check(snapshot, checks.Story())
    acknowledged = {answer.id: answer for answer in seen.issued}
    assert set(acknowledged) == set(snapshot.tickets)
    assert len(acknowledged) == KIOSKS * TAPS, "a double tap gave two tickets, or a tap none"
    for ticket in snapshot.tickets.values():
        assert acknowledged[ticket.id].label == ticket.label
        assert acknowledged[ticket.id].secret == ticket.secret
    by_seq = {recorded.seq: recorded.event for recorded in snapshot.history}
    for answer in seen.called:
        event = by_seq[Seq(answer.seq)]
        assert (event.kind, event.ticket) == (EventKind.TICKET_CALLED, answer.id)
    calls = [each for each in by_seq.values() if each.kind is EventKind.TICKET_CALLED]
    assert len(calls) == len(seen.called)
    assert Counter(recorded.event.kind for recorded in snapshot.history)[
        EventKind.TICKET_ISSUED
    ] == len(acknowledged)
    return snapshot


def test_kiosks_and_agents_in_threads(database_url: str) -> None:
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance(), people=AGENTS)
    seen = hammer(crews_of(town, 1)[0])
    snapshot = read_history(town, seen)
    assert any(ticket.state is TicketState.DONE for ticket in snapshot.tickets.values())
    engine.dispose()


def test_kiosks_and_agents_in_two_processes(database_url: str) -> None:
    """Nothing is shared but the database: no lock of Python's helps."""
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance(), people=AGENTS)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        seen = merged(list(pool.map(hammer, crews_of(town, 2))))
    read_history(town, seen)
    engine.dispose()


def test_one_key_from_many_threads_is_one_ticket(town: Town) -> None:
    """A kiosk that retries while its first request is still on the way."""
    live = replace(town, hall=replace(town.hall, clock=SystemClock(), chance=SystemChance()))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: live.issue(key="the same"), range(24)))
    assert len({answer.value.id for answer in answers}) == 1
    assert all(answer.value == answers[0].value for answer in answers)
    assert sum(answer.is_new for answer in answers) == 1
    with town.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM tickets")).scalar_one() == 1


def test_one_key_of_two_agents_is_two_calls(town: Town) -> None:
    """A key belongs to who sent it: agents never meet each other's answer."""
    for agent in range(3):
        town.issue("b")
        town.sit(agent)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda agent: town.call(agent, key="1"), range(3)))
    assert len({answer.value.id for answer in answers}) == 3
    assert {answer.value.desk for answer in answers} == {1, 2, 3}


def test_the_last_ticket_is_called_once(town: Town) -> None:
    """Three agents, one citizen: one call, two refusals; again and again."""
    live = replace(town, hall=replace(town.hall, clock=SystemClock(), chance=SystemChance()))
    for agent in range(3):
        live.sit(agent)

    def call(agent: int) -> str:
        seen = Seen()
        return "called" if attempt(seen, lambda: live.call(agent)) else seen.refused[0]

    for _ in range(10):
        issued = live.issue("b").value
        with ThreadPoolExecutor(3) as pool:
            outcomes = Counter(pool.map(call, range(3)))
        assert outcomes == {"called": 1, "nobody_waiting": 2}
        desk = live.ticket(issued.id).desk
        assert desk is not None
        for verb in (Verb.START, Verb.FINISH):
            live.step(verb, issued.id, live.desks.index(desk))

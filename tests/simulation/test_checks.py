"""The judges can condemn: each doctored history below breaks one rule, and the check for it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain.events import EventKind
from server.domain.ids import DeskId, Label, Secret, Seq, TicketId
from server.domain.states import TicketState, Verb
from tests.builders import MORNING, Town
from tests.simulation import checks
from tests.simulation.faults import Fuse, SimulatedCrash

Forgery = Callable[[checks.Snapshot], checks.Snapshot]


def busy(town: Town) -> checks.Snapshot:
    """Two tickets issued, one called, started and finished, another called."""
    for agent in range(2):
        town.sit(agent)
    for service in ("b", "b", "b"):
        town.issue(service)
    first = town.call(0).value
    town.step(Verb.START, first.id)
    town.step(Verb.FINISH, first.id)
    town.call(1)
    with town.hall.store.read() as connection:
        return checks.read(connection, town.branch)


def without(kind: EventKind) -> Forgery:
    """One fact is missing, and those after it moved up."""

    def forge(snapshot: checks.Snapshot) -> checks.Snapshot:
        kept = list(snapshot.history)
        kept.remove(next(each for each in kept if each.event.kind is kind))
        history = [replace(each, seq=Seq(index)) for index, each in enumerate(kept, start=1)]
        return replace(snapshot, history=history, seq=Seq(len(history)))

    return forge


def with_last(**changes: Any) -> Forgery:
    """The last fact tells something else."""

    def forge(snapshot: checks.Snapshot) -> checks.Snapshot:
        last = snapshot.history[-1]
        told = replace(last, event=replace(last.event, **changes))
        return replace(snapshot, history=[*snapshot.history[:-1], told])

    return forge


def hole(snapshot: checks.Snapshot) -> checks.Snapshot:
    """A seq is left out."""
    last = snapshot.history[-1]
    moved = replace(last, seq=Seq(last.seq + 1))
    return replace(snapshot, history=[*snapshot.history[:-1], moved], seq=moved.seq)


def with_tickets(**changes: Any) -> Forgery:
    """The newest ticket's row says something else."""

    def forge(snapshot: checks.Snapshot) -> checks.Snapshot:
        newest = max(snapshot.tickets)
        rows = dict(snapshot.tickets)
        rows[newest] = replace(rows[newest], **changes)
        return replace(snapshot, tickets=rows)

    return forge


def miscounted(snapshot: checks.Snapshot) -> checks.Snapshot:
    """A line counts one too many."""
    line, (last, waiting) = next(iter(snapshot.lines.items()))
    return replace(snapshot, lines={**snapshot.lines, line: (last, waiting + 1)})


def forgotten(snapshot: checks.Snapshot) -> checks.Snapshot:
    """A ticket's row is gone."""
    newest = max(snapshot.tickets)
    return replace(
        snapshot, tickets={key: row for key, row in snapshot.tickets.items() if key != newest}
    )


def same_secret(snapshot: checks.Snapshot) -> checks.Snapshot:
    """All rows open to the same QR."""
    rows = {key: replace(row, secret=Secret("X")) for key, row in snapshot.tickets.items()}
    return replace(snapshot, tickets=rows)


def overlapping(snapshot: checks.Snapshot) -> checks.Snapshot:
    """Two kiosks have a block, and one number is in both."""
    blocks = [(MORNING.date(), "A", 900, 950), (MORNING.date(), "A", 950, 999)]
    return replace(snapshot, blocks=blocks)


FORGERIES: dict[str, Forgery] = {
    "a call is missing": without(EventKind.TICKET_CALLED),
    "an issue is missing": without(EventKind.TICKET_ISSUED),
    "a finish is missing": without(EventKind.TICKET_FINISHED),
    "a shift was never opened": without(EventKind.SHIFT_OPENED),
    "seq has a hole": hole,
    "time runs back": with_last(at=MORNING - timedelta(hours=1)),
    "called to no desk": with_last(desk=None),
    "called twice": with_last(ticket=TicketId("unknown")),
    "another number": with_last(data={"label": "Z999"}),
    "the row waits elsewhere": with_tickets(state=TicketState.PARKED),
    "a number is skipped": with_tickets(label=Label("B004")),
    "a secret twice": same_secret,
    "a line is miscounted": miscounted,
    "a ticket is gone": forgotten,
    "a number is leased twice": overlapping,
}


def test_an_honest_history_passes(town: Town) -> None:
    checks.check(busy(town), checks.Story())


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_history_does_not(town: Town, name: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        checks.check(FORGERIES[name](busy(town)), checks.Story())


def test_a_fuse_blows_once_at_its_step() -> None:
    fuse = Fuse()
    fuse.step("disarmed")
    fuse.arm(2)
    fuse.step("one")
    fuse.step("two")
    with pytest.raises(SimulatedCrash, match="three"):
        fuse.step("three")
    fuse.step("a new life")


def test_two_tickets_at_one_desk_are_seen(town: Town) -> None:
    """The database would refuse it first; the judge must not rely on that."""
    snapshot = busy(town)
    called = next(each for each in snapshot.history if each.event.kind is EventKind.TICKET_CALLED)
    waiting = max(snapshot.tickets)
    again = replace(
        called,
        seq=Seq(snapshot.seq + 1),
        event=replace(
            called.event,
            ticket=waiting,
            at=snapshot.history[-1].event.at,
            desk=DeskId(town.desks[1]),
            data={"label": snapshot.tickets[waiting].label},
        ),
    )
    story = checks.Story()
    with pytest.raises(AssertionError, match="two tickets at one desk"):
        story.tell([*snapshot.history, again])

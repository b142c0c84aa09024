"""What must be true of a branch at every moment, read from its database and judged without its code.

The history is replayed by the small table below, which was written from DESIGN section 4 and not from
`server.domain`: whatever the code believes, the events must tell a lawful story that ends where the rows stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import sqlalchemy as sa

from server.db import codec, outbox
from server.db.tables import blocks, branches, jobs, lines, services, shifts, tickets
from server.domain.events import EventKind, RecordedEvent
from server.domain.ids import BranchId, DeskId, Seq, TicketId
from server.domain.ticket import Ticket

K = EventKind
STORY: Mapping[EventKind, tuple[frozenset[str], str]] = {
    K.TICKET_CALLED: (frozenset({"waiting", "parked"}), "called"),
    K.TICKET_RECALLED: (frozenset({"called"}), "called"),
    K.TICKET_STARTED: (frozenset({"called"}), "serving"),
    K.TICKET_START_UNDONE: (frozenset({"serving"}), "called"),
    K.TICKET_FINISHED: (frozenset({"serving", "parked"}), "done"),
    K.TICKET_REOPENED: (frozenset({"done"}), "serving"),
    K.TICKET_NOT_SHOWN: (frozenset({"called"}), "waiting"),
    K.TICKET_MISSED: (frozenset({"called", "parked"}), "missed"),
    K.TICKET_REINSTATED: (frozenset({"missed"}), "waiting"),
    K.TICKET_PARKED: (frozenset({"waiting", "called", "serving"}), "parked"),
    K.TICKET_UNPARKED: (frozenset({"parked"}), "waiting"),
    K.TICKET_TRANSFERRED: (frozenset({"waiting", "called", "serving"}), "waiting"),
    K.TICKET_RETURNED: (frozenset({"called"}), "waiting"),
    K.TICKET_CANCELLED: (frozenset({"waiting", "called", "parked"}), "cancelled"),
    K.TICKET_EXPIRED: (frozenset({"waiting"}), "expired"),
}
AT_DESK = frozenset({"called", "serving"})
LABEL_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the history says that a ticket stands."""

    state: str
    service: int
    label: str
    desk: DeskId | None = None


@dataclass
class Story:
    """The history told so far; `tell` goes on with it and refuses what cannot have happened."""

    seq: Seq = Seq(0)
    standing: dict[TicketId, Standing] = field(default_factory=dict)
    at_desk: dict[DeskId, TicketId] = field(default_factory=dict)
    seats: dict[DeskId, int] = field(default_factory=dict)
    last_at: datetime | None = None

    def tell(self, history: Iterable[RecordedEvent]) -> None:
        """Replay events; asserts that seq has no hole, time never runs back, and each step is lawful."""
        for recorded in history:
            assert recorded.seq == self.seq + 1, f"seq {recorded.seq} follows {self.seq}"
            at = recorded.event.at
            assert self.last_at is None or at >= self.last_at, f"time ran back at {recorded}"
            self.seq, self.last_at = recorded.seq, at
            if recorded.event.kind is K.TICKET_ISSUED:
                self._issued(recorded)
            elif recorded.event.kind in STORY:
                self._stepped(recorded)
            elif recorded.event.kind in {K.SHIFT_OPENED, K.SHIFT_CLOSED}:
                self._seated(recorded)

    def _issued(self, recorded: RecordedEvent) -> None:
        event = recorded.event
        assert event.ticket is not None
        assert event.service is not None
        assert event.ticket not in self.standing, f"issued twice: {recorded}"
        self.standing[event.ticket] = Standing(
            state="waiting", service=event.service, label=str(event.data["label"])
        )

    def _stepped(self, recorded: RecordedEvent) -> None:
        event = recorded.event
        assert event.ticket is not None
        assert event.service is not None
        before = self.standing[event.ticket]
        lawful_from, state = STORY[event.kind]
        assert before.state in lawful_from, f"{recorded} from {before}"
        assert event.data["label"] == before.label, f"the number changed: {recorded}"
        desk = event.desk if event.kind in {K.TICKET_CALLED, K.TICKET_REOPENED} else before.desk
        self._leave(event.ticket, before)
        if state in AT_DESK:
            assert desk is not None, f"called to no desk: {recorded}"
            assert desk not in self.at_desk, f"two tickets at one desk: {recorded}"
            self.at_desk[desk] = event.ticket
        self.standing[event.ticket] = replace(
            before,
            state=state,
            service=event.service,
            desk=desk if state in AT_DESK else None,
        )

    def _leave(self, ticket: TicketId, before: Standing) -> None:
        if before.state in AT_DESK:
            assert before.desk is not None
            assert self.at_desk.pop(before.desk) == ticket

    def _seated(self, recorded: RecordedEvent) -> None:
        desk, agent = recorded.event.desk, recorded.event.agent
        assert desk is not None
        assert agent is not None
        if recorded.event.kind is K.SHIFT_OPENED:
            assert desk not in self.seats, f"two agents at one desk: {recorded}"
            assert agent not in self.seats.values(), f"one agent at two desks: {recorded}"
            self.seats[desk] = agent
        else:
            assert self.seats.pop(desk) == agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A branch as its tables hold it, read in one transaction."""

    seq: Seq
    history: Sequence[RecordedEvent]
    tickets: Mapping[TicketId, Ticket]
    lines: Mapping[tuple[date, int], tuple[int, int]]
    blocks: Sequence[tuple[date, str, int, int]]
    """Numbers leased to kiosks: day, letter, first and last."""
    seats: Mapping[DeskId, int]
    jobs: Sequence[int]


def read(connection: sa.Connection, branch: BranchId, after: Seq = Seq(0)) -> Snapshot:
    """Everything that the checks look at; of the history, what came after `after`."""
    history: list[RecordedEvent] = []
    while page := outbox.events_after(connection, branch, Seq(after + len(history))):
        history += page
    ticket_rows = connection.execute(sa.select(tickets).where(tickets.c.branch_id == branch))
    line_rows = connection.execute(sa.select(lines).where(lines.c.branch_id == branch))
    shift_rows = connection.execute(
        sa.select(shifts).where(shifts.c.branch_id == branch, shifts.c.closed_at.is_(None))
    )
    job_rows = connection.execute(
        sa.select(jobs.c.event_seq).where(jobs.c.branch_id == branch).order_by(jobs.c.event_seq)
    )
    block_rows = connection.execute(
        sa.select(blocks.c.day, services.c.letter, blocks.c.first, blocks.c.last)
        .join(services, services.c.id == blocks.c.service_id)
        .where(blocks.c.branch_id == branch)
    )
    return Snapshot(
        seq=connection.execute(
            sa.select(branches.c.seq).where(branches.c.id == branch)
        ).scalar_one(),
        history=history,
        tickets={row.id: codec.ticket(row) for row in ticket_rows},
        lines={(row.day, row.service_id): (row.last_number, row.waiting) for row in line_rows},
        blocks=[(row.day, row.letter, row.first, row.last) for row in block_rows],
        seats={row.desk_id: row.agent_id for row in shift_rows},
        jobs=list(job_rows.scalars()),
    )


def check(snapshot: Snapshot, story: Story) -> None:
    """The rows stand where the story, told up to them, ends; and no rule about the rows is broken."""
    story.tell(snapshot.history)
    assert story.seq == snapshot.seq, f"branch at {snapshot.seq}, history at {story.seq}"
    found = {
        ticket.id: Standing(
            state=ticket.state.value,
            service=ticket.service,
            label=ticket.label,
            desk=ticket.desk if ticket.state.value in AT_DESK else None,
        )
        for ticket in snapshot.tickets.values()
    }
    assert found == story.standing
    assert dict(snapshot.seats) == story.seats
    check_lines(snapshot)
    check_numbers(snapshot.tickets.values(), snapshot.blocks)


def check_lines(snapshot: Snapshot) -> None:
    """The kept count of every line is the count of its waiting tickets."""
    waiting = Counter(
        (ticket.day, int(ticket.service))
        for ticket in snapshot.tickets.values()
        if ticket.state.value == "waiting"
    )
    kept = {line: count for line, (_, count) in snapshot.lines.items() if count}
    assert kept == dict(waiting)


def check_numbers(
    found: Iterable[Ticket], leased: Iterable[tuple[date, str, int, int]] = ()
) -> None:
    """No number and no secret twice, no block over another; what the server gave out is 1, 2, 3 … in order of rank."""
    by_letter: dict[tuple[date, str], list[Ticket]] = {}
    kiosks: dict[tuple[date, str], list[int]] = {}
    for day, letter, first, last in leased:
        kiosks.setdefault((day, letter), []).extend(range(first, last + 1))
    for numbers in kiosks.values():
        assert len(numbers) == len(set(numbers)), "two kiosks have leased one number"
    secrets = Counter(ticket.secret for ticket in found)
    assert not [secret for secret, count in secrets.items() if count > 1]
    for ticket in found:
        by_letter.setdefault((ticket.day, ticket.label[:-LABEL_DIGITS]), []).append(ticket)
    for line, group in by_letter.items():
        assert len({ticket.label for ticket in group}) == len(group), "two tickets, one number"
        alone = set(kiosks.get(line, ()))
        online = sorted((each for each in group if _number(each) not in alone), key=_number)
        assert [_number(ticket) for ticket in online] == [*range(1, len(online) + 1)]
        arrived = [(ticket.issued_at, ticket.id) for ticket in online]
        assert arrived == sorted(arrived), "a higher number stands before a lower one"


def _number(ticket: Ticket) -> int:
    return int(ticket.label[-LABEL_DIGITS:])

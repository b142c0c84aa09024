"""What kiosks that can stand alone have promised: each number on a screen or a paper, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
import sqlalchemy as sa

from server.actions.hall import Hall
from server.db.tables import requests, unprinted
from server.domain.events import EventKind, RecordedEvent
from server.domain.ids import BranchId, TicketId
from server.kiosk_house import Taken
from tests.simulation import checks
from tests.simulation.kiosk import Book, Machine
from tests.simulation.safety import Safety

ENDED = frozenset({"done", "expired", "doubtful"})
CANCELLABLE = frozenset({"waiting", "called", "parked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a citizen saw, and from which machine."""

    ticket: str
    label: str
    secret: str
    machine: Machine


class Promises(Safety):
    """Checks kiosks and server against each other; a tap's key stands for its citizen."""

    def __init__(self, branch: BranchId, machines: Sequence[Machine]) -> None:
        super().__init__(branch)
        self._machines = machines
        self._promises: dict[str, Promise] = {}
        self._leased: dict[tuple[date, int, int], int] = {}
        """Which device has a number: by day, service and number."""
        self._online: dict[str, str] = {}
        """The key of each ticket that the server gave out itself."""
        self.told: list[RecordedEvent] = []
        """The whole history."""
        self.left: set[str] = set()
        """The keys of citizens who went away without an answer."""

    # ------------------------------------------------------------ what citizens see

    def shown(self, machine: Machine, key: str, taken: Taken) -> None:
        """A screen answered a tap."""
        answer = taken.answer
        assert answer.secret is not None
        self._promise(machine, key, answer.id, answer.label, answer.secret)

    def printed(self, machine: Machine, ticket: str, text: str) -> None:
        """A paper came out: `text` is its number and its address."""
        label, url = text.split()
        key = machine.book().keys[ticket]
        self._promise(machine, key, ticket, label, url.rpartition("/")[2])

    def _promise(self, machine: Machine, key: str, ticket: str, label: str, secret: str) -> None:
        promise = Promise(ticket=ticket, label=label, secret=secret, machine=machine)
        known = self._promises.setdefault(key, promise)
        assert known == promise, "one tap, two tickets"
        same = [each for each in self._promises.values() if label == each.label]
        assert same == [promise], "two citizens, one number"

    def all(self) -> list[Promise]:
        """In the order in which they were made."""
        return list(self._promises.values())

    # ------------------------------------------------------------ at every moment

    def _check_promises(self, hall: Hall, snapshot: checks.Snapshot) -> None:
        self.told += snapshot.history
        self._follow(hall, snapshot)
        books = {machine: machine.book() for machine in self._machines}
        for machine, book in books.items():
            assert "refused" not in book.sync.values(), "the server refused a ticket"
            check_papers(machine, book)
        for promise in self._promises.values():
            found = snapshot.tickets.get(TicketId(promise.ticket))
            if found is None:
                sync = books[promise.machine].sync.get(promise.ticket)
                assert sync == "waiting", f"a promised ticket is lost: {promise.label}"
            else:
                assert (found.label, found.secret) == (promise.label, promise.secret)

    def _follow(self, hall: Hall, snapshot: checks.Snapshot) -> None:
        """Leases and issues in their order: a number of a block comes from its device, all others from the server."""
        keys: dict[str, str] | None = None
        for event in (recorded.event for recorded in snapshot.history):
            if event.kind is EventKind.NUMBERS_LEASED:
                assert event.service is not None
                day = date.fromisoformat(str(event.data["day"]))
                for number in range(int(event.data["first"]), int(event.data["last"]) + 1):
                    line = (day, int(event.service), number)
                    assert line not in self._leased, "two kiosks have leased one number"
                    self._leased[line] = int(event.data["device"])
            elif event.kind is EventKind.TICKET_ISSUED:
                assert event.ticket is not None
                assert event.service is not None
                ticket = snapshot.tickets[event.ticket]
                number = int(ticket.label[-checks.LABEL_DIGITS :])
                owner = self._leased.get((ticket.day, int(event.service), number))
                asked = event.data["device"] if "offline" in event.data else None
                assert owner == asked, f"{ticket.label} is another's number"
                if asked is None:
                    keys = keys or keys_of_tickets(hall)
                    self._online[ticket.id] = keys[ticket.id]

    # ------------------------------------------------------------ when all is over

    def is_settled(self) -> bool:
        """Every machine in use has brought its tickets and ended its papers, and the server knows."""
        books = [each.book() for each in self._machines if not each.is_revoked]
        return not any(
            "waiting" in book.sync.values() or book.untold or set(book.papers.values()) - ENDED
            for book in books
        )

    def check_settled(self) -> None:
        """Each promise is kept, nobody holds a second place, and staff know which papers did not come out."""
        assert self._snapshot is not None
        found = self._snapshot.tickets
        for promise in self._promises.values():
            is_here = TicketId(promise.ticket) in found
            assert is_here or promise.machine.is_revoked, f"not confirmed: {promise.label}"
        superseded = {each.event.ticket for each in self.told if "superseded" in each.event.data}
        seen = {promise.ticket for promise in self._promises.values()}
        assert not superseded & seen, "a ticket that a citizen holds was superseded"
        for ticket in found.keys() - seen - superseded:
            self._check_unseen(ticket)

    def _check_unseen(self, ticket: TicketId) -> None:
        """Nobody holds it: its citizen went away, or it was beyond cancelling when the paper's ticket came."""
        if ticket not in self._online:
            return  # a machine gave it out, and died before anybody saw
        key = self._online[ticket]
        promise = self._promises.get(key)
        if promise is None:
            assert key in self.left, "a ticket nobody asked for"
            return
        if promise.machine.is_revoked:
            return
        assert self._state_when_issued(ticket, promise.ticket) not in CANCELLABLE, (
            f"{promise.label} has a second place in the line"
        )

    def _state_when_issued(self, ticket: str, other: str) -> str:
        """How `ticket` stood when `other` was brought to the server."""
        state = "waiting"
        for event in (recorded.event for recorded in self.told):
            if event.ticket == other and event.kind is EventKind.TICKET_ISSUED:
                return state
            if event.ticket == ticket and event.kind in checks.STORY:
                state = checks.STORY[event.kind][1]
        raise AssertionError(f"{other} was never issued")

    def check_staff_know(self, hall: Hall) -> None:
        """What the server says of papers is what became of them."""
        with hall.store.read() as connection:
            missing = set(connection.execute(sa.select(unprinted.c.ticket_id)).scalars())
        for machine in self._machines:
            if not machine.is_revoked:
                for ticket, state in machine.book().papers.items():
                    assert (ticket in missing) == (state != "done"), f"{ticket}: {state}"


def check_papers(machine: Machine, book: Book) -> None:
    """No paper twice, and none believed that did not come out."""
    printed = machine.printer.printed
    assert all(count == 1 for count in printed.values()), "a paper printed twice"
    done = {ticket for ticket, state in book.papers.items() if state == "done"}
    assert done <= set(printed), "believed, not printed"


def keys_of_tickets(hall: Hall) -> dict[str, str]:
    """The keys of the taps that the server has answered, by ticket."""
    with hall.store.read() as connection:
        rows = connection.execute(
            sa.select(requests.c.key, requests.c.answer).where(requests.c.scope.like("device:%"))
        ).all()
    answers = {row.key: msgspec.json.decode(row.answer) for row in rows}
    return {str(answer["id"]): key for key, answer in answers.items() if "id" in answer}

"""What the kiosk's own pages talk to: the server when it answers, else the journal (`server/kiosk_house.py`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from device_client.clock import DeviceClock
from device_client.http import Away
from device_client.server import Revoked
from kiosk_client.catalogue import Catalogue
from kiosk_client.journal import Draft, Entry, Journal, JournalFailure
from kiosk_client.link import Link, PrinterReport
from kiosk_client.server import Issued
from server.clock import Chance, new_secret, new_ticket_id
from server.domain import queue
from server.domain.errors import (
    KeyReused,
    KioskOutOfOrder,
    LineFull,
    ServerAway,
    UnknownBranch,
    UnknownTicket,
)
from server.domain.ids import Secret
from server.domain.states import TicketState
from server.kiosk_house import Found, HouseStatus, PrintingState, Taken, Tap
from server.wire import KioskView, TicketAnswer
from server.wire_devices import ScanAnswer

_PRINTING: Final[dict[str, PrintingState]] = {
    "waiting": "waiting",
    "sending": "waiting",
    "done": "done",
    "expired": "expired",
    "doubtful": "expired",
}
_FINE: Final = frozenset({"ok", "unknown"})
_log = structlog.get_logger(__name__)


class Home:
    """Implements `KioskHouse`. Any thread may call; two taps with one key are answered one after the other."""

    def __init__(
        self,
        link: Link,
        journal: Journal,
        clock: DeviceClock,
        chance: Chance,
        *,
        printer: Callable[[], PrinterReport],
        paper_ordered: Callable[[], None],
    ) -> None:
        self._link = link
        self._journal = journal
        self._clock = clock
        self._chance = chance
        self._printer = printer
        self._paper_ordered = paper_ordered
        self._order = 0
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    def view(self, slug: str) -> KioskView:
        """The server's own view while it answers, else hours and services as they are known here."""
        catalogue = self._catalogue(slug)
        seen = self._link.view
        if seen is not None:
            return seen
        return catalogue.view(self._clock.now(), seq=self._link.seq)

    def take(self, slug: str, tap: Tap) -> Taken:
        """The server's number within the time-out, else one of this kiosk's own, kept before it is shown.

        A line is full when neither has a number left: those leased to this kiosk are nobody else's.

        Raises KioskOutOfOrder when nothing can be kept: better no ticket than one that is lost.
        """
        catalogue = self._catalogue(slug)
        service = catalogue.service(tap.service)
        if self._link.is_revoked:
            raise KioskOutOfOrder("this kiosk was shut out by an administrator")
        with self._one_at_a_time(tap.key):
            try:
                known = self._journal.by_key(tap.key)
                if known is not None and known.answer.service != service.code:
                    raise KeyReused("this key was used for another ticket")
                if known is not None:
                    return self._taken(catalogue, known, is_new=False)
                issued = self._ask_server(tap)
                if issued is None:
                    return self._give_out(catalogue, tap)
                return self._keep(catalogue, tap, issued)
            except JournalFailure as failure:
                _log.error("journal_failed", state=failure.state, service=service.code)
                self._link.wake()
                raise KioskOutOfOrder("this kiosk cannot keep a ticket now") from failure

    def printing(self, slug: str, ticket_id: str) -> PrintingState:
        self._catalogue(slug)
        try:
            state = self._journal.paper_state(ticket_id)
        except JournalFailure as failure:
            raise KioskOutOfOrder("this kiosk cannot look into its journal") from failure
        if state is None:
            raise UnknownTicket("no paper was ordered for such a ticket here")
        found = _PRINTING[state]
        return "fault" if found == "waiting" and self._printer().state not in _FINE else found

    def find(self, slug: str, secret: str, *, reinstate: bool) -> Found:
        """The server's word on a ticket; with the server away, the number of one that was given out here."""
        self._catalogue(slug)
        try:
            return _found(self._link.ask(lambda server: server.scan(secret, reinstate=reinstate)))
        except Revoked as error:
            raise KioskOutOfOrder("this kiosk was shut out by an administrator") from error
        except Away as error:
            try:
                entry = self._journal.by_secret(secret)
            except JournalFailure:
                entry = None
            if entry is None:
                raise ServerAway("only the server knows this ticket, and it is away") from error
            return Found(label=entry.answer.label, state=None, view=None)

    def status(self, slug: str) -> HouseStatus:
        self._catalogue(slug)
        return HouseStatus(is_online=self._link.is_online, printer=self._printer().state)

    # ------------------------------------------------------------ a tap

    def _ask_server(self, tap: Tap) -> Issued | None:
        """None when it did not answer, or has no number left; the kiosk's own ticket is then uploaded.

        Whether a server that did not answer acted all the same is settled by that upload.
        """
        if not self._link.is_online:
            return None
        try:
            return self._link.ask(lambda server: server.issue(tap))
        except (Away, LineFull):
            return None
        except Revoked as error:
            raise KioskOutOfOrder("this kiosk was shut out by an administrator") from error

    def _give_out(self, catalogue: Catalogue, tap: Tap) -> Taken:
        """Raises BranchClosed, ServiceClosed, LineFull, KioskOutOfOrder, JournalFailure."""
        if self._clock.is_lost:
            _log.error("clock_lost", service=tap.service)
            raise KioskOutOfOrder("this kiosk does not know which day it is")
        now = self._clock.now()
        service = catalogue.service(tap.service)
        queue.require_open(catalogue.branch, service, now)
        draft = Draft(
            key=tap.key,
            id=new_ticket_id(now, self._next_order(), self._chance),
            secret=new_secret(self._chance),
            service=service.code,
            day=catalogue.hours.business_day(now),
            issued_at=now,
        )

        def complete(number: int) -> TicketAnswer:
            return TicketAnswer(
                id=draft.id,
                label=queue.label_of(service, number),
                state=TicketState.WAITING.value,
                service=service.code,
                ticket_class=tap.ticket_class.value,
                language=tap.language.value,
                desk=None,
                issued_at=now,
                called_at=None,
                seq=0,
                secret=draft.secret,
                url=catalogue.ticket_url(Secret(draft.secret)),
            )

        entry, is_new = self._journal.give_out(draft, complete, with_paper=self._has_printer())
        self._paper_ordered()
        self._link.wake()
        return self._taken(catalogue, entry, is_new=is_new)

    def _keep(self, catalogue: Catalogue, tap: Tap, issued: Issued) -> Taken:
        answer = issued.answer
        assert answer.secret is not None, "the answer to an issue carries the secret"
        draft = Draft(
            key=tap.key,
            id=answer.id,
            secret=answer.secret,
            service=answer.service,
            day=catalogue.hours.business_day(answer.issued_at),
            issued_at=answer.issued_at,
        )
        entry = Entry(answer=answer, is_offline=False, is_waiting=False)
        try:
            self._journal.keep_answer(draft, answer, with_paper=self._has_printer())
        except JournalFailure as failure:
            # The server holds the ticket, so the number is good; only its paper cannot be seen to.
            _log.error("journal_failed", state=failure.state, service=tap.service)
            self._link.wake()
            return self._taken(catalogue, entry, is_new=issued.is_new, printing="fault")
        self._paper_ordered()
        return self._taken(catalogue, entry, is_new=issued.is_new)

    def _taken(
        self,
        catalogue: Catalogue,
        entry: Entry,
        *,
        is_new: bool,
        printing: PrintingState | None = None,
    ) -> Taken:
        answer = entry.answer
        view = self._link.view
        seen = [each for each in view.services if each.code == answer.service] if view else []
        return Taken(
            answer=answer,
            service=seen[0] if seen else catalogue.tile(answer.service),
            url=answer.url or "",
            printing=printing or self._printing_now(),
            is_new=is_new,
            is_offline=entry.is_offline and entry.is_waiting,
        )

    def _printing_now(self) -> PrintingState:
        if not self._has_printer():
            return "no_printer"
        return "queued" if self._printer().state in _FINE else "fault"

    def _has_printer(self) -> bool:
        return self._printer().state != "none"

    def _catalogue(self, slug: str) -> Catalogue:
        catalogue = self._link.catalogue
        if catalogue is None:
            raise ServerAway("this kiosk has never reached its server")
        if catalogue.branch.slug != slug:
            raise UnknownBranch("this kiosk is another branch's", branch=slug)
        return catalogue

    def _next_order(self) -> int:
        with self._lock:
            self._order += 1
            return self._order

    @contextmanager
    def _one_at_a_time(self, key: str) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.waiting += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._turns[key]


class _Turn:
    """Who waits for the answer to one key."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0


def _found(scan: ScanAnswer) -> Found:
    return Found(
        label=scan.ticket.label,
        state=scan.ticket.state,
        view=scan.ticket,
        can_be_reinstated=scan.can_be_reinstated,
        was_reinstated=scan.was_reinstated,
    )

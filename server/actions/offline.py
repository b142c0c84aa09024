"""What lets a kiosk work alone: numbers leased ahead of need, and the tickets that it brings when it is back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Literal

import msgspec

from server.actions.devices import require_device
from server.actions.hall import Answered, Caller, Hall, Step, perform, request_key
from server.actions.tickets import answer_of, issue_key
from server.db import blocks as rows
from server.db import reads
from server.db.unit_of_work import RequestKey, UnitOfWork
from server.domain import blocks, ticket
from server.domain.blocks import LeasedBlock
from server.domain.branch import Service
from server.domain.errors import NumberTaken, Refusal
from server.domain.events import Event, EventKind
from server.domain.ids import DeviceId, Label, ServiceId, TicketId
from server.domain.queue import MAX_NUMBER, label_of
from server.domain.roles import Right
from server.domain.states import LAWFUL, Verb
from server.domain.ticket import Change, Ticket
from server.wire import TicketAnswer
from server.wire_devices import (
    Block,
    BlocksAnswer,
    KeptTicket,
    OfflineTicket,
    PaperAnswer,
    UploadAnswer,
)


def lease_blocks(
    *, hall: Hall, caller: Caller, day: date, key: str | None
) -> Answered[BlocksAnswer]:
    """Blocks of numbers of every service for `day`, today or the next open one; asked again, the same blocks.

    A further block when those of a service are nearly used up. A line without a number to spare has none.
    Raises NotAllowed, DayNotLeasable, KeyReused.
    """
    caller.require(Right.ISSUE)

    def step(work: UnitOfWork, now: datetime) -> Step[BlocksAnswer]:
        device = require_device(work, caller).id
        blocks.require_leasable(work.branch, day, now)
        services = reads.services_of(work.connection, work.branch.id)
        held = rows.blocks_of(work.connection, work.branch.id, device, [day])
        by_service: dict[ServiceId, list[LeasedBlock]] = {each.id: [] for each in services}
        for each in held:
            by_service[each.service].append(each)
        lacking = {key: found for key, found in by_service.items() if blocks.needs_another(found)}
        most = rows.most_a_day(work.connection, work.branch.id, day) if lacking else {}
        leased = [
            _lease(work, service, day, device, most.get(service, 0), found, now)
            for service, found in lacking.items()
        ]
        found = [*held, *(each for each in leased if each is not None)]
        codes = {each.id: each.code for each in services}
        ordered = sorted(found, key=lambda each: (codes[each.service], each.first))
        answer = BlocksAnswer(
            blocks=tuple(
                Block(service=codes[each.service], day=day, first=each.first, last=each.last)
                for each in ordered
            ),
            at=now,
        )
        return Step(answer=answer, is_change=any(each is not None for each in leased))

    request = request_key(caller.scope, key, "lease_blocks", day)
    return perform(hall, caller.branch, request, BlocksAnswer, step)


def _lease(
    work: UnitOfWork,
    service: ServiceId,
    day: date,
    device: DeviceId,
    most: int,
    held: Sequence[LeasedBlock],
    now: datetime,
) -> LeasedBlock | None:
    line = work.line_numbers(service, day)
    kiosks = rows.kiosks_without(work.connection, work.branch.id, day, service) + bool(held)
    size = blocks.block_size(line, most_a_day=most, kiosks_without=kiosks)
    if size < 1:
        return None
    block, event = blocks.cut(line, size, service=service, day=day, device=device, now=now)
    rows.insert_block(work.connection, work.branch.id, block)
    work.record_event(event)
    return block


def keep_tickets(
    *, hall: Hall, caller: Caller, tickets: Sequence[OfflineTicket], key: str | None
) -> Answered[UploadAnswer]:
    """Take over what a kiosk gave out by itself, in its order; each ticket is judged on its own.

    One whose request had reached the server after all supersedes the server's own ticket, which nobody has seen. Raises
    NotAllowed, KeyReused.
    """
    caller.require(Right.ISSUE)
    assert len(tickets) <= blocks.TICKETS_AT_ONCE_MAX, "the web bounds an upload"

    def step(work: UnitOfWork, now: datetime) -> Step[UploadAnswer]:
        device = require_device(work, caller).id
        upload = _Upload(work, caller, device, tickets, now)
        results = tuple(upload.judge(each) for each in tickets)
        upload.write()
        answer = UploadAnswer(results=results, seq=work.seq, at=now)
        return Step(answer=answer, is_change=upload.is_change)

    digest = hashlib.sha256(msgspec.json.encode(tickets)).hexdigest()
    request = request_key(caller.scope, key, "keep_tickets", digest)
    return perform(hall, caller.branch, request, UploadAnswer, step)


class _Upload:
    """One batch under the lock: everything is read at first, judged one by one, and written at the end."""

    def __init__(
        self,
        work: UnitOfWork,
        caller: Caller,
        device: DeviceId,
        found: Sequence[OfflineTicket],
        now: datetime,
    ) -> None:
        self._work = work
        self._caller = caller
        self._device = device
        self._now = now
        connection, branch = work.connection, work.branch.id
        self._services = {each.code: each for each in reads.services_of(connection, branch)}
        days = (each.day for each in found)
        leased = rows.blocks_for_upload(connection, branch, device, days)
        self._blocks: dict[tuple[date, ServiceId], list[LeasedBlock]] = {}
        for block in leased:
            self._blocks.setdefault((block.day, block.service), []).append(block)
        labels = [each for each in map(self._label, found) if each is not None]
        self._by_id: dict[str, Ticket] = {}
        self._secrets: set[str] = set()
        self._labels: set[tuple[date, Label]] = set()
        today = work.branch.hours.business_day(now)
        for each in rows.taken(connection, branch, found, labels, today) if found else ():
            self._note(each)
        keys = (each.key for each in found)
        self._answers = rows.first_answers(connection, caller.scope, keys) if found else {}
        self._changes: list[Change] = []
        self._kept: Counter[LeasedBlock] = Counter()
        self._remembered: list[tuple[RequestKey, TicketAnswer]] = []
        self._superseded: list[tuple[TicketId, Label]] = []
        self._reserved: dict[ServiceId, int] = {}
        self._refused: dict[str, tuple[OfflineTicket, str]] = {}
        self.is_change = False
        """Whether anything is new; known when it is written."""

    def judge(self, asked: OfflineTicket) -> KeptTicket:
        """What becomes of one ticket."""
        try:
            return self._judged(asked)
        except Refusal as refusal:
            self._refused[asked.key] = (asked, refusal.code)
            return KeptTicket(key=asked.key, outcome="refused", code=refusal.code)

    def _judged(self, asked: OfflineTicket) -> KeptTicket:
        service = self._services.get(asked.service)
        block = self._block(asked, service) if service else None
        change, shifted = blocks.keep(
            asked, branch=self._work.branch, service=service, block=block, now=self._now
        )
        made = change.after
        assert service is not None
        assert block is not None, "only a leased number is kept"
        present = self._by_id.get(made.id)
        if present is not None and _is_same(present, made):
            return KeptTicket(key=asked.key, outcome="already", label=made.label)
        is_taken = (made.day, made.label) in self._labels or made.secret in self._secrets
        if present is not None or is_taken or self._is_the_servers(asked, made):
            raise NumberTaken("another ticket has this number, id or secret", label=made.label)
        self._note(made)
        self._changes.append(change)
        self._kept[block] += 1
        self._answer_late_request(asked, made, service)
        return KeptTicket(key=asked.key, outcome="kept", label=made.label, shifted_seconds=shifted)

    def _is_the_servers(self, asked: OfflineTicket, made: Ticket) -> bool:
        """Whether the server may yet give out this number itself, on the day to which the ticket was moved."""
        if made.day == asked.day:
            return False
        if made.service not in self._reserved:
            numbers = self._work.line_numbers(made.service, made.day)
            self._reserved[made.service] = numbers.reserved_from
        return asked.number < self._reserved[made.service]

    def _answer_late_request(self, asked: OfflineTicket, made: Ticket, service: Service) -> None:
        """The tap's own request may have been lost before the server or after it, or may still be on its way."""
        request = issue_key(self._caller, asked.key, service.code, made.ticket_class, made.language)
        assert request is not None, "an offline ticket has its tap's key"
        first = self._answers.get(asked.key)
        if first is not None and first.fingerprint != request.fingerprint:
            return  # the key of another request: none of ours to touch
        if first is not None:
            self._superseded.append((first.ticket(), made.label))
        answer = answer_of(made, service.code, None, self._work.seq)
        self._remembered.append((request, replace(answer, secret=made.secret)))

    def write(self) -> None:
        """All of it, in a number of statements that does not grow with the batch."""
        for ticket_id, label in self._superseded:
            _supersede(self._work, ticket_id, label, self._now)
        self._work.record_issued(self._changes)
        connection, branch = self._work.connection, self._work.branch.id
        for block, count in self._kept.items():
            rows.count_kept(connection, branch, block, count)
        rows.remember_all(connection, self._remembered, self._now)
        news = self._tell_refused() if self._refused else 0
        self.is_change = bool(self._changes) or news > 0

    def _tell_refused(self) -> int:
        """Staff learn, once, of papers that are in no line; how many were news."""
        connection = self._work.connection
        before = rows.refused_before(connection, self._device, self._refused)
        news = {key: found for key, found in self._refused.items() if key not in before}
        labels = {key: self._label(asked) for key, (asked, _) in news.items()}
        branch = self._work.branch
        today = branch.hours.business_day(self._now)
        rows.note_refused(connection, branch.id, self._device, labels, day=today, now=self._now)
        self._work.record_events(
            [
                blocks.refusal_of(
                    device=self._device,
                    code=code,
                    service=self._services.get(asked.service),
                    label=labels[key],
                    now=self._now,
                )
                for key, (asked, code) in news.items()
            ]
        )
        return len(news)

    def _block(self, asked: OfflineTicket, service: Service) -> LeasedBlock | None:
        found = self._blocks.get((asked.day, service.id), ())
        return next((each for each in found if asked.number in each), None)

    def _label(self, asked: OfflineTicket) -> Label | None:
        service = self._services.get(asked.service)
        if service is None or not 1 <= asked.number <= MAX_NUMBER:
            return None
        return label_of(service, asked.number)

    def _note(self, found: Ticket) -> None:
        self._by_id[found.id] = found
        self._secrets.add(found.secret)
        if found.branch == self._work.branch.id:
            self._labels.add((found.day, found.label))


def _is_same(present: Ticket, made: Ticket) -> bool:
    """Brought before: an upload whose reply was lost."""
    # Not the day: brought again on another one, a ticket that was moved to its own would be moved no more.
    return (present.branch, present.label, present.secret) == (
        made.branch,
        made.label,
        made.secret,
    )


def _supersede(work: UnitOfWork, ticket_id: TicketId, label: Label, now: datetime) -> None:
    """Cancel the ticket that the server made of a lost request, unless something has become of it already."""
    present = reads.ticket(work.connection, work.branch.id, ticket_id)
    if Verb.CANCEL not in LAWFUL[present.state]:
        return
    decision = ticket.cancel(present, place=None, now=now)
    assert isinstance(decision, Change), "a lawful step is a change"
    event = replace(decision.event, data={**decision.event.data, "superseded": label})
    work.record(replace(decision, event=event))


def note_paper(
    *,
    hall: Hall,
    caller: Caller,
    ticket_id: TicketId,
    state: Literal["printed", "not_printed"],
    reason: str,
    key: str | None,
) -> Answered[PaperAnswer]:
    """What became of the paper that a kiosk printed by itself; staff are told of one that did not come.

    A paper that came out at once is no news. Raises NotAllowed, UnknownTicket, KeyReused.
    """
    caller.require(Right.ISSUE)

    def step(work: UnitOfWork, now: datetime) -> Step[PaperAnswer]:
        device = require_device(work, caller).id
        present = reads.ticket(work.connection, work.branch.id, ticket_id)
        is_missing = rows.unprinted_reason(work.connection, ticket_id) is not None
        answer = PaperAnswer(ticket=ticket_id, label=present.label, state=state)
        if is_missing is (state == "not_printed"):
            return Step(answer=answer, is_change=False)
        kind = EventKind.TICKET_PRINTED
        if state == "not_printed":
            rows.note_unprinted(work.connection, present, device, reason, now)
            kind = EventKind.TICKET_NOT_PRINTED
        else:
            rows.forget_unprinted(work.connection, ticket_id)
        data: dict[str, str | int] = {"device": device, "label": present.label}
        if kind is EventKind.TICKET_NOT_PRINTED:
            data |= {"target": f"device:{device}", "reason": reason}
        work.record_event(
            Event(kind=kind, at=now, ticket=ticket_id, service=present.service, data=data)
        )
        return Step(answer=answer)

    request = request_key(caller.scope, key, "note_paper", ticket_id, state, reason)
    return perform(hall, caller.branch, request, PaperAnswer, step)

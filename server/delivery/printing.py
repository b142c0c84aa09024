"""Sends print jobs: claims one, lets go of the database, draws and sends, then records what became of it.

A printer that fails keeps its jobs in order and is tried again on the schedule of `retry`, or as soon as it is
well again. What may be on paper is never printed again and what may not be is never believed printed
(`channels.attempts`): between the two the job ends and people are told. A job that is too old expires.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog

from server.actions.hall import Hall
from server.db import jobs, paper_layouts, reads, views
from server.db.engine import Connection
from server.db.jobs import Job, JobKind, JobState
from server.db.staffing import read_staffing_around
from server.delivery.channels import (
    Channel,
    ChannelError,
    Fate,
    Handed,
    PrinterStatus,
    Unreachable,
    cause_of,
    fate_after,
    fate_after_crash,
)
from server.delivery.channels.status import LOOK_AGAIN_SECONDS, failed
from server.delivery.paper import PaperPress, TicketPaper
from server.delivery.paper.words import words_of
from server.delivery.printer_states import PrinterStates
from server.delivery.retry import wait_after
from server.domain.branch import Branch, Printer, Service
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId, in_language
from server.domain.paper_layout import PaperLayout, Part
from server.domain.states import TicketState
from server.domain.ticket import Ticket
from server.wire import WaitRange

LEASE_MARGIN = timedelta(seconds=15)
"""What drawing and writing may take beside the time-outs of a channel."""
TARGETS_AT_ONCE_MAX = 50
EXPIRED_AT_ONCE_MAX = 100
_log = structlog.get_logger(__name__)

_STILL_WANTED = frozenset(
    {TicketState.WAITING, TicketState.CALLED, TicketState.PARKED, TicketState.SERVING}
)


class _Outcome(Enum):
    """What became of one attempt."""

    PRINTED = auto()
    SKIPPED = auto()
    """Nobody waits for this paper any more."""
    FAILED = auto()


class PrintSender:
    """Works through the print jobs of all printers, one job of a printer at a time."""

    def __init__(
        self,
        hall: Hall,
        press: PaperPress,
        open_channel: Callable[[str], Channel],
        ticket_url: Callable[[Ticket], str],
        *,
        lease: timedelta,
    ) -> None:
        self._hall = hall
        self._press = press
        self._open_channel = open_channel
        self._ticket_url = ticket_url
        self._lease = lease
        self._states = PrinterStates(hall)
        self._mute: set[str] = set()
        """The printers that answered nothing when last asked; each is touched by its own thread alone."""
        self._torn: set[str] = set()
        """The printers that may wait for the rest of a picture: silence proves nothing of them."""

    def run_once(self) -> int:
        """Send what is due, one printer after the other; returns how many tickets were printed."""
        self.expire()
        return sum(self.work_through(target) for target in self.due())

    def due(self) -> list[str]:
        """The printers with something to print now."""
        now = self._hall.clock.now()
        with self._hall.store.read() as connection:
            return jobs.targets_due(connection, JobKind.PRINT, now, TARGETS_AT_ONCE_MAX)

    def work_through(self, target: str) -> int:
        """Print what waits for one printer until it is done or fails; returns how many were printed."""
        printed = 0
        while True:
            now = self._hall.clock.now()
            with self._hall.store.administer() as connection:
                job = jobs.claim(connection, JobKind.PRINT, target, now, self._lease)
            outcome = self._attempt(job) if job is not None else None
            if outcome is None or outcome is _Outcome.FAILED:
                return printed
            printed += outcome is _Outcome.PRINTED

    def printers(self) -> tuple[tuple[BranchId, Printer], ...]:
        """Every printer beside its branch."""
        with self._hall.store.read() as connection:
            return reads.all_printers(connection)

    def look(self, branch: BranchId, printer: Printer) -> None:
        """Ask an idle printer how it is, and record it when that has changed."""
        target = jobs.printer_target(printer.id)
        if self._is_busy(target):
            return
        status = self._status(printer)
        if status.code != printer.state and status.is_doubtful:
            time.sleep(LOOK_AGAIN_SECONDS)
            status = self._status(printer)
        if self._is_busy(target):
            return
        if status.state == "unknown" and target not in self._torn:
            self._mute.add(target)
        else:
            self._mute.discard(target)
        self._states.note(branch, printer.id, status)

    def expire(self) -> None:
        """End the jobs that are too old to be useful, and say so to staff."""
        now = self._hall.clock.now()
        with self._hall.store.read() as connection:
            overdue = jobs.overdue(connection, now, EXPIRED_AT_ONCE_MAX)
        for job in overdue:
            self._give_up(job, "too_late")

    def _is_busy(self, target: str) -> bool:
        with self._hall.store.read() as connection:
            return jobs.is_claimed(connection, target, self._hall.clock.now())

    def _attempt(self, job: Job) -> _Outcome:
        """Print one job; its outcome is recorded, whatever it is."""
        if fate_after_crash(last_ink_was_noted=job.last_ink_was_noted) is Fate.UNSURE:
            self._give_up(job, "unsure")
            return _Outcome.SKIPPED
        with self._hall.store.read() as connection:
            printer = reads.printer(connection, int(job.target.partition(":")[2]))
            ticket = reads.ticket(connection, job.branch, job.ticket)
            branch = reads.branch(connection, job.branch)
            service = reads.service_by_id(connection, job.branch, ticket.service)
            layout = paper_layouts.layout_of(connection, job.branch)
            place = _place(connection, ticket, layout)
        if ticket.state not in _STILL_WANTED:
            self._finish(job, JobState.EXPIRED, "not_wanted")
            return _Outcome.SKIPPED
        url = self._ticket_url(ticket)
        try:
            paper = ticket_paper(
                ticket, branch, service, place=place, url=url, printer=printer, layout=layout
            )
            data = self._press.ticket(paper)
        except ValueError as error:
            # A setting that no paper can hold. Waiting would not mend it, and would hold up the others.
            _log.error("ticket_cannot_be_drawn", service=service.code, problem=str(error))
            self._give_up(job, "cannot_draw")
            return _Outcome.SKIPPED
        return self._send(job, printer, data)

    def _send(self, job: Job, printer: Printer, data: bytes) -> _Outcome:
        patience = job.expires_at - self._hall.clock.now()
        try:
            receipt = self._channel(printer).send(
                str(job.id),
                data,
                watcher=_Watch(self._hall, self._states, job, printer.id, self._lease),
                patience_seconds=patience.total_seconds(),
                is_mute=job.target in self._mute,
            )
        except ChannelError as error:
            self._failed(job, printer, error)
            return _Outcome.FAILED
        self._torn.discard(job.target)
        self._finish(job, JobState.DONE)
        self._states.note(job.branch, printer.id, receipt.status)
        return _Outcome.PRINTED

    def _channel(self, printer: Printer) -> Channel:
        """Raises Unreachable when the address has no way here: an extra that is not installed any more."""
        try:
            return self._open_channel(printer.address)
        except ValueError as error:
            raise Unreachable(str(error)) from error

    def _status(self, printer: Printer) -> PrinterStatus:
        try:
            return self._channel(printer).status()
        except Unreachable as error:
            return failed(error.fault)

    def _failed(self, job: Job, printer: Printer, error: ChannelError) -> None:
        _log.warning(
            "print_failed",
            printer=printer.name,
            code=error.code,
            handed=error.handed.name,
            attempts=job.attempts,
        )
        if error.handed is not Handed.NOTHING:
            self._torn.add(job.target)
            self._mute.discard(job.target)
        fate = fate_after(error.handed)
        if fate is Fate.UNSURE:
            self._give_up(job, "unsure")
        elif fate is Fate.PRINTED:
            self._finish(job, JobState.DONE)
        now = self._hall.clock.now()
        with self._hall.store.administer() as connection:
            jobs.retry_target(connection, job.target, now + wait_after(job.attempts), error.code)
        self._states.note(job.branch, printer.id, cause_of(error, lambda: self._status(printer)))

    def _finish(self, job: Job, state: JobState, error: str | None = None) -> None:
        with self._hall.store.administer() as connection:
            jobs.finish(connection, job.id, state, error)

    def _give_up(self, job: Job, reason: str) -> None:
        with self._hall.store.change(job.branch) as work:
            now = self._hall.clock.now()
            if jobs.finish(work.connection, job.id, JobState.EXPIRED, reason):
                work.record_event(_not_printed(job, reason, now))
                work.commit()


class _Watch:
    """Tells staff how the printer is while a job lasts, and keeps the job claimed."""

    def __init__(
        self, hall: Hall, states: PrinterStates, job: Job, printer: int, lease: timedelta
    ) -> None:
        self._hall = hall
        self._states = states
        self._job = job
        self._printer = printer
        self._lease = lease
        self._renew_at = hall.clock.now() + lease / 3

    def told(self, status: PrinterStatus) -> None:
        now = self._hall.clock.now()
        if now >= self._renew_at:
            self._renew_at = now + self._lease / 3
            with self._hall.store.administer() as connection:
                jobs.renew(connection, self._job.id, now + self._lease)
        self._states.note(self._job.branch, self._printer, status)

    def before_last_ink(self) -> None:
        with self._hall.store.administer() as connection:
            jobs.note_last_ink(connection, self._job.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlace:
    """Where a ticket stands in its line; `wait` only when its paper tells it."""

    ahead: int
    wait: WaitRange | None = None


def ticket_paper(
    ticket: Ticket,
    branch: Branch,
    service: Service,
    *,
    place: LinePlace,
    url: str,
    printer: Printer,
    layout: PaperLayout | None = None,
) -> TicketPaper:
    """The words of a ticket in its language, under the branch's layout."""
    language = ticket.language
    is_waiting = ticket.state is TicketState.WAITING
    return words_of(
        language=language,
        printer_width_dots=printer.width_dots,
        municipality=in_language(branch.names, language),
        service=in_language(service.names, language),
        documents=service.documents.get(language, ()),
        number=ticket.label,
        issued_at=ticket.issued_at,
        zone=branch.hours.zone.key,
        url=url,
        ahead=place.ahead if is_waiting else None,
        wait=place.wait if is_waiting else None,
        layout=layout,
    )


def _place(connection: Connection, ticket: Ticket, layout: PaperLayout | None) -> LinePlace:
    ahead = reads.ahead_of(connection, ticket)
    if layout is None or Part.WAIT not in layout.parts:
        return LinePlace(ahead=ahead)
    staffing = read_staffing_around(connection, ticket.branch, ticket.day, ticket.service)
    return LinePlace(ahead=ahead, wait=views.wait_range(staffing, ticket.service, ahead))


def _not_printed(job: Job, reason: str, now: datetime) -> Event:
    data = {"target": job.target, "reason": reason}
    return Event(kind=EventKind.TICKET_NOT_PRINTED, at=now, ticket=job.ticket, data=data)

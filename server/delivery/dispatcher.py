"""Turns events into jobs: reads the outbox, and moves its cursor in the transaction that makes the jobs.

A crash at any point loses nothing and doubles nothing: either both are written or neither.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from server.actions.hall import Hall
from server.db import jobs, outbox, reads
from server.db.jobs import JobKind, NewJob
from server.domain.branch import Printer
from server.domain.events import EventKind, RecordedEvent
from server.domain.ids import BranchId

CONSUMER = "print"
EVENTS_IGNORED_MAX = 1_000
"""A branch without a printer has nothing to print: its cursor follows in strides, not at every tap."""
_log = structlog.get_logger(__name__)


class Dispatcher:
    """Makes a print job of every issued ticket whose branch has a printer and whose kiosk has none of its own."""

    def __init__(self, hall: Hall, *, expires_after: timedelta) -> None:
        self._hall = hall
        self._expires_after = expires_after

    def run_once(self) -> int:
        """Meet every event that is new; returns how many jobs were made."""
        with self._hall.store.read() as connection:
            waiting = [
                each.branch
                for each in outbox.behind(connection, CONSUMER)
                if each.events > EVENTS_IGNORED_MAX or reads.printers_of(connection, each.branch)
            ]
        return sum(self._dispatch(branch) for branch in waiting)

    def _dispatch(self, branch: BranchId) -> int:
        made = 0
        while True:
            with self._hall.store.administer() as connection:
                stands_at = outbox.lock_cursor(connection, CONSUMER, branch)
                page = outbox.events_after(connection, branch, stands_at)
                if not page:
                    return made
                printers = {each.id: each for each in reads.printers_of(connection, branch)}
                for recorded in page:
                    job = self._job(branch, recorded, printers)
                    if job is not None:
                        jobs.add(connection, job)
                        made += 1
                outbox.move_cursor(connection, CONSUMER, branch, page[-1].seq)

    def _job(
        self, branch: BranchId, recorded: RecordedEvent, printers: dict[int, Printer]
    ) -> NewJob | None:
        event = recorded.event
        if event.kind is not EventKind.TICKET_ISSUED or not printers:
            return None
        wanted = event.data.get("printer")
        if wanted is None and "device" in event.data:
            return None  # that kiosk prints by itself
        if event.at + self._expires_after <= self._hall.clock.now():
            return None  # nobody waits at the kiosk any more (the server was away, or a printer is new)
        assert event.ticket is not None, "an issued ticket is named by its event"
        chosen = printers.get(int(wanted)) if wanted is not None else None
        if wanted is not None and chosen is None:
            _log.warning("printer_gone", branch=branch, printer=wanted, seq=recorded.seq)
        printer = chosen or next(iter(printers.values()))
        return NewJob(
            branch=branch,
            kind=JobKind.PRINT,
            target=jobs.printer_target(printer.id),
            ticket=event.ticket,
            event_seq=recorded.seq,
            created_at=event.at,
            expires_at=event.at + self._expires_after,
        )

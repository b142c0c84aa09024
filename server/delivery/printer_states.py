"""What staff know of each printer: every change is an event, and paper that runs again is not waited for."""

from __future__ import annotations

from collections.abc import Mapping

from server.actions.hall import Hall
from server.db import admin, jobs, reads
from server.delivery.channels import PrinterStatus
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId


class PrinterStates:
    """Writes only what has changed: a sweep over healthy printers costs a read each."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    def note(self, branch: BranchId, printer: int, status: PrinterStatus) -> None:
        """Record how a printer is, unless that is known already."""
        with self._hall.store.read() as connection:
            if reads.printer(connection, printer).state == status.code:
                return
        with self._hall.store.change(branch) as work:
            before = reads.printer(work.connection, printer)
            if before.state == status.code:
                return
            now = self._hall.clock.now()
            admin.save_printer_state(work.connection, printer, status.code)
            data: Mapping[str, str | int] = {"printer": printer, "state": status.code}
            work.record_event(Event(kind=EventKind.PRINTER_CHANGED, at=now, data=data))
            if before.shows_fault and status.fault is None:
                jobs.hurry_target(work.connection, jobs.printer_target(printer), now)
            work.commit()

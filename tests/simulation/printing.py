"""The print room: the real dispatcher and sender over a printer that breaks now and then."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from server.actions.hall import Hall
from server.db.jobs import JobState
from server.db.tables import jobs
from server.delivery.channels import (
    Broken,
    Handed,
    PrinterStatus,
    Receipt,
    Unreachable,
    Watcher,
)
from server.delivery.channels.memory import WELL
from server.delivery.dispatcher import Dispatcher
from server.delivery.paper import PaperPress, TicketPaper
from server.delivery.printing import PrintSender

LEASE = timedelta(seconds=30)
EXPIRES_AFTER = timedelta(minutes=3)


class PlainPress(PaperPress):
    """Prints the number and the address alone: what paper looks like is tested elsewhere."""

    def __init__(self) -> None:
        """Needs no font."""

    def escpos(self, paper: TicketPaper) -> bytes:
        return f"{paper.number} {paper.qr_url}".encode()


class FaultyPrinter:
    """A channel whose printer breaks now and then; `printed` is what came out."""

    def __init__(self, mishaps: random.Random) -> None:
        self.is_broken = False
        self.rate = 0.0
        """How often a job breaks half-way."""
        self.printed: Counter[str] = Counter()
        self._mishaps = mishaps

    def came_out(self, job_id: str, data: bytes) -> None:
        """The paper is in somebody's hand."""
        del data
        self.printed[job_id] += 1

    def send(
        self,
        job_id: str,
        data: bytes,
        *,
        watcher: Watcher,
        patience_seconds: float,
        is_mute: bool,
    ) -> Receipt:
        """The printer's side of a Channel."""
        del patience_seconds, is_mute
        if self.is_broken:
            raise Unreachable("the paper is jammed")
        if self._has_mishap():
            raise Broken("the cable came off half-way", handed=Handed.PART)
        watcher.before_last_ink()
        if self._has_mishap():
            raise Broken("it was switched off and forgot all", handed=Handed.ALL_INK)
        self.came_out(job_id, data)
        if self._has_mishap():
            raise Broken("the report was lost", handed=Handed.ALL_INK)
        return Receipt(is_proven=True, status=WELL)

    def status(self) -> PrinterStatus:
        """The other half of the printer's side."""
        return WELL

    def _has_mishap(self) -> bool:
        return self._mishaps.random() < self.rate


class PrintRoom(FaultyPrinter):
    """The server's worker beside its only printer."""

    def __init__(self, chance: random.Random) -> None:
        # Another for each seed, and drawing from it leaves the rest of the day as it is.
        super().__init__(random.Random(repr(chance.getstate())))
        self._chance = chance

    def maybe_break(self, rate: float) -> None:
        """The paper jams, or somebody has cleared it; until the next time, jobs may break half-way."""
        self.rate = rate
        if self._chance.random() < rate:
            self.is_broken = not self.is_broken

    def check(self, hall: Hall) -> None:
        """No job is printed twice, and none is believed printed that was not."""
        assert all(count == 1 for count in self.printed.values()), "a job printed twice"
        with hall.store.read() as connection:
            done = connection.execute(
                sa.select(jobs.c.id).where(jobs.c.state == JobState.DONE.value)
            ).scalars()
            assert {str(job) for job in done} <= set(self.printed), "believed, not printed"

    def deliver(self, hall: Hall) -> None:
        """One turn of the worker."""
        Dispatcher(hall, expires_after=EXPIRES_AFTER).run_once()
        PrintSender(
            hall, PlainPress(), lambda _: self, lambda ticket: ticket.secret, lease=LEASE
        ).run_once()

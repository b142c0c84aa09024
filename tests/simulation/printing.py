"""The print room: the real dispatcher and sender over a printer that breaks now and then."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from server.actions.hall import Hall
from server.delivery.channels import PrinterStatus, Receipt, Unreachable, Watcher
from server.delivery.channels.memory import WELL
from server.delivery.dispatcher import Dispatcher
from server.delivery.paper import PaperPress, TicketPaper
from server.delivery.printing import PrintSender

LEASE = timedelta(seconds=30)
EXPIRES_AFTER = timedelta(minutes=3)


class PlainPress(PaperPress):
    """Prints the number alone: what paper looks like is tested elsewhere."""

    def __init__(self) -> None:
        """Needs no font."""

    def escpos(self, paper: TicketPaper) -> bytes:
        return paper.number.encode()


class PrintRoom:
    """Keeps what came out; also the channel to its only printer."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.is_broken = False
        self.printed: Counter[str] = Counter()

    def maybe_break(self, rate: float) -> None:
        """The paper jams, or somebody has cleared it."""
        if self._chance.random() < rate:
            self.is_broken = not self.is_broken

    def deliver(self, hall: Hall) -> None:
        """One turn of the worker."""
        Dispatcher(hall, expires_after=EXPIRES_AFTER).run_once()
        PrintSender(
            hall, PlainPress(), lambda _: self, lambda ticket: ticket.secret, lease=LEASE
        ).run_once()

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
        del data, patience_seconds, is_mute
        if self.is_broken:
            raise Unreachable("the paper is jammed")
        watcher.before_last_ink()
        self.printed[job_id] += 1
        return Receipt(is_proven=True, status=WELL)

    def status(self) -> PrinterStatus:
        """The other half of the printer's side."""
        return WELL

"""The loops of delivery: each runs in a thread of its own, survives every error, and ends when told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from server.actions import devices, housekeeping
from server.actions.hall import Hall
from server.db import reads
from server.db.jobs import printer_target
from server.db.unit_of_work import CommitListener
from server.delivery.dispatcher import Dispatcher
from server.delivery.printing import PrintSender
from server.delivery.push import PULSE, Pusher
from server.domain.devices import SILENT
from server.domain.ids import BranchId, Seq

SWEEP = timedelta(seconds=1)
"""How late delivery is at the most when every hint was lost."""
GATHER = timedelta(milliseconds=30)
"""After a hint the dispatcher waits this long: many taps become one transaction."""
LOOK = timedelta(seconds=2)
"""How often an idle printer is asked how it is: staff hear of an open cover within 5 s."""
HOURS = timedelta(seconds=5)
"""How late the screens learn that the hall has opened or closed."""
DEVICES = timedelta(seconds=2)
"""How late staff learn that a device is silent, beyond the time that it may be."""
HOUSEKEEPING = timedelta(minutes=5)
PAUSE_AFTER_ERROR = timedelta(seconds=1)
STOP_TIMEOUT_SECONDS = 5
_log = structlog.get_logger(__name__)


class Hints(Protocol):
    """The way to and from the other processes, where there are any (`hints.RedisHints`)."""

    def tell(self, branch: BranchId, seq: Seq) -> None: ...
    def send_next(self) -> None: ...
    def hear_next(self) -> None: ...


class Worker:
    """Delivery of one process. `start` once, `stop` once."""

    def __init__(
        self,
        hall: Hall,
        *,
        pusher: Pusher,
        dispatcher: Dispatcher,
        sender: PrintSender,
        hints: Callable[[CommitListener], Hints] | None = None,
    ) -> None:
        self._hall = hall
        self._pusher = pusher
        self._dispatcher = dispatcher
        self._sender = sender
        self._started_at = hall.clock.now()
        self._hints = hints(self.hint) if hints is not None else None
        self._stopping = threading.Event()
        self._tapped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._printing: dict[str, threading.Thread] = {}
        self._look_at = 0.0

    def start(self) -> None:
        """Begin all loops; also listens for the commits of this process."""
        self._hall.store.listen(self.hint)
        loops: dict[str, Callable[[], None]] = {
            "push": self._push,
            "pulse": self._pulse,
            "print": self._print,
            "hours": self._watch_hours,
            "devices": self._watch_devices,
            "housekeeping": self._keep_house,
        }
        if self._hints is not None:
            self._hall.store.listen(self._hints.tell)
            loops |= {"hints out": self._hints.send_next, "hints in": self._hints.hear_next}
        for name, turn in loops.items():
            thread = threading.Thread(
                target=self._repeat, args=(name, turn), name=f"nouba-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def hint(self, branch: BranchId, seq: Seq) -> None:
        """A branch changed, here or in another process: look now instead of at the next sweep."""
        self._pusher.committed(branch, seq)
        self._tapped.set()

    def stop(self) -> None:
        """End the loops; what is not delivered yet is found again at the next start."""
        self._stopping.set()
        self._tapped.set()
        self._pusher.committed(BranchId(0), Seq(0))
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_SECONDS)

    def _repeat(self, name: str, turn: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                turn()
            except Exception:
                # A loop of delivery must outlive a lost database or a bug: log it whole, breathe, go on.
                _log.exception("delivery_error", loop=name)
                self._stopping.wait(PAUSE_AFTER_ERROR.total_seconds())

    def _push(self) -> None:
        self._pusher.wait(SWEEP)
        self._pusher.run_once()

    def _pulse(self) -> None:
        self._stopping.wait(PULSE.total_seconds())
        self._pusher.pulse()

    def _print(self) -> None:
        self._tapped.wait(SWEEP.total_seconds())
        self._stopping.wait(GATHER.total_seconds())
        self._tapped.clear()
        self._dispatcher.run_once()
        self._sender.expire()
        for target in self._sender.due():
            self._with_printer(target, partial(self._sender.work_through, target))
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK.total_seconds()
            for branch, printer in self._sender.printers():
                target = printer_target(printer.id)
                self._with_printer(target, partial(self._sender.look, branch, printer))

    def _with_printer(self, target: str, do: Callable[[], object]) -> None:
        """One thread a printer: one that hangs delays nobody else's paper, and none is spoken to by two."""
        present = self._printing.get(target)
        if present is not None and present.is_alive():
            return
        thread = threading.Thread(
            target=self._guarded, args=(target, do), name=f"nouba-{target}", daemon=True
        )
        self._printing[target] = thread
        thread.start()

    def _guarded(self, target: str, do: Callable[[], object]) -> None:
        try:
            do()
            # What was asked for meanwhile does not wait for the next sweep.
            if target in self._sender.due():
                self._sender.work_through(target)
        except Exception:
            # The jobs are pending or leased as before: the next sweep finds them.
            _log.exception("delivery_error", loop=target)

    def _watch_hours(self) -> None:
        with self._hall.store.read() as connection:
            branches = reads.all_branches(connection)
        for branch in branches:
            housekeeping.note_hours(hall=self._hall, branch=branch.id)
        self._stopping.wait(HOURS.total_seconds())

    def _watch_devices(self) -> None:
        """Not at once: while the server was away, no device could report."""
        if self._hall.clock.now() >= self._started_at + SILENT:
            with self._hall.store.read() as connection:
                branches = reads.all_branches(connection)
            for branch in branches:
                devices.note_silent(hall=self._hall, branch=branch.id)
        self._stopping.wait(DEVICES.total_seconds())

    def _keep_house(self) -> None:
        with self._hall.store.read() as connection:
            branches = reads.all_branches(connection)
        for branch in branches:
            housekeeping.close_past_days(hall=self._hall, branch=branch.id)
        housekeeping.forget_answers(hall=self._hall)
        housekeeping.forget_speech(hall=self._hall)
        self._stopping.wait(HOUSEKEEPING.total_seconds())

"""The real worker of delivery over the real virtual printer, on the machine's own clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from server.actions import settings
from server.actions.hall import Hall
from server.clock import SystemClock
from server.delivery.channels import open_channel
from server.delivery.channels.pieces import pieces
from server.delivery.dispatcher import Dispatcher
from server.delivery.paper import PaperPress, TicketPaper
from server.delivery.paper.fonts import FONTS
from server.delivery.printing import PrintSender
from server.delivery.push import Pusher
from server.delivery.worker import Worker
from server.rooms import Message, Room, Rooms
from tests.builders import Town
from tests.delivery.device_files import terminal_to
from virtual_printer import Conduct, Decoder, VirtualPrinter

WIDTH = 576
TOLD_SECONDS_MAX = 5.0
"""What the issue promises: staff see the cause within this."""
PRINTED_SECONDS_MAX = 20.0
SILENCE_SECONDS = 3.0


class KeepingPress(PaperPress):
    """Knows afterwards what each ticket should look like on paper."""

    def __init__(self) -> None:
        super().__init__(FONTS)
        self.jobs: list[bytes] = []

    def escpos(self, paper: TicketPaper) -> bytes:
        data = super().escpos(paper)
        if data not in self.jobs:
            self.jobs.append(data)
        return data

    def ink(self, index: int) -> bytes:
        """The rows of the picture of the ticket that was drawn `index`-th."""
        cut = pieces(self.jobs[index])
        decoder = Decoder(WIDTH)
        (paper,) = decoder.feed(b"".join([cut.head, *cut.ink])) + decoder.hang_up()
        return paper.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A town whose kiosk prints on the virtual printer."""

    town: Town
    printer: VirtualPrinter
    press: KeepingPress
    printer_id: int

    def whole_papers(self, index: int = 0) -> int:
        """How many papers bear all the ink of a ticket."""
        ink = self.press.ink(index)
        return sum(ink in printed.paper.rows for printed in self.printer.papers)

    def mend(self) -> None:
        self.printer.behave(Conduct())

    def state(self) -> str:
        return str(self._rows("SELECT state FROM printers")[0].state)

    def job_states(self) -> list[str]:
        return [str(row.state) for row in self._rows("SELECT state FROM jobs ORDER BY id")]

    def told(self) -> list[str]:
        """What staff were told of the printer, in order."""
        rows = self._rows("SELECT data FROM events WHERE kind = 'printer_changed' ORDER BY seq")
        return [str(row.data) for row in rows]

    def reasons(self) -> list[str]:
        """Why tickets were not printed, in order."""
        rows = self._rows("SELECT data FROM events WHERE kind = 'ticket_not_printed' ORDER BY seq")
        return [str(row.data) for row in rows]

    def must_be_told(self, code: str) -> None:
        """Staff see the cause in time."""
        wait_until(lambda: self.state() == code, TOLD_SECONDS_MAX, f"told {code}", self.state)

    def must_have_printed(self, count: int = 1) -> None:
        """So many jobs are done in the end, and the printer is well."""
        self.jobs_must_become(*["done"] * count)

    def jobs_must_become(self, *states: str) -> None:
        """The jobs stand like this in the end, oldest first."""
        wait_until(
            lambda: self.job_states() == list(states),
            PRINTED_SECONDS_MAX,
            f"jobs {states}",
            lambda: f"{self.job_states()}, printer {self.state()}",
        )

    def _rows(self, statement: str) -> list[sa.Row[*tuple[object, ...]]]:
        with self.town.engine.connect() as connection:
            return list(connection.execute(sa.text(statement)).all())


class _Nobody:
    """Paints and emits for rooms in which nobody is."""

    def paint(self, room: Room) -> Message:
        raise AssertionError(room)

    def emit(self, message: Message, room: str) -> None:
        raise AssertionError(message, room)

    def shut_out(self) -> None:
        """Nobody is in, so nobody is let go."""


@contextmanager
def by_network(printer: VirtualPrinter) -> Iterator[str]:
    """The address of a printer on the network."""
    host, port = printer.address
    yield f"tcp://{host}:{port}"


@contextmanager
def by_serial_port(printer: VirtualPrinter) -> Iterator[str]:
    """The address of a printer on a serial port."""
    with terminal_to(printer) as path:
        yield f"serial://{path}?baud=115200"


@contextmanager
def by_device_file(printer: VirtualPrinter) -> Iterator[str]:
    """The address of a printer behind the kernel's driver."""
    with terminal_to(printer) as path:
        yield f"file://{path}"


Way = Callable[[VirtualPrinter], AbstractContextManager[str]]


@contextmanager
def print_shop(
    town: Town, conduct: Conduct | None = None, *, way: Way = by_network
) -> Iterator[Shop]:
    """A running shop whose printer behaves like this from the start."""
    hall = Hall(store=town.hall.store, clock=SystemClock(), chance=town.hall.chance)
    press = KeepingPress()
    with VirtualPrinter(width_dots=WIDTH) as printer, way(printer) as address:
        printer.behave(conduct or Conduct())
        made = settings.create_printer(
            hall=hall,
            branch=town.branch,
            name="entrance",
            address=address,
            width_dots=WIDTH,
        )
        worker = Worker(
            hall,
            pusher=Pusher(hall, Rooms(), _Nobody(), _Nobody()),
            dispatcher=Dispatcher(hall, expires_after=timedelta(seconds=60)),
            sender=PrintSender(
                hall,
                press,
                partial(open_channel, send_timeout_seconds=SILENCE_SECONDS),
                lambda ticket: f"HTTP://Q.EXAMPLE.MA/T/{ticket.secret}",
                lease=timedelta(seconds=15),
            ),
        )
        worker.start()
        try:
            yield Shop(town=replace(town, hall=hall), printer=printer, press=press, printer_id=made)
        finally:
            printer.behave(Conduct())
            worker.stop()


def wait_until(
    is_so: Callable[[], bool], seconds: float, what: str, instead: Callable[[], object]
) -> None:
    """Raises AssertionError naming what was waited for, and what was there instead."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not {what} after {seconds} s, but {instead()}"
        time.sleep(0.02)

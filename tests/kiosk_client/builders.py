"""A kiosk of parts over a fake server: its own journal, a clock set by hand, a printer that only remembers."""

from __future__ import annotations

import itertools
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from device_client.clock import DeviceClock
from kiosk_client.house import Home
from kiosk_client.journal import Draft, Journal
from kiosk_client.link import Link
from kiosk_client.printer import PrinterLoop
from kiosk_client.running import FONTS
from kiosk_client.server import HttpServer
from server.delivery.channels import MemoryChannel
from server.delivery.paper import PaperPress
from server.domain.ids import Language
from server.domain.states import TicketClass
from server.kiosk_house import Taken, Tap
from server.wire import TicketAnswer
from server.wire_devices import Block
from tests.builders import HandClock, HandSteady, SeededChance
from tests.kiosk_client.fake_server import BRANCH, TOKEN, FakeServer, Town, fake_server

DEVICE = 7
DAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)
PAGE_BYTES = 4096
PRESS = PaperPress(FONTS)
"""One for all tests: it keeps what it has drawn."""
_keys = itertools.count(1)


def a_journal(path: Path, *, numbers: int = 50, pages_max: int | None = None) -> Journal:
    """A journal that was handed to `DEVICE`, with a block of each service on `DAY`."""
    first = Journal(path)
    first.hand_to(DEVICE)
    if numbers:
        first.keep_blocks(
            Block(service=code, day=DAY, first=1000 - numbers, last=999)
            for code in ("civil", "legal")
        )
    first.close()
    return Journal(path, device=DEVICE, pages_max=pages_max)


def a_draft(key: str, service: str = "civil", issued_at: datetime = NOON) -> Draft:
    """An offline ticket that waits for its number."""
    return Draft(
        key=key, id=f"I-{key}", secret=f"S-{key}", service=service, day=DAY, issued_at=issued_at
    )


def answer_for(draft: Draft, number: int) -> TicketAnswer:
    """What the screen would show."""
    return TicketAnswer(
        id=draft.id,
        label=f"A{number:03d}",
        state="waiting",
        service=draft.service,
        ticket_class="ordinary",
        language="fr",
        desk=None,
        issued_at=draft.issued_at,
        called_at=None,
        seq=0,
        secret=draft.secret,
        url=f"HTTP://NOUBA.TEST/T/{draft.secret}",
    )


@contextmanager
def full_disk() -> Iterator[None]:
    """No page of a database finds room in any file: writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PAGE_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@dataclass(slots=True, kw_only=True)
class Parts:
    """A kiosk without threads: a test takes its turns."""

    fake: FakeServer
    journal: Journal
    wall: HandClock
    steady: HandSteady
    clock: DeviceClock
    server: HttpServer
    link: Link
    channel: MemoryChannel
    printer: PrinterLoop
    home: Home
    changes: list[str] = field(default_factory=list)

    @property
    def town(self) -> Town:
        return self.fake.town

    def tap(self, service: str = "civil", key: str | None = None) -> Taken:
        """A citizen touches a service."""
        return self.home.take(BRANCH, a_tap(service, key))

    def close(self) -> None:
        """Let go of everything but the fake server."""
        self.link.stop()
        self.server.close()
        self.journal.close()

    def go_away(self) -> None:
        """The cable is pulled, and the kiosk has noticed."""
        self.fake.stop()
        self.link.turn()

    def come_back(self) -> None:
        """The cable is put back, and the kiosk has noticed."""
        self.fake.start()
        self.link.turn()


def a_tap(service: str = "civil", key: str | None = None) -> Tap:
    """A touch on a service, with a key of its own unless one is given."""
    return Tap(
        service=service,
        ticket_class=TicketClass.ORDINARY,
        language=Language.FRENCH,
        key=key or f"tap-{next(_keys)}",
    )


@contextmanager
def kiosk_parts(
    folder: Path, *, town: Town | None = None, pages_max: int | None = None
) -> Iterator[Parts]:
    """A paired kiosk that has met its server once."""
    with fake_server(town or Town(now=NOON)) as fake:
        journal = a_journal(folder / "journal.sqlite3", numbers=0, pages_max=pages_max)
        parts = assemble(fake, journal)
        parts.link.turn()
        yield parts
        parts.close()


def assemble(fake: FakeServer, journal: Journal, *, seed: int = 0) -> Parts:
    """The parts as `running.build` puts them together, but for clock, chance and printer."""
    wall, steady = HandClock(NOON), HandSteady()
    clock = DeviceClock(wall, steady, boot="boot-1")

    def heard(at: datetime, *, asked: float, answered: float) -> None:
        # The round trip is real, the rest of the time is the test's.
        clock.server_said(at, asked=steady(), answered=steady() + (answered - asked))

    server = HttpServer(fake.url, token=TOKEN, branch=BRANCH, heard=heard)
    channel = MemoryChannel()
    changes: list[str] = []
    printer = PrinterLoop(
        journal,
        clock,
        PRESS,
        channel,
        width_dots=576,
        catalogue=lambda: link.catalogue,
        changed=lambda: changes.append(printer.status().state),
    )
    link = Link(server, journal, clock, version="1", printer=printer.status)
    link.load()
    home = Home(
        link,
        journal,
        clock,
        SeededChance(seed),
        printer=printer.status,
        paper_ordered=printer.ordered,
    )
    return Parts(
        fake=fake,
        journal=journal,
        wall=wall,
        steady=steady,
        clock=clock,
        server=server,
        link=link,
        channel=channel,
        printer=printer,
        home=home,
        changes=changes,
    )

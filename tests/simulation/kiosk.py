"""A kiosk's machine: the real program of `kiosk_client`, killed between any two steps, and started again.

A step is a statement to the journal, the moment after its COMMIT, a request, an answer, the ink of a paper. A
process that is killed loses its memory; a machine whose power fails also loses what the disk was not told to keep.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from device_client.clock import Anchor, DeviceClock, Timekeeper
from kiosk_client.house import Home
from kiosk_client.journal import Journal
from kiosk_client.link import Link
from kiosk_client.printer import PrinterLoop
from server.actions.hall import Caller
from server.delivery.channels import Fault, PrinterStatus
from server.delivery.channels.memory import WELL
from server.delivery.channels.status import failed
from server.kiosk_house import Found, Taken, Tap
from tests.builders import HandClock, SeededChance
from tests.simulation.cable import Cable, Exchange
from tests.simulation.faults import Fuse, SimulatedCrash
from tests.simulation.printing import FaultyPrinter, PlainPress

T = TypeVar("T")
SYNCHRONOUS_FULL = 2
STEPS_OF_AN_ACT = (6, 20, 60)
"""A death is placed among so many steps; an act that needs fewer survives it."""


UPTIME_SECONDS = 4_000.0
"""What the steady clock shows at a start: an hour is over, and housekeeping is due."""


class Inline(Executor):
    """Does at once what it is given, so that a day has one thread and one order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


class Disk:
    """The disk below one journal. What was committed without a sync is gone when the power fails."""

    def __init__(self, path: Path, fuse: Fuse) -> None:
        self.path = path
        self._fuse = fuse
        self._synced: dict[Path, bytes] | None = None
        """The files before the first commit that nobody synced; None while there is none."""

    def connection(self) -> type[sqlite3.Connection]:
        """What a journal opens: it may die before each statement, and after a COMMIT."""
        disk, fuse = self, self._fuse

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                fuse.step(f"journal: {sql}")
                if sql == "COMMIT":
                    synchronous = super().execute("PRAGMA synchronous").fetchone()[0]
                    disk.is_to_commit(is_synced=synchronous >= SYNCHRONOUS_FULL)
                cursor = super().execute(sql, parameters)
                if sql == "COMMIT":
                    fuse.step("journal: after COMMIT")
                return cursor

            def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
                fuse.step(f"journal: {sql}")
                return super().executemany(sql, parameters)

        return Connection

    def is_to_commit(self, *, is_synced: bool) -> None:
        """A commit that is synced takes with it all before it."""
        if is_synced:
            self._synced = None
        elif self._synced is None:
            self._synced = {each: each.read_bytes() for each in self._files() if each.exists()}

    def lose_power(self) -> None:
        """Only what was synced is there afterwards. The journal must be closed."""
        if self._synced is not None:
            for each in self._files():
                each.unlink(missing_ok=True)
            for each, content in self._synced.items():
                each.write_bytes(content)
        self._synced = None

    def _files(self) -> tuple[Path, Path]:
        return self.path, self.path.with_name(self.path.name + "-wal")


class Wall:
    """The clock that anybody can set."""

    def __init__(self, true: HandClock) -> None:
        self._true = true
        self.wrong_by = timedelta(0)

    def now(self) -> datetime:
        return self._true.now() + self.wrong_by


class KioskPrinter(FaultyPrinter):
    """The machine's own: it says what ails it, and the machine may die while it prints."""

    def __init__(
        self, mishaps: random.Random, fuse: Fuse, seen: Callable[[str, str], None]
    ) -> None:
        """`seen` is told of each paper: its ticket, and what is on it."""
        super().__init__(mishaps)
        self._fuse = fuse
        self._seen = seen

    def came_out(self, job_id: str, data: bytes) -> None:
        self._fuse.step("before the last ink")
        super().came_out(job_id, data)
        self._seen(job_id, data.decode())
        self._fuse.step("the paper is out, and nobody was told")

    def status(self) -> PrinterStatus:
        return failed(Fault.PAPER_END) if self.is_broken else WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a kiosk is built of; a test puts a worse one in."""

    journal: type[Journal] = Journal
    cable: type[Cable] = Cable


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One run of the program."""

    journal: Journal
    printer: PrinterLoop
    link: Link
    home: Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What a journal holds, read as a stranger would."""

    keys: dict[str, str]
    """By ticket."""
    sync: dict[str, str]
    papers: dict[str, str]
    untold: frozenset[str]
    """Ended papers of which the server was not told."""


class Machine:
    """Build one whose journal was handed to its device, then `start`."""

    def __init__(
        self,
        path: Path,
        caller: Caller,
        exchange: Exchange,
        *,
        slug: str,
        seed: int,
        seen: Callable[[Machine, str, str], None],
        parts: Parts,
    ) -> None:
        self.device = caller.require_device()
        self.is_out = False
        """The cable is out."""
        self.is_revoked = False
        """An administrator has shut it out, whether or not it has heard."""
        self.deaths = 0
        self._caller = caller
        self._exchange = exchange
        self._slug = slug
        self._parts = parts
        self._chance = random.Random(seed)
        self._fuse = Fuse()
        self.disk = Disk(path, self._fuse)
        self.wall = Wall(exchange.clock)
        self._boots = 0
        self._booted = exchange.clock.now()
        self.printer = KioskPrinter(
            random.Random(seed + 1), self._fuse, lambda job, text: seen(self, job, text)
        )
        self._life: Life | None = None

    @property
    def is_running(self) -> bool:
        return self._life is not None

    # ------------------------------------------------------------ what happens to it

    def start(self) -> None:
        """What an init system does."""
        assert self._life is None
        self._life = self._build()

    def fail(self, *, power: bool) -> None:
        """The program is gone; with `power`, so is what was not synced, and the machine counts its time anew."""
        if self._life is not None:
            self._life.link.stop()
            self._life.journal.close()
            self.deaths += 1
        self._life = None
        if power:
            self.disk.lose_power()
            self._boots += 1
            self._booted = self._exchange.clock.now()

    def _do(self, act: Callable[[Life], T], risk: float) -> T | None:
        """None when it is not running, or died of it."""
        if self._life is None:
            return None
        if self._chance.random() < risk:
            self._fuse.arm(self._chance.randrange(self._chance.choice(STEPS_OF_AN_ACT)))
        try:
            return act(self._life)
        except SimulatedCrash:
            self.fail(power=self._chance.random() < 0.5)
            return None
        finally:
            self._fuse.disarm()

    # ------------------------------------------------------------ what it does

    def tap(self, tap: Tap, risk: float) -> Taken | None:
        """A citizen's touch. Raises Refusal."""
        return self._do(lambda life: life.home.take(self._slug, tap), risk)

    def find(self, secret: str, risk: float) -> Found | None:
        """A citizen's QR. Raises Refusal."""
        return self._do(lambda life: life.home.find(self._slug, secret, reinstate=True), risk)

    def sync(self, risk: float) -> None:
        """A turn of the link."""
        self._do(lambda life: life.link.turn(), risk)

    def print(self, risk: float) -> None:
        """A turn of the printer."""
        self._do(lambda life: life.printer.turn(self.printer), risk)

    def book(self) -> Book:
        """Its journal, whether or not it is running."""
        with closing(sqlite3.connect(self.disk.path)) as db:
            tickets = db.execute("SELECT id, key, sync FROM tickets").fetchall()
            papers = db.execute("SELECT ticket, state, told FROM papers").fetchall()
        return Book(
            keys={row[0]: row[1] for row in tickets},
            sync={row[0]: row[2] for row in tickets},
            papers={row[0]: row[1] for row in papers},
            untold=frozenset(row[0] for row in papers if not row[2]),
        )

    # ------------------------------------------------------------ putting it together

    def _build(self) -> Life:
        """As `kiosk_client.running.build`, over this machine's clock, cable, disk and printer."""
        journal = self._parts.journal(
            self.disk.path, device=self.device, connection=self.disk.connection()
        )
        clock = DeviceClock(
            self.wall,
            self._steady,
            boot=f"boot-{self._boots}",
            anchor=journal.anchor(),
            not_before=journal.latest_time(),
        )

        def keep(anchor: Anchor) -> None:
            journal.keep_anchor(anchor)

        cable = self._parts.cable(
            self._exchange,
            self._caller,
            is_out=lambda: self.is_out,
            heard=Timekeeper(clock, keep).heard,
            steady=self._steady,
            fuse=self._fuse,
        )
        printer = PrinterLoop(
            journal,
            clock,
            PlainPress(),
            self.printer,
            width_dots=576,
            catalogue=lambda: link.catalogue,
            changed=lambda: None,
        )
        link = Link(
            cable,
            journal,
            clock,
            version="1",
            printer=printer.status,
            asking=Inline(),
            steady=self._steady,
        )
        link.load()
        home = Home(
            link,
            journal,
            clock,
            SeededChance(self._chance.getrandbits(64)),
            printer=printer.status,
            paper_ordered=lambda: None,  # the day decides when the printer has its turn
        )
        return Life(journal=journal, printer=printer, link=link, home=home)

    def _steady(self) -> float:
        return (self._exchange.clock.now() - self._booted).total_seconds() + UPTIME_SECONDS

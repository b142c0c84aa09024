"""The way from a kiosk that can stand alone to the server and back: `kiosk_client.server.Server` without HTTP.

What a kiosk asks may be lost, be done though the answer is lost, be done twice, or be done long after the
kiosk gave up; the server may die over it, and the cable may be out for minutes. The kiosk then hears only `Away`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec

from device_client.http import Away
from device_client.server import Heard, Revoked
from kiosk_client.server import Issued
from server.actions import devices, offline, scans, tickets
from server.actions.hall import Caller, Hall
from server.db import device_views, reads, views
from server.db import devices as device_rows
from server.db.engine import Connection
from server.domain.errors import Refusal
from server.domain.ids import Secret, TicketId
from server.kiosk_house import Tap
from server.wire import KioskView
from server.wire_devices import (
    BlocksAnswer,
    DeviceCatalogue,
    DeviceReport,
    OfflineTicket,
    ReportAnswer,
    ScanAnswer,
    UploadAnswer,
)
from tests.builders import HandClock
from tests.simulation.faults import Fuse, Process, SimulatedCrash
from tests.simulation.network import STEPS_OF_A_REQUEST

T = TypeVar("T")
PUBLIC_URL = "http://town.example"
TAP_PATIENCE = timedelta(seconds=1.5)
PATIENCE = timedelta(seconds=5)
LATE_SECONDS_MAX = 120
TAPS_ARE_WORSE = 3.0
"""A tap meets a mishap this much more often than the rest: it is where a citizen may get two places."""


class Mishap(StrEnum):
    """What can happen to one request of a kiosk."""

    CRASH = "crash"
    LOST_REPLY = "lost_reply"
    LOST_REQUEST = "lost_request"
    DUPLICATE = "duplicate"
    LATE = "late"


class Exchange:
    """Where all cables end; `rate` of the requests meet a mishap, none once it is zero."""

    def __init__(
        self,
        process: Process,
        clock: HandClock,
        chance: random.Random,
        later: Callable[[timedelta, Callable[[], None]], None],
        rate: float,
    ) -> None:
        self.process = process
        self.clock = clock
        self.rate = rate
        self.met: Counter[Mishap] = Counter()
        self._chance = chance
        self._later = later

    def carry(self, request: Callable[[Hall], T], patience: timedelta, *, worse: float) -> T:
        """The answer; mishaps are `worse` times as frequent. Raises Away, and what the server raises."""
        self.clock.advance(timedelta(milliseconds=self._chance.randint(5, 200)))
        mishap = self._mishap(self.rate * worse)
        match mishap:
            case None:
                return request(self.process.hall)
            case Mishap.CRASH:
                return self._die(request)
            case Mishap.DUPLICATE:
                request(self.process.hall)
                return request(self.process.hall)
            case Mishap.LOST_REPLY:
                self._unheard(request)
            case Mishap.LATE:
                span = timedelta(seconds=self._chance.randint(1, LATE_SECONDS_MAX))
                self._later(span, lambda: self._unheard(request))
            case Mishap.LOST_REQUEST:
                pass
        self.clock.advance(patience)
        raise Away(str(mishap))

    def _die(self, request: Callable[[Hall], T]) -> T:
        self.process.fuse.arm(self._chance.randrange(STEPS_OF_A_REQUEST))
        try:
            return request(self.process.hall)
        except SimulatedCrash as crash:
            self.process.restart()
            raise Away("the server died") from crash
        finally:
            self.process.fuse.disarm()

    def _unheard(self, request: Callable[[Hall], object]) -> None:
        with suppress(Refusal, Revoked):
            request(self.process.hall)

    def _mishap(self, rate: float) -> Mishap | None:
        if self._chance.random() >= rate:
            return None
        mishap = self._chance.choice(list(Mishap))
        self.met[mishap] += 1
        return mishap


class Cable:
    """One kiosk's: implements `kiosk_client.server.Server` over the server's own actions."""

    def __init__(
        self,
        exchange: Exchange,
        caller: Caller,
        *,
        is_out: Callable[[], bool],
        heard: Heard,
        steady: Callable[[], float],
        fuse: Fuse,
    ) -> None:
        """`fuse` may end the kiosk before a request and after an answer."""
        self._exchange = exchange
        self._caller = caller
        self._is_out = is_out
        self._heard = heard
        self._steady = steady
        self._fuse = fuse

    def time(self) -> datetime:
        """The true one."""
        return self._exchange.clock.now()

    def issue(self, tap: Tap) -> Issued:
        def work(hall: Hall) -> Issued:
            answered = tickets.issue_ticket(
                hall=hall,
                caller=self._caller,
                branch=self._caller.branch,
                service=tap.service,
                ticket_class=tap.ticket_class,
                language=tap.language,
                key=tap.key,
            )
            url = f"{PUBLIC_URL}/T/{answered.value.secret}".upper()
            return Issued(answer=replace(answered.value, url=url), is_new=answered.is_new)

        return self._ask(work, TAP_PATIENCE, worse=TAPS_ARE_WORSE)

    def kiosk_view(self, known: int | None) -> KioskView | None:
        def work(hall: Hall) -> KioskView | None:
            with hall.store.read() as connection:
                branch = reads.branch(connection, self._caller.branch)
                if branch.seq == known:
                    return None
                return views.kiosk(connection, branch, hall.clock.now())

        return self._ask(work)

    def catalogue(self, known: str | None) -> DeviceCatalogue | None:
        def work(hall: Hall) -> DeviceCatalogue | None:
            with hall.store.read() as connection:
                found = self._catalogue(connection, hall.clock.now())
                return None if found.version == known else found

        return self._ask(work)

    def blocks(self, day: date) -> BlocksAnswer:
        # A key of its own for each request is as good as none.
        return self._ask(
            lambda hall: (
                offline.lease_blocks(hall=hall, caller=self._caller, day=day, key=None).value
            )
        )

    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer:
        return self._ask(
            lambda hall: (
                offline.keep_tickets(hall=hall, caller=self._caller, tickets=tickets, key=key).value
            )
        )

    def report(self, report: DeviceReport) -> ReportAnswer:
        def work(hall: Hall) -> ReportAnswer:
            devices.report_device(hall=hall, caller=self._caller, report=report)
            with hall.store.read() as connection:
                found = self._catalogue(connection, hall.clock.now())
                seq = reads.branch(connection, self._caller.branch).seq
            return ReportAnswer(seq=seq, at=found.at, catalogue_version=found.version)

        return self._ask(work)

    def scan(self, secret: str, *, reinstate: bool) -> ScanAnswer:
        return self._ask(
            lambda hall: scans.scan_ticket(
                hall=hall,
                caller=self._caller,
                secret=Secret(secret),
                reinstate=reinstate,
                key=None,
            )
        )

    def paper(self, ticket: str, state: str, reason: str | None) -> None:
        def work(hall: Hall) -> None:
            offline.note_paper(
                hall=hall,
                caller=self._caller,
                ticket_id=TicketId(ticket),
                state="printed" if state == "printed" else "not_printed",
                reason=reason or "unknown",
                key=None,
            )

        self._ask(work)

    def _catalogue(self, connection: Connection, now: datetime) -> DeviceCatalogue:
        branch = reads.branch(connection, self._caller.branch)
        return device_views.catalogue(connection, branch, public_url=PUBLIC_URL, now=now)

    def _ask(
        self, work: Callable[[Hall], T], patience: timedelta = PATIENCE, *, worse: float = 1.0
    ) -> T:
        self._fuse.step("before a request leaves")
        if self._is_out():
            raise Away("the cable is out")
        asked = self._steady()
        value = self._exchange.carry(lambda hall: self._admitted(hall, work), patience, worse=worse)
        self._heard(self.time(), asked=asked, answered=self._steady())
        self._fuse.step("an answer is here")
        # What goes over a wire is only what JSON can hold.
        return msgspec.json.decode(msgspec.json.encode(value), type=type(value))

    def _admitted(self, hall: Hall, work: Callable[[Hall], T]) -> T:
        """As the server's door: a revoked token opens nothing."""
        device = self._caller.require_device()
        with hall.store.read() as connection:
            if device_rows.device(connection, self._caller.branch, device).revoked_at is not None:
                raise Revoked
        return work(hall)

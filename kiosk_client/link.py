"""The link to the server: keeps what the kiosk knows fresh, brings what it gave out alone, tells how it is.

One thread, one turn every two seconds. Whatever a turn could not do is done by a later one: nothing is kept
in memory that the journal does not hold.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

import msgspec
import structlog

from device_client.clock import DeviceClock
from device_client.http import Away
from device_client.server import Revoked
from kiosk_client.catalogue import Catalogue
from kiosk_client.journal import Journal, JournalFailure
from kiosk_client.server import TAP_TIMEOUT_SECONDS, Server
from server.domain.errors import Refusal
from server.wire import KioskView
from server.wire_devices import (
    DeviceCatalogue,
    DeviceReport,
    JournalState,
    KeptTicket,
    OfflineTicket,
    PaperState,
)

POLL_SECONDS: Final = 2.0
AWAY_SECONDS_MAX: Final = 5.0
REPORT_SECONDS: Final = 5.0
BATCH_TICKETS_MAX: Final = 100
HELD_TICKETS_MAX: Final = 10
"""So many that are refused one by one are the server's trouble, not theirs."""
UPLOAD_AGAIN_SECONDS: Final = 60.0
PAPERS_TOLD_MAX: Final = 50
"""A turn; the rest waits for the next."""
LEASE_AGAIN_SECONDS: Final = 60.0
"""When the server gave no further numbers of a service, it is asked again this much later."""
HOUSEKEEPING_SECONDS: Final = 3600.0
KEPT_FOR: Final = timedelta(days=7)
ASKING_THREADS: Final = 4
_CATALOGUE: Final = "catalogue"
_REVOKED: Final = "revoked"
_log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterReport:
    """`state` is `ok`, `unknown`, `none` or the code of a fault."""

    state: str
    paper: PaperState


class Link:
    """Start `run` in a thread of its own; any thread may ask the rest."""

    def __init__(
        self,
        server: Server,
        journal: Journal,
        clock: DeviceClock,
        *,
        version: str,
        printer: Callable[[], PrinterReport],
        asking: Executor | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`asking` carries a tap's question while the tap waits (by default a few threads); `steady` counts seconds."""
        self._server = server
        self._journal = journal
        self._clock = clock
        self._version = version
        self._printer = printer
        self._online: bool | None = None
        self._revoked = False
        self._catalogue: Catalogue | None = None
        self._view: KioskView | None = None
        self._wanted_version = ""
        self._fruitless: dict[date, float] = {}
        self._reported: DeviceReport | None = None
        self._reported_at = 0.0
        self._upload_again_at = 0.0
        self._kept_house_at = 0.0
        self._waiting_seconds = POLL_SECONDS
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._steady = steady
        self._asking = asking or ThreadPoolExecutor(ASKING_THREADS, thread_name_prefix="nouba-ask")

    # ------------------------------------------------------------ what the house asks

    @property
    def is_online(self) -> bool:
        """Whether the server is worth asking: it answered the last time, or was never asked yet."""
        return self._online is not False

    @property
    def is_revoked(self) -> bool:
        """Whether an administrator has shut this kiosk out."""
        return self._revoked

    @property
    def catalogue(self) -> Catalogue | None:
        """None until the first contact ever."""
        return self._catalogue

    @property
    def view(self) -> KioskView | None:
        """The services as the server last showed them; None while it is away."""
        return self._view if self.is_online else None

    @property
    def seq(self) -> int:
        """The version of the branch that was last seen: a screen keeps the highest, and none goes back."""
        return self._view.seq if self._view is not None else 0

    def ask(self, question: Callable[[Server], T]) -> T:
        """The server's answer within `TAP_TIMEOUT_SECONDS` in all, looking up its name included.

        Raises Away at once when it is known to be away, Revoked, or the server's Refusal.
        """
        if not self.is_online:
            raise Away("known to be away")
        asked: Future[T] = self._asking.submit(question, self._server)
        try:
            return asked.result(TAP_TIMEOUT_SECONDS)
        except TooLate as error:
            asked.cancel()
            self._is_away("no answer to a tap")
            raise Away("no answer in time") from error
        except Away as error:
            self._is_away(str(error))
            raise
        except Revoked:
            self._is_revoked(revoked=True)
            raise

    def wake(self) -> None:
        """Something changed that the server should know at once."""
        self._woken.set()

    # ------------------------------------------------------------ the loop

    def load(self) -> None:
        """What the journal knows from before this start. Raises JournalFailure."""
        raw = self._journal.fact(_CATALOGUE)
        self._revoked = self._journal.fact(_REVOKED) == "1"
        if not raw:
            return
        try:
            self._catalogue = Catalogue(msgspec.json.decode(raw, type=DeviceCatalogue))
        except (msgspec.MsgspecError, ValueError, KeyError, Refusal) as error:
            # Written by another version of this program: without one, it is fetched anew.
            _log.error("catalogue_unreadable", problem=str(error))

    def run(self) -> None:
        """Turn after turn until `stop`."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self.turn()
            except Exception:
                # The loop must outlive a bug: log it whole, breathe, go on.
                _log.exception("link_error")
            self._woken.wait(self._waiting_seconds)

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        self._asking.shutdown(wait=False, cancel_futures=True)

    def turn(self) -> None:
        """Everything that is due now; what the server does not answer is due again next time."""
        moved = self._clock.notice_jump()
        if moved is not None:
            _log.warning("clock_jumped", seconds=moved)
            self._reported = None
        try:
            self._refresh_view()
            self._refresh_catalogue()
            self._upload()
            # After the tickets: by them the server knows how much of a block is used up.
            self._lease()
            self._tell_papers()
            self._report()
        except Away as error:
            self._is_away(str(error))
        except Revoked:
            self._is_revoked(revoked=True)
        except Refusal as refusal:
            _log.error("server_refused", code=refusal.code, problem=refusal.message)
        except JournalFailure as failure:
            _log.error("journal_failed", state=failure.state, problem=str(failure))
            self._report_failure()
        self._keep_house()

    def _refresh_view(self) -> None:
        known = self._view.seq if self._view is not None else None
        try:
            view = self._server.kiosk_view(known)
        except Refusal as refusal:
            raise Away(f"no view: {refusal.code}") from refusal
        if view is not None:
            self._view = view
        self._is_back()

    def _refresh_catalogue(self) -> None:
        version = self._catalogue.raw.version if self._catalogue is not None else None
        if version is not None and version == self._wanted_version:
            return
        raw = self._server.catalogue(version)
        self._wanted_version = raw.version if raw is not None else version or ""
        if raw is None:
            return
        try:
            self._catalogue = Catalogue(raw)
        except (ValueError, KeyError, Refusal) as error:
            # The one before is still good; a newer server may know words that this version does not.
            _log.error("catalogue_not_understood", problem=str(error))
            return
        self._fruitless.clear()
        self._journal.keep_fact(_CATALOGUE, msgspec.json.encode(raw).decode())

    def _lease(self) -> None:
        if self._catalogue is None:
            return
        for day in self._catalogue.days_to_lease(self._clock.now()):
            if self._is_lacking(day) and self._steady() >= self._fruitless.get(day, 0.0):
                self._lease_for(day)
                if self._is_lacking(day):
                    self._fruitless[day] = self._steady() + LEASE_AGAIN_SECONDS

    def _is_lacking(self, day: date) -> bool:
        assert self._catalogue is not None, "asked only about the days of a catalogue"
        return bool(self._catalogue.codes - self._journal.at_ease(day))

    def _lease_for(self, day: date) -> None:
        try:
            answer = self._server.blocks(day)
        except Refusal as refusal:
            _log.warning("no_numbers_leased", day=day.isoformat(), code=refusal.code)
        else:
            self._journal.keep_blocks(answer.blocks)

    def _upload(self) -> None:
        """A refusal of the whole request is no verdict on its tickets: the others go on, it is sent later."""
        if self._steady() < self._upload_again_at:
            return
        size, held = BATCH_TICKETS_MAX, 0
        while held < HELD_TICKETS_MAX and not self._stopping.is_set():
            batch = self._journal.to_upload(size, skip=held)
            if not batch:
                break
            results = self._sent(batch)
            if results:
                self._journal.uploaded(results)
                size = BATCH_TICKETS_MAX
            elif len(batch) > 1:
                size = len(batch) // 2
            else:
                held += 1
        if held:
            self._upload_again_at = self._steady() + UPLOAD_AGAIN_SECONDS

    def _sent(self, batch: tuple[OfflineTicket, ...]) -> tuple[KeptTicket, ...]:
        """The server's verdict on each; nothing when it refused them as a whole."""
        try:
            results = self._server.upload(batch, _key_of(batch)).results
        except Refusal as refusal:
            _log.error("upload_refused", count=len(batch), code=refusal.code)
            return ()
        if {each.key for each in results} != {each.key for each in batch}:
            raise Away("the answer is about other tickets")
        for each in results:
            if each.outcome == "refused":
                _log.error("ticket_refused", key=each.key, code=each.code)
        _log.info("tickets_uploaded", count=len(batch))
        return results

    def _tell_papers(self) -> None:
        for ticket, end, reason in self._journal.papers_to_tell(PAPERS_TOLD_MAX):
            state = "printed" if end == "done" else "not_printed"
            with suppress(Refusal):  # a ticket that the server forgot needs no paper either
                self._server.paper(ticket, state, reason)
            self._journal.told(ticket)

    def _report(self) -> None:
        present = self._present(self._journal.state, self._journal.waiting_to_sync())
        changed = self._reported is None or _facts_of(present) != _facts_of(self._reported)
        if not changed and self._steady() - self._reported_at < REPORT_SECONDS:
            return
        answer = self._server.report(present)
        self._reported, self._reported_at = present, self._steady()
        self._wanted_version = answer.catalogue_version

    def _report_failure(self) -> None:
        """The journal cannot even be read: staff must know, and the disk may have room again."""
        with suppress(Away, Revoked, Refusal):
            waiting = self._reported.waiting_to_sync if self._reported is not None else 0
            self._reported = self._present(self._journal.state, waiting)
            self._server.report(self._reported)
        with suppress(JournalFailure):
            self._journal.probe()

    def _present(self, journal: JournalState, waiting: int) -> DeviceReport:
        printer = self._printer()
        return DeviceReport(
            version=self._version,
            printer_state=printer.state,
            paper=printer.paper,
            waiting_to_sync=waiting,
            journal=journal,
            clock_skew_seconds=self._clock.skew_seconds,
        )

    def _keep_house(self) -> None:
        if self._clock.skew_seconds is None:
            # Only a guess of the time: a wall clock a year ahead would take today's numbers for old ones,
            # and the server would lease the same ones again.
            return
        if self._steady() - self._kept_house_at < HOUSEKEEPING_SECONDS:
            return
        with suppress(JournalFailure):
            if self._catalogue is not None:
                today = self._catalogue.hours.business_day(self._clock.now())
                self._journal.forget(today - KEPT_FOR)
                self._kept_house_at = self._steady()

    # ------------------------------------------------------------ there, away, shut out

    def _is_back(self) -> None:
        if self._online is not True:
            _log.info("server_reached")
            self._reported = None
        self._online = True
        self._waiting_seconds = POLL_SECONDS
        if self._revoked:
            self._is_revoked(revoked=False)

    def _is_away(self, problem: str) -> None:
        if self._online is not False:
            _log.warning("server_away", problem=problem)
            self._waiting_seconds = POLL_SECONDS / 2
        self._online = False
        self._waiting_seconds = min(self._waiting_seconds * 1.5, AWAY_SECONDS_MAX)

    def _is_revoked(self, *, revoked: bool) -> None:
        self._waiting_seconds = AWAY_SECONDS_MAX if revoked else POLL_SECONDS
        if self._revoked is revoked:
            return
        self._revoked = revoked
        _log.error("token_revoked") if revoked else _log.info("token_accepted")
        with suppress(JournalFailure):
            self._journal.keep_fact(_REVOKED, str(int(revoked)))


def _key_of(batch: tuple[OfflineTicket, ...]) -> str:
    """The same tickets are the same request, however often they are sent."""
    return hashlib.sha256("\n".join(each.key for each in batch).encode()).hexdigest()


def _facts_of(report: DeviceReport) -> tuple[object, ...]:
    """What makes a report worth sending at once; the skew of a clock wavers all the time."""
    return (
        report.printer_state,
        report.paper,
        report.waiting_to_sync,
        report.journal,
        report.clock_skew_seconds is None,
    )

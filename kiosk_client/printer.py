"""The printer loop: one paper after the other, each at most once, within milliseconds of the tap.

Before the last of the ink leaves, the journal says so; afterwards it says how it ended. A paper that may be
out, because its sending broke at the very end or the machine died then, is never sent again: its citizen is
told to note the number, and staff learn of it (`server/delivery/channels/attempts.py` has the rules).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from kiosk_client.catalogue import Catalogue
from kiosk_client.journal import Entry, Journal, JournalFailure, Paper
from kiosk_client.link import PrinterReport
from server.clock import Clock
from server.delivery.channels import (
    Channel,
    ChannelError,
    Fate,
    Handed,
    PrinterStatus,
    cause_of,
    fate_after,
    fate_after_crash,
)
from server.delivery.channels.status import LOOK_AGAIN_SECONDS, UNKNOWN
from server.delivery.paper import PaperPress, TicketPaper
from server.delivery.paper.ticket_paper import WidthDots
from server.delivery.paper.words import words_of
from server.delivery.retry import wait_after
from server.domain.ids import Language, in_language

EXPIRE: Final = timedelta(minutes=3)
"""By then its citizen has noted the number and left the kiosk."""
LOOK_SECONDS: Final = 2.0
"""An idle printer is asked this often how it is: staff know of an empty roll before the next citizen does."""
PAUSE_AFTER_ERROR_SECONDS: Final = 1.0
MUTE_LOOK_SECONDS: Final = 30.0
"""One that never answers is asked seldom: each question holds up the paper of who taps meanwhile."""
NO_PRINTER: Final = PrinterReport(state="none", paper="unknown")
UNSURE: Final = "unsure"
_log = structlog.get_logger(__name__)


class PrinterLoop:
    """Start `run` in a thread of its own. Without a channel there is no printer, and nothing to run."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        press: PaperPress,
        channel: Channel | None,
        *,
        width_dots: WidthDots,
        catalogue: Callable[[], Catalogue | None],
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when the state of the printer is another, from the loop's thread."""
        self._journal = journal
        self._clock = clock
        self._press = press
        self._channel = channel
        self._width_dots = width_dots
        self._catalogue = catalogue
        self._changed = changed
        self._known = UNKNOWN
        self._is_mute = False
        """It answered nothing when last asked: asking before each job would only cost time."""
        self._is_torn = False
        """It may wait for the rest of a picture that broke off: its silence proves nothing."""
        self._failures = 0
        self._warmed: str | None = None
        self._woken = threading.Event()
        self._stopping = threading.Event()

    def status(self) -> PrinterReport:
        """How the printer is, as far as it tells."""
        if self._channel is None:
            return NO_PRINTER
        known = self._known
        state = known.state if known.fault is None else known.fault.value
        return PrinterReport(state=state, paper=known.paper.value)

    def ordered(self) -> None:
        """A paper waits in the journal: print it now."""
        self._woken.set()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()

    def run(self) -> None:
        """Print until `stop`. A tap wakes it at once; it never looks into the journal to see whether one came."""
        if self._channel is None:
            self._stopping.wait()  # a thread that ends unasked counts as dead
            return
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                wait = self.turn(self._channel)
            except JournalFailure as failure:
                # Without the journal nobody could say later whether a paper is out: none is sent.
                _log.error("journal_failed", state=failure.state, problem=str(failure))
                wait = PAUSE_AFTER_ERROR_SECONDS
            except Exception:
                _log.exception("printer_loop_error")
                wait = PAUSE_AFTER_ERROR_SECONDS
            self._woken.wait(wait)

    def turn(self, channel: Channel) -> float:
        """Print all that waits, then ask how the printer is; returns the seconds until the next turn."""
        while (paper := self._journal.next_paper()) is not None and not self._stopping.is_set():
            if not self._print(channel, paper):
                return wait_after(self._failures).total_seconds()
        self._warm_up()
        if not self._woken.is_set():
            self._look(channel)
        return MUTE_LOOK_SECONDS if self._is_mute else LOOK_SECONDS

    def _look(self, channel: Channel) -> None:
        status = channel.status()
        if status != self._known and status.is_doubtful:
            if self._woken.wait(LOOK_AGAIN_SECONDS):
                return  # a citizen waits: the job itself will tell
            status = channel.status()
        self._is_mute = status.state == "unknown" and not self._is_torn
        self.note(status)

    def note(self, status: PrinterStatus) -> None:
        """The printer told how it is."""
        if status != self._known:
            _log.info("printer_changed", state=status.code)
            self._known = status
            self._changed()

    def _print(self, channel: Channel, paper: Paper) -> bool:
        """False when the printer has a fault and the paper must wait."""
        if self._journal.state != "ok":
            self._journal.probe()  # else a paper would be begun again and again, and never end
        if fate_after_crash(last_ink_was_noted=paper.is_interrupted) is Fate.UNSURE:
            self._journal.end_paper(paper.ticket, "doubtful", UNSURE)
            return True
        age = self._clock.now() - paper.made_at
        if age > EXPIRE:
            _log.warning("paper_expired", label=paper.entry.answer.label)
            self._journal.end_paper(paper.ticket, "expired", "too_late")
            return True
        catalogue = self._catalogue()
        assert catalogue is not None, "tickets are made from a catalogue"
        try:
            data = self._press.escpos(words_for(paper.entry, catalogue, self._width_dots))
        except ValueError as error:
            # A setting that no paper can hold. Waiting would not mend it, and would hold up the others.
            _log.error("ticket_cannot_be_drawn", problem=str(error))
            self._journal.end_paper(paper.ticket, "expired", "cannot_draw")
            return True
        return self._send(channel, paper.ticket, data, patience=EXPIRE - age)

    def _send(self, channel: Channel, ticket: str, data: bytes, *, patience: timedelta) -> bool:
        try:
            receipt = channel.send(
                ticket,
                data,
                watcher=_Watch(self, self._journal, ticket),
                patience_seconds=patience.total_seconds(),
                is_mute=self._is_mute,
            )
        except ChannelError as error:
            self._failures += 1
            _log.warning("print_failed", code=error.code, handed=error.handed.name)
            if error.handed is not Handed.NOTHING:
                self._is_torn, self._is_mute = True, False
            match fate_after(error.handed):
                case Fate.UNSURE:
                    self._journal.end_paper(ticket, "doubtful", UNSURE)
                case Fate.PRINTED:
                    self._journal.end_paper(ticket, "done")
                case Fate.TRY_AGAIN:
                    self._journal.not_sent(ticket)
            self.note(cause_of(error, channel.status))
            return False
        self._failures = 0
        self._is_torn = False
        self._journal.end_paper(ticket, "done")
        self.note(receipt.status)
        return True

    def _warm_up(self) -> None:
        """Draw each service once while nobody waits, so that the first citizen's paper is as quick as any."""
        catalogue = self._catalogue()
        if catalogue is None or catalogue.raw.version == self._warmed:
            return
        for language in catalogue.branch.languages:
            for code in sorted(catalogue.codes):
                if self._woken.is_set():
                    return
                try:
                    self._press.escpos(_sample(catalogue, code, language, self._width_dots))
                except ValueError as error:
                    _log.error("ticket_cannot_be_drawn", service=code, problem=str(error))
        self._warmed = catalogue.raw.version


class _Watch:
    """Follows one job (`server.delivery.channels.Watcher`)."""

    def __init__(self, loop: PrinterLoop, journal: Journal, ticket: str) -> None:
        self._loop = loop
        self._journal = journal
        self._ticket = ticket

    def told(self, status: PrinterStatus) -> None:
        self._loop.note(status)

    def before_last_ink(self) -> None:
        self._journal.begin_sending(self._ticket)


def words_for(entry: Entry, catalogue: Catalogue, width_dots: WidthDots) -> TicketPaper:
    """The words of a ticket that was given out here. Raises ValueError for what no paper can hold."""
    answer = entry.answer
    language = Language(answer.language)
    if answer.service in catalogue.codes:
        service = catalogue.service(answer.service)
        name, documents = in_language(service.names, language), service.documents.get(language, ())
    else:  # taken out of the catalogue while its paper waited
        name, documents = answer.service, ()
    return words_of(
        language=language,
        printer_width_dots=width_dots,
        municipality=in_language(catalogue.branch.names, language),
        service=name,
        documents=documents,
        number=answer.label,
        issued_at=answer.issued_at,
        zone=catalogue.hours.zone.key,
        url=answer.url or "",
        ahead=answer.ahead,
        wait=answer.wait,
        is_offline=entry.is_offline,
        layout=catalogue.layout,
    )


def _sample(
    catalogue: Catalogue, code: str, language: Language, width_dots: WidthDots
) -> TicketPaper:
    service = catalogue.service(code)
    return words_of(
        language=language,
        printer_width_dots=width_dots,
        municipality=in_language(catalogue.branch.names, language),
        service=in_language(service.names, language),
        documents=service.documents.get(language, ()),
        number=f"{service.letter}000",
        issued_at=catalogue.raw.at,
        zone=catalogue.hours.zone.key,
        url=f"{catalogue.raw.public_url}/T/0".upper(),
        ahead=0,
        layout=catalogue.layout,
    )

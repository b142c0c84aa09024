"""Hands one job to a printer so that its end is known, as far as the printer can tell.

Three kinds of printers, told apart by what they answer (docs/decisions/0010-what-is-known-of-paper.md):

* one answers `DLE EOT` and, in its turn, `GS r`: every band of ink is followed by a `GS r`, whose answer
  proves that everything before it was worked through. At most two bands are under way, so that a fault is
  heard of at once and a ticket can be stopped between two commands;
* one answers `DLE EOT` only: its bands are handed over no faster than they are printed, and it is asked how it
  is after each;
* one answers nothing, or nonsense: what its side has taken is all that can be known.
"""

from __future__ import annotations

import time
from enum import Enum, auto

from server.delivery.channels.attempts import AfterRepair, after_repair
from server.delivery.channels.channel import Broken, Faulty, Handed, Receipt, TimedOut, Watcher
from server.delivery.channels.dialogue import ANSWER_SECONDS, FENCE, Dialogue
from server.delivery.channels.pieces import BROKEN_BAND, Pieces, rows_of
from server.delivery.channels.status import UNKNOWN, Fault, PrinterStatus, failed

ASK_EVERY_SECONDS = 1.0
STALL_TOLD_SECONDS = 2.0
"""Bytes that stand still for this long are told: staff hear of every cause within 5 s."""
TAIL_SECONDS = 3.0
"""How long the blade may take before the printer is believed to have other worries."""
BANDS_UNDER_WAY_MAX = 2
DOTS_A_SECOND = 600
"""75 mm/s: slower than what is sold. How fast ink is handed to a printer that cannot prove it."""
ARRIVAL_POLL_SECONDS = 0.005


class _Kind(Enum):
    PROVES = auto()
    TELLS = auto()
    MUTE = auto()


class _Spoiled(Exception):
    """The ticket lies in two pieces; the printer was mended, and the ticket begins again."""


class Handover:
    """One job on one connection. `silence_seconds`: how long bytes and answers may stand still."""

    def __init__(
        self,
        dialogue: Dialogue,
        name: str,
        watcher: Watcher,
        *,
        silence_seconds: float,
        patience_seconds: float,
    ) -> None:
        self._dialogue = dialogue
        self._wire = dialogue.wire
        self._name = name
        self._watcher = watcher
        self._silence_seconds = silence_seconds
        self._give_up_at = time.monotonic() + patience_seconds
        self._handed = Handed.NOTHING
        self._fences_sent = 0
        self._last_asked_at = time.monotonic()
        self._is_spoiled = False

    def print(self, job: Pieces, *, is_mute: bool) -> Receipt:
        """Print the job. Raises Faulty, TimedOut or Broken, which tell how far it came."""
        try:
            kind = _Kind.MUTE if is_mute else self._first_question(job)
            while True:
                try:
                    return self._once(job, kind)
                except _Spoiled:
                    # What the printer still held came out; cut it off, or the ticket would hang on to it.
                    self._put(job.tail)
        except OSError as error:
            if self._handed is Handed.PRINTED:  # only the goodbye was lost
                return Receipt(is_proven=True)
            message = f"{self._name}: connection lost: {error}"
            raise Broken(message, handed=self._handed) from error

    def _first_question(self, job: Pieces) -> _Kind:
        status = self._dialogue.ask()
        if status.state == "unknown":
            # It may be waiting for the rest of a picture that was broken off, and take questions for ink.
            self._put(BROKEN_BAND)
            status = self._dialogue.ask()
            if status.state == "ok":
                self._put(job.tail)
        self._watcher.told(status)
        if status.fault is not None:
            raise Faulty(status.fault, f"{self._name}: {status.fault.value}")
        return _Kind.MUTE if status.state == "unknown" else _Kind.TELLS

    def _once(self, job: Pieces, kind: _Kind) -> Receipt:
        self._put(job.head)
        if kind is not _Kind.MUTE and self._has_fences():
            kind = _Kind.PROVES
        for band in job.ink[:-1]:
            self._put(band)
            self._pace(kind, band, under_way=BANDS_UNDER_WAY_MAX - 1)
        self._wait_until_taken()
        self._pace(kind, b"", under_way=0)
        self._watcher.before_last_ink()
        self._handed = Handed.ALL_INK
        for band in job.ink[-1:]:
            self._put(band)
            self._pace(kind, band, under_way=0)
        if kind is _Kind.PROVES:
            self._handed = Handed.PRINTED
        return self._cut_off(job, kind)

    def _cut_off(self, job: Pieces, kind: _Kind) -> Receipt:
        self._put(job.tail)
        match kind:
            case _Kind.MUTE:
                self._wait_until_taken()
                return Receipt(is_proven=False)
            case _Kind.PROVES:
                return Receipt(is_proven=True, status=self._after_the_cut())
            case _Kind.TELLS:
                self._wait_until_taken()
                return Receipt(is_proven=False, status=self._ask_until_heard())

    def _after_the_cut(self) -> PrinterStatus:
        """The ink is out: a blade that jams is a fault of the printer, not of this ticket."""
        self._put_fence()
        deadline = time.monotonic() + TAIL_SECONDS
        status = UNKNOWN
        while time.monotonic() < deadline and status.fault is None:
            if self._dialogue.wait_for(self._all_answered, ASK_EVERY_SECONDS):
                break
            status = self._ask()
        return self._ask() if status.fault is None else status

    # ------------------------------------------------------------ waiting for the printer

    def _has_fences(self) -> bool:
        """Whether the printer answers `GS r`. It has nothing else to do now."""
        self._put_fence()
        return self._dialogue.wait_for(self._all_answered, ANSWER_SECONDS)

    def _pace(self, kind: _Kind, band: bytes, *, under_way: int) -> None:
        """Until so few bands are under way, where the printer can tell; else as long as the band takes."""
        match kind:
            case _Kind.PROVES:
                self._put_fence()
                self._wait_for_fences(under_way)
            case _Kind.TELLS:
                time.sleep(rows_of(band) / DOTS_A_SECOND)
                self._wait_until_mended(self._ask_until_heard())
            case _Kind.MUTE:
                return
        if self._is_spoiled and self._handed < Handed.ALL_INK:
            if kind is _Kind.PROVES:
                self._wait_for_fences(under_way=0)
            self._is_spoiled = False
            raise _Spoiled

    def _wait_for_fences(self, under_way: int) -> None:
        moved_at = time.monotonic()
        seen = self._dialogue.fences_answered
        while not self._dialogue.wait_for(
            lambda: self._under_way() <= under_way, ASK_EVERY_SECONDS
        ):
            if self._dialogue.fences_answered != seen:
                moved_at, seen = time.monotonic(), self._dialogue.fences_answered
            status = self._ask()
            if status.fault is not None:
                self._wait_until_mended(status)
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > self._silence_seconds:
                raise TimedOut(f"{self._name}: no answer any more", handed=self._handed)

    def _wait_until_mended(self, status: PrinterStatus) -> None:
        """Return once the printer shows no fault. Raises Faulty when it was waited for long enough."""
        while status.fault is not None:
            self._is_spoiled |= after_repair(status.fault) is AfterRepair.BEGIN_AGAIN
            if time.monotonic() >= self._give_up_at:
                message = f"{self._name}: {status.fault.value} in the middle of a job"
                raise Faulty(status.fault, message, handed=self._handed)
            time.sleep(ASK_EVERY_SECONDS)
            status = self._ask_until_heard()

    def _ask_until_heard(self) -> PrinterStatus:
        """As `_ask`; raises TimedOut when the printer is silent for too long."""
        silent_from = time.monotonic()
        while (status := self._ask()).state == "unknown":
            if time.monotonic() - silent_from > self._silence_seconds:
                raise TimedOut(f"{self._name}: no answer any more", handed=self._handed)
        return status

    def _ask(self) -> PrinterStatus:
        """Ask and tell. A printer that answered a moment ago and is silent now does not answer any more."""
        status = self._dialogue.ask()
        self._last_asked_at = time.monotonic()
        self._watcher.told(failed(Fault.TIMED_OUT) if status.state == "unknown" else status)
        return status

    # ------------------------------------------------------------ bytes

    def _put_fence(self) -> None:
        self._put(FENCE)
        self._fences_sent += 1

    def _under_way(self) -> int:
        return self._fences_sent - self._dialogue.fences_answered

    def _all_answered(self) -> bool:
        return self._under_way() <= 0

    def _put(self, data: bytes) -> None:
        """Write all of it; raises TimedOut when the printer takes none for too long."""
        moved_at = time.monotonic()
        while data:
            taken = self._wire.write(data)
            data = data[taken:]
            if taken:
                self._handed = max(self._handed, Handed.PART)
                moved_at = time.monotonic()
            else:
                self._wire.wait(ASK_EVERY_SECONDS, to_write=True)
                self._note_stall(moved_at)

    def _wait_until_taken(self) -> None:
        """Until the printer's side has every byte: what lies in our own kernel is not handed over."""
        moved_at = time.monotonic()
        left = self._wire.unsent()
        while left:
            time.sleep(ARRIVAL_POLL_SECONDS)
            before, left = left, self._wire.unsent()
            if left < before:
                moved_at = time.monotonic()
            self._note_stall(moved_at)

    def _note_stall(self, moved_at: float) -> None:
        still_seconds = time.monotonic() - moved_at
        if still_seconds > self._silence_seconds:
            message = f"{self._name}: took no byte for {self._silence_seconds} s"
            raise TimedOut(message, handed=self._handed)
        if still_seconds > STALL_TOLD_SECONDS and self._is_time_to_tell():
            self._watcher.told(failed(Fault.TIMED_OUT))

    def _is_time_to_tell(self) -> bool:
        now = time.monotonic()
        if now - self._last_asked_at < ASK_EVERY_SECONDS:
            return False
        self._last_asked_at = now
        return True

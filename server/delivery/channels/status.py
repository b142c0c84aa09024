"""How a printer says it is: the four bytes of `DLE EOT`, read without ever taking silence for health.

b & 0x93 == 0x12     a real-time status byte; anything else is no answer
n = 1   bit 3 offline
n = 2   bit 2 cover open · bit 5 stopped by the end of the paper · bit 6 error
n = 3   bit 3 cutter or mechanism · bit 5 unrecoverable · bit 6 recovers by itself (overheated)
n = 4   bits 2, 3 paper near its end · bits 5, 6 paper at its end
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

QUESTIONS: Final = (1, 2, 3, 4)
NEAR_END_CODE: Final = "paper_near_end"
"""Not a fault: what a printer is called that prints but will soon need a roll."""

_FIXED_MASK, _FIXED_BITS = 0x93, 0x12
_OFFLINE = 0x08
_COVER_OPEN, _STOPPED_BY_PAPER, _ERROR = 0x04, 0x20, 0x40
_CUTTER, _UNRECOVERABLE, _RECOVERS = 0x08, 0x20, 0x40
_NEAR_END, _END = 0x0C, 0x60


class Fault(StrEnum):
    """Why nothing prints. The values are stable: staff's pages, the API and the events use them."""

    COVER_OPEN = "cover_open"
    PAPER_END = "paper_end"
    CUTTER = "cutter"
    BROKEN = "broken"
    """An error that the printer itself calls unrecoverable: switch it off and on, or repair it."""
    OVERHEATED = "overheated"
    ERROR = "error"
    """An error that the printer does not explain."""
    OFFLINE = "offline"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    BROKEN_MIDWAY = "broken_midway"


OF_THE_WIRE: Final = frozenset(
    {Fault.UNREACHABLE, Fault.REFUSED, Fault.TIMED_OUT, Fault.BROKEN_MIDWAY}
)
"""What the way to a printer says; the others, the printer says itself."""
LOOK_AGAIN_SECONDS: Final = 0.3
"""One byte lost on the way, or a visitor from another process, is no news for staff: doubtful news are asked twice."""


class Paper(StrEnum):
    """What is left on the roll."""

    OK = "ok"
    NEAR_END = "near_end"
    END = "end"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterStatus:
    """One of three answers: ok, fault (which) or unknown. Silence and nonsense are unknown, never ok."""

    state: Literal["ok", "fault", "unknown"]
    fault: Fault | None = None
    paper: Paper = Paper.UNKNOWN

    def __post_init__(self) -> None:
        assert (self.state == "fault") == (self.fault is not None)

    @property
    def code(self) -> str:
        """The stable word for it: `ok`, `paper_near_end`, `unknown` or the fault's."""
        if self.fault is not None:
            return self.fault.value
        if self.state == "ok" and self.paper is Paper.NEAR_END:
            return NEAR_END_CODE
        return self.state

    @property
    def is_doubtful(self) -> bool:
        """Silence, or the word of the wire: worth a second question after `LOOK_AGAIN_SECONDS`."""
        return self.state == "unknown" or self.fault in OF_THE_WIRE


UNKNOWN: Final = PrinterStatus(state="unknown")


def failed(fault: Fault) -> PrinterStatus:
    """The status of a printer that shows a fault and says nothing of its paper."""
    paper = Paper.END if fault is Fault.PAPER_END else Paper.UNKNOWN
    return PrinterStatus(state="fault", fault=fault, paper=paper)


def is_status_byte(value: int) -> bool:
    """Whether a byte can be the answer to `DLE EOT`."""
    return value & _FIXED_MASK == _FIXED_BITS


def read_status(answers: Sequence[int]) -> PrinterStatus:
    """The status told by the answers to n = 1, 2, 3, 4; unknown unless all four are there and valid."""
    if len(answers) != len(QUESTIONS) or not all(map(is_status_byte, answers)):
        return UNKNOWN
    printer, offline_cause, error_cause, roll = answers
    paper = Paper.END if roll & _END else Paper.NEAR_END if roll & _NEAR_END else Paper.OK
    fault = _fault(printer, offline_cause, error_cause, paper)
    return PrinterStatus(state="fault" if fault else "ok", fault=fault, paper=paper)


def _fault(printer: int, offline_cause: int, error_cause: int, paper: Paper) -> Fault | None:
    """What to mend first: an open cover also hides the paper, and every fault takes the printer offline."""
    told = (
        (Fault.COVER_OPEN, bool(offline_cause & _COVER_OPEN)),
        (Fault.PAPER_END, bool(offline_cause & _STOPPED_BY_PAPER) or paper is Paper.END),
        (Fault.CUTTER, bool(error_cause & _CUTTER)),
        (Fault.BROKEN, bool(error_cause & _UNRECOVERABLE)),
        (Fault.OVERHEATED, bool(error_cause & _RECOVERS)),
        (Fault.ERROR, bool(offline_cause & _ERROR)),
        (Fault.OFFLINE, bool(printer & _OFFLINE)),
    )
    return next((fault for fault, is_told in told if is_told), None)

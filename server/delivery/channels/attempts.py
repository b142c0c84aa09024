"""What becomes of a ticket's paper after an attempt: pure rules, for the server and for the kiosk's own program.

Two promises: no ticket is believed printed that was not, and none is printed twice. Where both cannot be kept
by doing something, nothing is done and people are told (docs/decisions/0010-what-is-known-of-paper.md).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from server.delivery.channels.channel import ChannelError, Handed
from server.delivery.channels.status import OF_THE_WIRE, Fault, PrinterStatus, failed


class Fate(Enum):
    """What to do with a job that was tried."""

    PRINTED = auto()
    TRY_AGAIN = auto()
    """It cannot have come out whole."""
    UNSURE = auto()
    """It may have come out, and nobody can tell: given up, and the citizen is told to note the number."""


class AfterRepair(Enum):
    """What to do with a ticket that a fault interrupted, once the printer is mended."""

    GO_ON = auto()
    BEGIN_AGAIN = auto()


def fate_after(handed: Handed) -> Fate:
    """After an attempt that failed. The status that follows is for staff: it tells why, not what is on paper.

    A printer that is well again may have printed the ticket, or was switched off and on and forgot it.
    """
    match handed:
        case Handed.NOTHING | Handed.PART:
            return Fate.TRY_AGAIN
        case Handed.ALL_INK:
            return Fate.UNSURE
        case Handed.PRINTED:
            return Fate.PRINTED


def fate_after_crash(*, last_ink_was_noted: bool) -> Fate:
    """Of a job whose sender died: it wrote down when it was about to hand over the last of the ink."""
    return Fate.UNSURE if last_ink_was_noted else Fate.TRY_AGAIN


def cause_of(error: ChannelError, ask: Callable[[], PrinterStatus]) -> PrinterStatus:
    """Why a job failed. After a break in the middle the printer may know better than the wire: it is asked."""
    if error.handed is Handed.NOTHING or error.fault not in OF_THE_WIRE:
        return failed(error.fault)
    status = ask()
    return status if status.fault is not None else failed(error.fault)


def after_repair(fault: Fault) -> AfterRepair:
    """A roll that ended, or a cover that was opened, leaves a ticket in two pieces. Heat and the rest do not."""
    if fault in (Fault.PAPER_END, Fault.COVER_OPEN):
        return AfterRepair.BEGIN_AGAIN
    return AfterRepair.GO_ON

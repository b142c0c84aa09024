"""What every channel with a wire does with it: print a job, or ask how the printer is, and hang up."""

from __future__ import annotations

from collections.abc import Callable

from server.delivery.channels.channel import ChannelError, Receipt, Watcher
from server.delivery.channels.dialogue import Dialogue
from server.delivery.channels.handover import Handover
from server.delivery.channels.pieces import pieces
from server.delivery.channels.status import Fault, PrinterStatus, failed
from server.delivery.channels.wires import Wire


def print_over(
    wire: Wire,
    name: str,
    data: bytes,
    watcher: Watcher,
    *,
    silence_seconds: float,
    patience_seconds: float,
    is_mute: bool,
) -> Receipt:
    """Print a job over an open wire and close it; raises ChannelError."""
    handover = Handover(
        Dialogue(wire),
        name,
        watcher,
        silence_seconds=silence_seconds,
        patience_seconds=patience_seconds,
    )
    try:
        receipt = handover.print(pieces(data), is_mute=is_mute)
    except BaseException:
        # What still waits here must not print after the next attempt.
        wire.close(abort=True)
        raise
    wire.close(abort=False)
    return receipt


def ask_over(open_wire: Callable[[], Wire]) -> PrinterStatus:
    """How the printer behind a wire is; no way there is its fault."""
    try:
        wire = open_wire()
    except ChannelError as error:
        return failed(error.fault)
    try:
        return Dialogue(wire).ask()
    except OSError:
        return failed(Fault.BROKEN_MIDWAY)
    finally:
        wire.close(abort=False)

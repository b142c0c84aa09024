"""How a job reaches a printer, what is known afterwards, and every way in which it may fail.

    ChannelError
    ├── Unreachable   nobody is there: no such host, route or device
    ├── Refused       somebody is there and says no: port closed, permission denied
    ├── TimedOut      no answer, or the bytes stopped moving
    ├── Broken        the connection or device failed while bytes were going
    └── Faulty        the printer itself says why it does not print

`handed` tells how far the job came, which decides whether a second attempt could print a second
ticket (`server.delivery.channels.attempts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from server.delivery.channels.status import UNKNOWN, Fault, PrinterStatus

CONNECT_TIMEOUT_SECONDS = 3.0
SEND_TIMEOUT_SECONDS = 10.0
"""Unless the settings say otherwise (`[printing]`)."""


class Handed(IntEnum):
    """How much of a job has left our hands."""

    NOTHING = 0
    PART = 1
    """The last of the ink is still here: a whole ticket cannot have come out."""
    ALL_INK = 2
    """It may have been printed, and nobody can tell."""
    PRINTED = 3
    """The printer answered that it has worked through all ink."""


class ChannelError(Exception):
    """The job was not, or not certainly, printed; `code` is stable."""

    fault: Fault

    def __init__(self, message: str, *, handed: Handed = Handed.NOTHING) -> None:
        super().__init__(message)
        self.handed = handed

    @property
    def code(self) -> str:
        return self.fault.value

    @property
    def may_have_printed(self) -> bool:
        """Whether another attempt could print a second whole ticket."""
        return self.handed >= Handed.ALL_INK


class Unreachable(ChannelError):
    fault = Fault.UNREACHABLE


class Refused(ChannelError):
    fault = Fault.REFUSED


class TimedOut(ChannelError):
    fault = Fault.TIMED_OUT


class Broken(ChannelError):
    fault = Fault.BROKEN_MIDWAY


class Faulty(ChannelError):
    """The printer told its fault, before the job or in the middle of it."""

    def __init__(self, fault: Fault, message: str, *, handed: Handed = Handed.NOTHING) -> None:
        super().__init__(message, handed=handed)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A job that was handed over whole. `is_proven`: the printer itself said that it worked through it."""

    is_proven: bool
    status: PrinterStatus = UNKNOWN


class Watcher(Protocol):
    """Who wants to know how a job goes, while it goes. Called from the sending thread."""

    def told(self, status: PrinterStatus) -> None:
        """How the printer is: about once a second for as long as a job waits, changed or not."""

    def before_last_ink(self) -> None:
        """From here on the ticket may be on paper: the moment to write that down. May be told twice."""


class Unwatched:
    """Nobody wants to know."""

    def told(self, status: PrinterStatus) -> None:
        del status

    def before_last_ink(self) -> None:
        return


class Channel(Protocol):
    """A way to one printer. Opens and closes what it needs for each job; safe to keep for years.

    One at a time: a printer has one pair of ears, so no two calls for one printer may overlap.
    """

    def send(
        self,
        job_id: str,
        data: bytes,
        *,
        watcher: Watcher,
        patience_seconds: float,
        is_mute: bool,
    ) -> Receipt:
        """Print one job, or raise ChannelError. `job_id` is for logs and fakes.

        A printer that shows a fault is not sent anything. One that fails in the middle is waited for
        until it was mended, for `patience_seconds` at the most. `is_mute` (`status` was unknown the last
        time) saves the question before the job.
        """

    def status(self) -> PrinterStatus:
        """Ask the printer how it is, between jobs; never raises ChannelError: no way there is a fault."""

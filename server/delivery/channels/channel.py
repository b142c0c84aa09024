"""How bytes reach a printer, and every way in which they may not.

    ChannelError
    ├── Unreachable   nobody is there: no such host, route or device
    ├── Refused       somebody is there and says no: port closed, permission denied
    ├── TimedOut      no answer, or the bytes stopped moving
    └── Broken        the connection or device failed while bytes were going

`may_have_printed` tells whether a second attempt can print a second ticket: it is False only when
not one byte was handed over.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

CONNECT_TIMEOUT_SECONDS = 3.0
SEND_TIMEOUT_SECONDS = 10.0
"""Unless the settings say otherwise (`[printing]`)."""


class ChannelError(Exception):
    """The bytes did not, or not certainly, reach the printer; `code` is stable."""

    code: ClassVar[str]

    def __init__(self, message: str, *, may_have_printed: bool = False) -> None:
        super().__init__(message)
        self.may_have_printed = may_have_printed


class Unreachable(ChannelError):
    code = "unreachable"


class Refused(ChannelError):
    code = "refused"


class TimedOut(ChannelError):
    code = "timed_out"


class Broken(ChannelError):
    code = "broken_midway"


class Channel(Protocol):
    """A way to one printer. Opens and closes what it needs for each job; safe to keep for years."""

    def send(self, job_id: str, data: bytes) -> None:
        """Hand over all bytes of one job, or raise ChannelError. `job_id` is for logs and fakes."""

"""What a kiosk asks of the server, in the words of `server/wire_devices.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from device_client.server import DeviceServer, Heard, read
from server.kiosk_house import Tap
from server.wire import KioskView, TicketAnswer
from server.wire_devices import (
    BlocksAnswer,
    DeviceCatalogue,
    DeviceReport,
    OfflineTicket,
    ReportAnswer,
    ScanAnswer,
    UploadAnswer,
)

AGENT: Final = "nouba-kiosk"
TAP_TIMEOUT_SECONDS: Final = 1.5
"""How long a citizen waits for the server before the kiosk gives out a number by itself."""
UPLOAD_TIMEOUT_SECONDS: Final = 30.0
"""A batch of 100 tickets on a server that everybody comes back to at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A ticket of the server's, and whether this request made it."""

    answer: TicketAnswer
    is_new: bool


class Server(Protocol):
    """Each method may raise Away (nothing is known), Revoked, or the server's own Refusal."""

    def issue(self, tap: Tap) -> Issued: ...
    def kiosk_view(self, known: int | None) -> KioskView | None: ...
    def catalogue(self, known: str | None) -> DeviceCatalogue | None: ...
    def blocks(self, day: date) -> BlocksAnswer: ...
    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer: ...
    def report(self, report: DeviceReport) -> ReportAnswer: ...
    def scan(self, secret: str, *, reinstate: bool) -> ScanAnswer: ...
    def paper(self, ticket: str, state: str, reason: str | None) -> None: ...


class HttpServer(DeviceServer):
    """The real one. `token` is sent as a bearer's; an empty one asks the public addresses only."""

    def __init__(self, address: str, *, token: str, branch: str, heard: Heard) -> None:
        super().__init__(address, token=token, agent=AGENT, heard=heard)
        self._branch = branch

    def issue(self, tap: Tap) -> Issued:
        """Raises ServiceClosed, BranchClosed, LineFull, UnknownService …"""
        body = {
            "service": tap.service,
            "class": tap.ticket_class.value,
            "language": tap.language.value,
        }
        reply = self.post(
            f"/branches/{self._branch}/tickets", body, key=tap.key, timeout=TAP_TIMEOUT_SECONDS
        )
        return Issued(answer=read(reply, TicketAnswer), is_new=reply.status == 201)

    def kiosk_view(self, known: int | None) -> KioskView | None:
        """None when the version `known` is still true."""
        etag = None if known is None else str(known)
        reply = self.get(f"/branches/{self._branch}/views/kiosk", etag)
        return None if reply.status == 304 else read(reply, KioskView)

    def blocks(self, day: date) -> BlocksAnswer:
        """The numbers leased to this kiosk on `day`; asked twice, they are the same."""
        return read(self.post("/device/blocks", {"day": day}), BlocksAnswer)

    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer:
        """One transaction; each ticket is judged on its own."""
        body = {"tickets": tickets}
        reply = self.post("/device/tickets", body, key=key, timeout=UPLOAD_TIMEOUT_SECONDS)
        return read(reply, UploadAnswer)

    def scan(self, secret: str, *, reinstate: bool) -> ScanAnswer:
        """Raises UnknownTicket, IllegalTransition."""
        body = {"secret": secret, "reinstate": reinstate}
        return read(self.post("/device/scans", body), ScanAnswer)

    def paper(self, ticket: str, state: str, reason: str | None) -> None:
        """What became of a paper: `printed` or `not_printed`."""
        body = {"ticket": ticket, "state": state}
        self.post("/device/papers", body if reason is None else {**body, "reason": reason})

"""What a kiosk's pages talk to: the database in the server, journal and link in the program on the kiosk itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from server.domain.ids import Language
from server.domain.states import TicketClass
from server.wire import KioskView, ServiceTile, TicketAnswer, TicketView

PrintingState = Literal["queued", "waiting", "done", "fault", "expired", "no_printer"]
"""How the paper of a ticket stands; `queued` and `waiting` are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A touch on a service. The same `key` twice is the same ticket."""

    service: str
    ticket_class: TicketClass
    language: Language
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A ticket for the screen. `is_offline`: given out without the server, so nobody knows the place yet."""

    answer: TicketAnswer
    service: ServiceTile
    url: str
    printing: PrintingState
    is_new: bool
    is_offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A ticket whose QR or code was shown; `view` is None when only its number is known here (offline)."""

    label: str
    state: str | None
    view: TicketView | None
    can_be_reinstated: bool = False
    was_reinstated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseStatus:
    """What the frame of every screen tells. `printer` is `ok`, `unknown`, `none` or the code of a fault."""

    is_online: bool
    printer: str


class KioskHouse(Protocol):
    """Implemented by `server.web.kiosk` and by `kiosk_client`. Every method may raise a Refusal."""

    def view(self, slug: str) -> KioskView:
        """The services to choose from. Raises UnknownBranch."""
        ...

    def take(self, slug: str, tap: Tap) -> Taken:
        """Give out a ticket. Raises ServiceClosed, BranchClosed, LineFull, UnknownService …"""
        ...

    def printing(self, slug: str, ticket_id: str) -> PrintingState:
        """How the paper of a ticket stands. Raises UnknownTicket."""
        ...

    def find(self, slug: str, secret: str, *, reinstate: bool) -> Found:
        """The ticket of a QR or a typed code; puts a missed one back when asked. Raises UnknownTicket."""
        ...

    def status(self, slug: str) -> HouseStatus:
        """Whether the server answers and the printer prints."""
        ...

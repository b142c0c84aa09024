"""What a device and the server say to each other. Standard library only: the kiosk and display clients share it.

Times are aware UTC datetimes, spans are seconds, `names` are texts by language tag (`ar`, `fr`, `zgh`, `en`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from server.wire import BranchCard, PrinterCard, TicketView
from server.wire_displays import DisplayCard, DisplayState, PageState, SoundState

DeviceKind = Literal["kiosk", "display"]
PaperState = Literal["ok", "near_end", "end", "unknown"]
JournalState = Literal["ok", "full", "broken"]
DeviceState = Literal["ok", "fault", "unknown", "not_seen", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingAnswer:
    """`code` is what the device shows and an administrator types; `claim` is the device's own secret."""

    code: str
    claim: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAnswer:
    """The token, once an administrator has accepted the code; `branch` is a slug."""

    state: Literal["waiting", "accepted"]
    token: str | None = None
    branch: str | None = None
    device: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueService:
    """A service as a kiosk keeps it for the time without a server."""

    id: int
    code: str
    letter: str
    names: Mapping[str, str]
    documents: Mapping[str, tuple[str, ...]]
    icon: str
    position: int
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCatalogue:
    """Everything that a device needs to work alone. `hours` has the form that `server.domain.hours` reads."""

    version: str
    at: datetime
    branch: BranchCard
    hours: Mapping[str, Any]
    priority_head_start_seconds: int
    public_url: str
    services: tuple[CatalogueService, ...]
    layout: Mapping[str, Any] | None = None
    """The branch's paper layout; None is the default one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The numbers `first` … `last` of a service on one day, for one device alone."""

    service: str
    day: date
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksAnswer:
    """All blocks of the asking device on the day it asked for."""

    blocks: tuple[Block, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineTicket:
    """A ticket that a kiosk gave out by itself. `key` is the request's, sent to the server or not."""

    key: str
    id: str
    service: str
    day: date
    number: int
    secret: str
    ticket_class: str
    language: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTicket:
    """What became of one of them. `shifted_seconds` is how far its time had to be moved (0: believed)."""

    key: str
    outcome: Literal["kept", "already", "refused"]
    code: str | None = None
    label: str | None = None
    shifted_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAnswer:
    """One result for each ticket, in their order."""

    results: tuple[KeptTicket, ...]
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReport:
    """How a device is. `printer_state` is `ok`, `unknown` or the code of the fault."""

    version: str
    printer_state: str = "unknown"
    paper: PaperState = "unknown"
    waiting_to_sync: int = 0
    journal: JournalState = "ok"
    clock_skew_seconds: float | None = None
    painted_seq: int | None = None
    """Of a display: the version that its page has put on the glass; the last three are of displays alone."""
    painted_at: datetime | None = None
    sound: SoundState = "unknown"
    page: PageState = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswer:
    """`catalogue_version` differs from the device's own when it should fetch the catalogue anew."""

    seq: int
    at: datetime
    catalogue_version: str
    display: DisplayState | None = None
    """Of a display alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCard:
    """A device as staff see it. `fault` is a stable code, None when `state` is not `fault`."""

    id: int
    kind: str
    name: str
    state: DeviceState
    fault: str | None
    printer_state: str
    paper: PaperState
    waiting_to_sync: int
    version: str
    last_seen_at: datetime | None
    clock_skew_seconds: float | None
    not_printed: tuple[str, ...] = ()
    """Numbers of today whose paper did not come out, while they are still wanted."""
    not_in_line: tuple[str, ...] = ()
    """Numbers on papers that it brought today and that were refused."""
    display: DisplayCard | None = None
    """Of a display alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesView:
    """The devices of a branch and the printers of its server, for supervisors."""

    branch: BranchCard
    seq: int
    at: datetime
    devices: tuple[DeviceCard, ...]
    printers: tuple[PrinterCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAnswer:
    """What the server knows now of a paper that a kiosk printed by itself."""

    ticket: str
    label: str
    state: Literal["printed", "not_printed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """A ticket whose QR was shown to a kiosk."""

    ticket: TicketView
    can_be_reinstated: bool
    was_reinstated: bool

"""What programs send to the API and what it answers beyond the views, as types with their limits beside them.

A request is refused for an unknown field, a wrong type or a broken limit, and the refusal names the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from server.db.outbox import EVENTS_PAGE_MAX
from server.domain.blocks import TICKETS_AT_ONCE_MAX
from server.domain.devices import NAME_LENGTH_MAX, UNSEEN
from server.domain.displays import ROOM_LENGTH_MAX, SCREENSHOT_BYTES_MAX, VOLUME_PERCENT_MAX
from server.domain.errors import Invalid
from server.domain.events import EventKind
from server.domain.ids import Language
from server.domain.look import DESK_MAX, LINES_MAX
from server.domain.paper_template import TEMPLATE_LENGTH_MAX
from server.domain.queue import PauseReason
from server.domain.states import TicketClass
from server.web.problems import Malformed
from server.wire import ServiceTile
from server.wire_devices import DeviceKind, JournalState, PaperState
from server.wire_displays import BoardMode, OrderKind, PageState, SoundState, SpeechStep

Input = TypeVar("Input")

SEQ_MAX = 2**63 - 1
"""What the database's BIGINT holds."""
LOGO_BASE64_LENGTH_MAX = 700_000
"""512 KiB in base64."""
PROPOSED_NAME_LENGTH_MAX = 200
"""Of what a machine proposes; `server.domain.devices.read_name` says in words what is wrong with it."""
MESSAGE_LENGTH_MAX = 200
"""Of a message that may repeat what a stranger sent."""

ServiceCode = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9-]+$",
        max_length=40,
        description="A service's code.",
        examples=["etat-civil"],
    ),
]
TicketRef = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9A-HJKMNP-TV-Z]{26}$",
        description="A ticket's id (26 characters), not its secret.",
    ),
]


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that its address says in full: no body, or an empty object."""


class NewTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket to be issued. Without `language`, the branch's first; the class is never given a reason."""

    service: ServiceCode
    language: Language | None = None
    ticket_class: TicketClass = msgspec.field(default=TicketClass.ORDINARY, name="class")


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call: the next one, or the ticket named."""

    ticket: TicketRef | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the desk stops calling for a while; the hall sees only that it does."""

    reason: PauseReason


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service into whose line the ticket goes."""

    service: ServiceCode


class EventsPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events to read: those after a seq, at most `limit`."""

    after: Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=EVENTS_PAGE_MAX)] = 100


class PaperTemplate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A paper layout: the TOML template of docs/paper.md, and its logo's picture as base64.

    Without `logo`, the present logo stays if the template names it.
    """

    template: Annotated[str, msgspec.Meta(max_length=TEMPLATE_LENGTH_MAX)]
    logo: Annotated[str, msgspec.Meta(max_length=LOGO_BASE64_LENGTH_MAX)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLayoutEntry:
    """The layout in use: the template to edit, and `layout`, which kiosks draw from."""

    seq: int
    is_default: bool
    template: str
    layout: Mapping[str, Any]


DeviceText = Annotated[str, msgspec.Meta(pattern="^[a-z_]+$", max_length=30)]
"""A state, a fault or a reason: a stable code."""
Version = Annotated[str, msgspec.Meta(pattern="^[!-~]+$", max_length=40)]


ProposedName = Annotated[
    str,
    msgspec.Meta(
        max_length=PROPOSED_NAME_LENGTH_MAX,
        extra_json_schema={
            "maxLength": NAME_LENGTH_MAX,
            "pattern": r"\S",
            "not": {"pattern": UNSEEN},
        },
    ),
]
"""Told in the document alone: the server's own answer says in words what is wrong."""


class NewPairing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device that wants in; `name` is what it calls itself."""

    kind: DeviceKind
    version: Version
    name: ProposedName | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The device's own secret, from the answer that held its code."""

    claim: Annotated[str, msgspec.Meta(pattern="^[!-~]+$", max_length=200)]


class NewDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code on a device's screen, what staff will call it, and the server's printer it uses, if any."""

    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", examples=["402817"])]
    name: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    printer: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class BlocksOfDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Today, or the next open day."""

    day: date


Visible = Annotated[str, msgspec.Meta(pattern="^[!-~]+$", max_length=80)]


class OfflineTicketSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket that a kiosk gave out by itself. What makes no sense is refused for this ticket alone."""

    key: Visible
    id: Visible
    service: Visible
    day: date
    number: Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]
    secret: Visible
    ticket_class: Visible
    language: Visible
    issued_at: Annotated[datetime, msgspec.Meta(tz=True)]


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tickets in the order in which they were given out."""

    tickets: Annotated[list[OfflineTicketSent], msgspec.Meta(max_length=TICKETS_AT_ONCE_MAX)]


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a device is; `printer_state` is `ok`, `unknown`, `none` or the code of the fault."""

    version: Version
    printer_state: DeviceText = "unknown"
    paper: PaperState = "unknown"
    waiting_to_sync: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    journal: JournalState = "ok"
    clock_skew_seconds: Annotated[float, msgspec.Meta(ge=-1e10, le=1e10)] | None = None
    painted_seq: Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)] | None = None
    painted_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    sound: SoundState = "unknown"
    page: PageState = "unknown"


class Display(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a display shows and says: all of it, what is left out has its default.

    `lines` and `speaks` are codes of services, none for all; `desk` is the number of the one desk whose panel it is.
    """

    room: Annotated[str, msgspec.Meta(max_length=ROOM_LENGTH_MAX)] = ""
    mode: BoardMode = "rotate"
    desk: Annotated[int, msgspec.Meta(ge=1, le=DESK_MAX)] | None = None
    lines: Annotated[list[ServiceCode], msgspec.Meta(max_length=LINES_MAX)] = []
    speaks: Annotated[list[ServiceCode], msgspec.Meta(max_length=LINES_MAX)] = []
    is_silent: bool = False
    volume_percent: Annotated[int, msgspec.Meta(ge=0, le=VOLUME_PERCENT_MAX)] = 80


class DisplayOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff ask of a display, once."""

    order: OrderKind


class DisplaySpeech(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call, as `LABEL/CALLS/SECONDS` (its number, how often it was called, when, since 1970), and the step."""

    call: Annotated[
        str,
        msgspec.Meta(
            pattern="^[A-Z][0-9]{1,4}/[0-9]{1,6}/[0-9]{1,12}$", examples=["A012/1/1780300800"]
        ),
    ]
    step: SpeechStep


class Screenshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The picture that order number `order` asked for, a JPEG in base64."""

    order: Annotated[int, msgspec.Meta(ge=1, le=SEQ_MAX)]
    jpeg: Annotated[bytes, msgspec.Meta(min_length=1, max_length=SCREENSHOT_BYTES_MAX)]


class Scan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret of a QR that was shown to a kiosk; `reinstate` puts a missed ticket back."""

    secret: Visible
    reinstate: bool = False


class Paper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of the paper that a kiosk printed by itself."""

    ticket: TicketRef
    state: Literal["printed", "not_printed"]
    reason: DeviceText = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing that is wrong with a request: a field of the body, a query parameter or a header."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """RFC 9457. `code` is stable and for programs, `detail` is for people; a refusal adds its own members."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceList:
    """The services of a branch, as a kiosk shows them."""

    seq: int
    services: tuple[ServiceTile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLine:
    """A line that a desk serves; `lag_minutes` > 0 makes it secondary there."""

    service: str
    lag_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEntry:
    """A desk: `desk_id` is for requests, `number` for people. `agent` is told to staff only."""

    desk_id: int
    number: int
    lines: tuple[ServedLine, ...]
    is_taken: bool
    agent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskList:
    """The desks of a branch."""

    seq: int
    desks: tuple[DeskEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """One fact. Ids, codes and numbers only: no name, no phone and no secret is ever in an event."""

    seq: int
    kind: EventKind
    at: datetime
    ticket: str | None
    service: str | None
    desk_id: int | None
    desk: int | None
    agent_id: int | None
    data: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventList:
    """Events in order. `seq` is the branch's last; when the last event here has it, there are no more."""

    seq: int
    events: tuple[EventEntry, ...]


_PLACE = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"field `(?P<name>.*)`$", re.DOTALL)


def from_json(raw: bytes, wanted: type[Input]) -> Input:
    """The body as a value; an empty body is an empty object. Raises Malformed (400) or Invalid (422)."""
    try:
        return msgspec.json.decode(raw or b"{}", type=wanted)
    except msgspec.ValidationError as error:
        raise _invalid(error, whole="body") from error
    # Bytes that are no UTF-8 and halves of surrogate pairs are not JSON either (RFC 8259, section 8).
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(400, "malformed_json", "the body is not JSON", field="body") from error


def from_query(raw: Mapping[str, str], wanted: type[Input]) -> Input:
    """Query parameters as a value. Raises Invalid."""
    try:
        return msgspec.convert(raw, type=wanted, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, whole="query") from error


def _invalid(error: msgspec.ValidationError, *, whole: str) -> Invalid:
    """Name the field as its sender wrote it; msgspec says it in the message only."""
    text = str(error)
    place = _PLACE.search(text)
    named = _NAMED.search(text)
    field = place["path"] if place else named["name"] if named else whole
    message = _PLACE.sub("", text)
    return Invalid(message[:MESSAGE_LENGTH_MAX], field=field[:MESSAGE_LENGTH_MAX] or whole)

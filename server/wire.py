"""The views and messages that screens receive. Standard library only: the kiosk and display clients share it.

Times are aware UTC datetimes, spans are seconds, `names` are texts by language tag (`ar`, `fr`, `zgh`, `en`).
Every view carries the `seq` of its branch at which it was true; a reader keeps the highest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchCard:
    """What every screen says of the building."""

    slug: str
    names: Mapping[str, str]
    languages: tuple[str, ...]
    zone: str
    accent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRange:
    """Half wait no longer than `p50_seconds`, nine in ten no longer than `p90_seconds`."""

    p50_seconds: int
    p90_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTile:
    """One service as the kiosk and the board show it. `wait` is for someone who comes now, None if unknown."""

    code: str
    letter: str
    names: Mapping[str, str]
    documents: Mapping[str, tuple[str, ...]]
    icon: str
    is_open: bool
    waiting: int
    wait: WaitRange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskView:
    """The services to choose from. `opens_at` is the next opening when the branch is closed."""

    branch: BranchCard
    seq: int
    at: datetime
    is_open: bool
    opens_at: datetime | None
    services: tuple[ServiceTile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCall:
    """One call on the wall. `calls` counts the recalls too: a higher one flashes and chimes again."""

    label: str
    desk: int
    service: str
    letter: str
    names: Mapping[str, str]
    calls: int
    called_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardNotice:
    """What the hall should know beside the calls, now. `id` tells one from another."""

    id: str
    kind: Literal["info", "prayer", "closing"]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardMedia:
    """A picture or a short video between calls. `url` is a path of the server; `seconds` it stays (0: to its end)."""

    url: str
    kind: Literal["picture", "video"]
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """The wall: the last calls, newest first, the lines below, and what is shown between calls."""

    branch: BranchCard
    seq: int
    at: datetime
    is_open: bool
    opens_at: datetime | None
    calls: tuple[BoardCall, ...]
    lines: tuple[ServiceTile, ...]
    notices: tuple[BoardNotice, ...] = ()
    media: tuple[BoardMedia, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCard:
    """One ticket as staff see it in a list or in hand. `id` is for requests, `label` for people."""

    id: str
    label: str
    state: str
    service: str
    names: Mapping[str, str]
    documents: Mapping[str, tuple[str, ...]]
    ticket_class: str
    language: str
    issued_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    calls: int
    no_shows: int
    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextUp:
    """Who the desk would call now, and why: `cause` is a `ranking.Cause`."""

    label: str
    cause: str
    over: str | None
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLineCard:
    """A line that the desk serves; `lag_minutes` > 0 is a secondary one."""

    code: str
    letter: str
    names: Mapping[str, str]
    waiting: int
    lag_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterCard:
    """A printer's state: `ok`, `unknown` or the code of the fault; `waiting` jobs are not printed yet."""

    name: str
    state: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNotice:
    """A device that needs somebody: a fault, a silence, papers that did not come out or are in no line."""

    kind: str
    name: str
    state: str
    fault: str | None
    last_seen_at: datetime | None
    not_printed: tuple[str, ...]
    not_in_line: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """Everything on the agent's one screen. `next_up` is None when nobody can be called."""

    branch: BranchCard
    seq: int
    at: datetime
    desk_id: int
    desk: int
    agent: str
    paused_at: datetime | None
    pause_reason: str | None
    auto_call: bool
    in_hand: TicketCard | None
    next_up: NextUp | None
    callable_at: datetime | None
    lines: tuple[DeskLineCard, ...]
    others: tuple[ServiceTile, ...]
    """All services of the branch: where a ticket can be transferred to."""
    waiting: tuple[TicketCard, ...]
    """The first of the desk's lines in calling order, to call one by choice."""
    parked: tuple[TicketCard, ...]
    missed: tuple[TicketCard, ...]
    finished: tuple[TicketCard, ...]
    """Finished a moment ago: for a supervisor, who may reopen one."""
    printers: tuple[PrinterCard, ...]
    devices: tuple[DeviceNotice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskChoice:
    """A desk to sit down at; `taken_by` names the agent who is there."""

    desk_id: int
    number: int
    services: tuple[Mapping[str, str], ...]
    taken_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """What the citizen's phone shows. `ahead` is None unless waiting; `desk` is None unless called or serving."""

    branch: BranchCard
    seq: int
    at: datetime
    label: str
    state: str
    language: str
    service: str
    names: Mapping[str, str]
    documents: tuple[str, ...]
    ahead: int | None
    wait: WaitRange | None
    desk: int | None
    calls: int
    called_at: datetime | None
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line for all the phones that follow it: `labels` in calling order, `waits[i]` for position i.

    Both are cut at `reads.LINE_SHOWN_MAX`; a phone that does not find itself is further back than that.
    """

    seq: int
    at: datetime
    service: str
    labels: tuple[str, ...]
    waits: tuple[WaitRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAnswer:
    """The answer to a changing request about a ticket; `secret` and `url` only in the answer to its issue."""

    id: str
    label: str
    state: str
    service: str
    ticket_class: str
    language: str
    desk: int | None
    issued_at: datetime
    called_at: datetime | None
    seq: int
    ahead: int | None = None
    wait: WaitRange | None = None
    secret: str | None = None
    url: str | None = None
    """The ticket page; added on the way out, so that a replay tells the present address."""
    explanation: NextUp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftAnswer:
    """The answer to a changing request about a shift."""

    desk_id: int
    desk: int
    agent: str
    opened_at: datetime
    paused_at: datetime | None
    pause_reason: str | None
    is_open: bool
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSaved:
    """A paper layout is in use since the event `seq`."""

    seq: int
    is_default: bool

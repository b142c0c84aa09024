"""What staff see of devices and printers, and what a device needs to work alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from server.db import displays, jobs, outbox, reads, speech
from server.db.devices import devices_of
from server.db.paper_layouts import layout_values
from server.db.tables import refused, tickets, unprinted
from server.db.views import branch_card, plain
from server.domain.branch import Branch
from server.domain.devices import Device
from server.domain.displays import behind_since, room_of
from server.domain.hours import hours_values
from server.domain.ids import BranchId, DeviceId
from server.domain.states import TicketState
from server.wire import DeviceNotice, PrinterCard
from server.wire_devices import CatalogueService, DeviceCard, DeviceCatalogue, DevicesView
from server.wire_displays import DisplayCard, DisplayState

VERSION_LENGTH = 16
UNPRINTED_SHOWN_MAX = 50
NOTICES_SHOWN_MAX = 3
"""A desk's page does not scroll; the machines' page shows them all."""
NUMBERS_SHOWN_MAX = 6
_DEAF_OR_BLIND = frozenset({"no_sound", "page_frozen", "no_page"})
"""The faults of a screen that an agent can do something about: say the number aloud."""
_STILL_WANTED = [TicketState.WAITING.value, TicketState.CALLED.value, TicketState.PARKED.value]

_unprinted = (
    sa.select(unprinted.c.device_id, tickets.c.label)
    .join(tickets, tickets.c.id == unprinted.c.ticket_id)
    .where(
        unprinted.c.branch_id == sa.bindparam("branch"),
        unprinted.c.day == sa.bindparam("day"),
        tickets.c.state.in_(_STILL_WANTED),
    )
    .order_by(unprinted.c.at)
    .limit(UNPRINTED_SHOWN_MAX)
)
_refused = (
    sa.select(refused.c.device_id, refused.c.label)
    .where(
        refused.c.branch_id == sa.bindparam("branch"),
        refused.c.day == sa.bindparam("day"),
        refused.c.label.is_not(None),
    )
    .order_by(refused.c.at, refused.c.label)
    .limit(UNPRINTED_SHOWN_MAX)
)


def devices(connection: sa.Connection, branch: Branch, now: datetime) -> DevicesView:
    """Every device in use and every printer of the server."""
    return DevicesView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        devices=_cards(connection, branch, now, whole=True),
        printers=printer_cards(connection, branch.id),
    )


def notices(connection: sa.Connection, branch: Branch, now: datetime) -> tuple[DeviceNotice, ...]:
    """The devices about which an agent should do something, or could tell somebody; the page has room for a few."""
    found = [card for card in _cards(connection, branch, now, whole=False) if _is_for_agents(card)]
    # Somebody stands without a ticket, something is broken, something is only silent: in this order.
    found.sort(key=lambda card: (not _papers(card), card.state != "fault", card.name))
    return tuple(
        DeviceNotice(
            kind=card.kind,
            name=card.name,
            state=card.state,
            fault=card.fault,
            last_seen_at=card.last_seen_at,
            not_printed=card.not_printed[:NUMBERS_SHOWN_MAX],
            not_in_line=card.not_in_line[:NUMBERS_SHOWN_MAX],
        )
        for card in found[:NOTICES_SHOWN_MAX]
    )


def _is_for_agents(card: DeviceCard) -> bool:
    if card.state == "fault" and card.kind == "display":
        return card.fault in _DEAF_OR_BLIND
    return card.state in {"fault", "not_seen"} or _papers(card)


def _papers(card: DeviceCard) -> bool:
    """Whether somebody stands there without a ticket, or with one that is worth nothing."""
    return bool(card.not_printed or card.not_in_line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What is known of displays beside their own rows."""

    leaders: Mapping[str, DeviceId] = field(default_factory=dict)
    pictured: Mapping[DeviceId, tuple[int, datetime]] = field(default_factory=dict)
    """Which order the picture of each answers, and when it came."""
    events: Mapping[int, datetime] = field(default_factory=dict)
    """When the first thing happened that a display has not painted, by its seq."""


def _around(connection: sa.Connection, branch: BranchId, found: Sequence[Device]) -> _Around:
    shown = [each for each in found if each.display is not None]
    if not shown:
        return _Around()
    painted = {each.report.painted_seq for each in shown}
    return _Around(
        leaders=speech.leaders(connection, branch),
        pictured=displays.pictures(connection, branch),
        events=outbox.times_of(connection, branch, [seq + 1 for seq in painted if seq is not None]),
    )


def device_card(
    device: Device,
    not_printed: Sequence[str] = (),
    not_in_line: Sequence[str] = (),
    display: DisplayCard | None = None,
) -> DeviceCard:
    """A device as staff see it."""
    report = device.report
    return DeviceCard(
        id=device.id,
        kind=device.kind,
        name=device.name,
        state=device.state,
        fault=device.fault,
        printer_state=report.printer_state,
        paper=report.paper,
        waiting_to_sync=report.waiting_to_sync,
        version=report.version,
        last_seen_at=device.last_seen_at,
        clock_skew_seconds=report.clock_skew_seconds,
        not_printed=tuple(not_printed),
        not_in_line=tuple(not_in_line),
        display=display,
    )


def _display(device: Device, around: _Around, now: datetime) -> DisplayCard | None:
    if device.display is None:
        return None
    settings, report = device.display.settings, device.report
    order, pictured_at = around.pictured.get(device.id, (0, None))
    newer = around.events.get(-1 if report.painted_seq is None else report.painted_seq + 1)
    return DisplayCard(
        settings=settings,
        painted_seq=report.painted_seq,
        painted_at=report.painted_at,
        sound=report.sound,
        page=report.page,
        is_leader=around.leaders.get(room_of(device.id, settings)) == device.id,
        screenshot_at=pictured_at,
        is_picture_missing=order < device.display.orders.screenshot,
        behind_since=behind_since(newer, now),
    )


def display_card(connection: sa.Connection, device: Device, now: datetime) -> DeviceCard:
    """One display as staff see it."""
    around = _around(connection, device.branch, [device])
    return device_card(device, display=_display(device, around, now))


def display_state(connection: sa.Connection, device: Device) -> DisplayState:
    """All that a display is told of itself; `connection` must read one snapshot, or `seq` says nothing of the rest."""
    assert device.display is not None, "only a display has a state of one"
    return DisplayState(
        device=device.id,
        name=device.name,
        settings=device.display.settings,
        orders=device.display.orders,
        leader=_leader(connection, device),
        seq=outbox.latest(connection, device.branch),
    )


def _leader(connection: sa.Connection, device: Device) -> DeviceId | None:
    assert device.display is not None, "only a display speaks"
    return speech.leader(connection, device.branch, room_of(device.id, device.display.settings))


def printer_cards(connection: sa.Connection, branch_id: BranchId) -> tuple[PrinterCard, ...]:
    """The server's own printers, with the jobs that wait for each."""
    waiting = jobs.waiting_by_target(connection, branch_id)
    return tuple(
        PrinterCard(
            name=printer.name,
            state=printer.state,
            waiting=waiting.get(jobs.printer_target(printer.id), 0),
        )
        for printer in reads.printers_of(connection, branch_id)
    )


def catalogue(
    connection: sa.Connection, branch: Branch, *, public_url: str, now: datetime
) -> DeviceCatalogue:
    """Everything that a kiosk needs for a day without the server; `version` tells whether any of it changed."""
    found = DeviceCatalogue(
        version="",
        at=now,
        branch=branch_card(branch),
        hours=hours_values(branch.hours),
        priority_head_start_seconds=round(branch.head_starts.priority.total_seconds()),
        public_url=public_url,
        services=tuple(
            CatalogueService(
                id=service.id,
                code=service.code,
                letter=service.letter,
                names=plain(service.names),
                documents={tag.value: items for tag, items in service.documents.items()},
                icon=service.icon,
                position=service.position,
                is_open=service.is_open,
            )
            for service in reads.services_of(connection, branch.id)
        ),
        layout=layout_values(connection, branch.id),
    )
    content: dict[str, Any] = msgspec.to_builtins(found)
    del content["version"], content["at"]
    digest = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
    return replace(found, version=digest[:VERSION_LENGTH])


def _cards(
    connection: sa.Connection, branch: Branch, now: datetime, *, whole: bool
) -> tuple[DeviceCard, ...]:
    """Every device in use; not `whole`, without what only the list of devices shows of displays."""
    found = devices_of(connection, branch.id)
    day = {"branch": branch.id, "day": branch.hours.business_day(now)}
    not_printed = _labels(connection, _unprinted, day) if found else {}
    not_in_line = _labels(connection, _refused, day) if found else {}
    around = _around(connection, branch.id, found) if whole else _Around()
    return tuple(
        device_card(
            each,
            not_printed.get(each.id, ()),
            not_in_line.get(each.id, ()),
            _display(each, around, now),
        )
        for each in found
    )


def _labels(
    connection: sa.Connection,
    statement: sa.Select[tuple[DeviceId, str]],
    day: Mapping[str, object],
) -> Mapping[DeviceId, Sequence[str]]:
    """The numbers of today's papers that staff must know of, by device."""
    by_device: dict[DeviceId, list[str]] = {}
    for row in connection.execute(statement, day):
        by_device.setdefault(row.device_id, []).append(row.label)
    return by_device

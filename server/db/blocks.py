"""Rows of leased numbers, and what an upload of tickets has to know before it writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.db import codec
from server.db.codec import Row
from server.db.tables import blocks, devices, lines, refused, requests, tickets, unprinted
from server.db.unit_of_work import RequestKey
from server.domain.blocks import OPEN_DAYS_LOOKED_AT, LeasedBlock
from server.domain.ids import BranchId, DeviceId, Label, ServiceId, TicketId
from server.domain.ticket import Ticket
from server.wire import TicketAnswer
from server.wire_devices import OfflineTicket

DAYS_BACK_MAX = 60
"""How far back the last open days are looked for."""

_of_device = (
    sa.select(blocks)
    .where(
        blocks.c.branch_id == sa.bindparam("branch"),
        blocks.c.day.in_(sa.bindparam("days", expanding=True)),
        blocks.c.device_id == sa.bindparam("device"),
    )
    .order_by(blocks.c.day, blocks.c.service_id, blocks.c.first)
)
_for_upload = (
    sa.select(blocks)
    .join(devices, devices.c.id == blocks.c.device_id)
    .where(
        blocks.c.branch_id == sa.bindparam("branch"),
        blocks.c.day.in_(sa.bindparam("days", expanding=True)),
        sa.or_(
            blocks.c.device_id == sa.bindparam("device"),
            devices.c.revoked_at.is_not(None),
        ),
    )
)
_has_block = sa.exists().where(
    blocks.c.branch_id == devices.c.branch_id,
    blocks.c.day == sa.bindparam("day"),
    blocks.c.service_id == sa.bindparam("service"),
    blocks.c.device_id == devices.c.id,
)
_kiosks_without = sa.select(sa.func.count()).where(
    devices.c.branch_id == sa.bindparam("branch"),
    sa.text("revoked_at IS NULL"),
    devices.c.kind == "kiosk",
    sa.not_(_has_block),
)
_kept = (
    sa.select(sa.func.coalesce(sa.func.sum(blocks.c.kept), 0))
    .where(
        blocks.c.branch_id == lines.c.branch_id,
        blocks.c.day == lines.c.day,
        blocks.c.service_id == lines.c.service_id,
    )
    .scalar_subquery()
)
_given_out = (
    sa.select(lines.c.service_id, (lines.c.last_number + _kept).label("given_out"))
    .where(
        lines.c.branch_id == sa.bindparam("branch"),
        lines.c.day >= sa.bindparam("since"),
        lines.c.day < sa.bindparam("before"),
    )
    .order_by(lines.c.day.desc())
)
_reserve = (
    sa.update(lines)
    .where(
        lines.c.branch_id == sa.bindparam("branch"),
        lines.c.day == sa.bindparam("for_day"),
        lines.c.service_id == sa.bindparam("service"),
    )
    .values(reserved_from=sa.bindparam("start"))
)
_insert_block = sa.insert(blocks)
_count_kept = (
    sa.update(blocks)
    .where(
        blocks.c.branch_id == sa.bindparam("branch"),
        blocks.c.day == sa.bindparam("for_day"),
        blocks.c.service_id == sa.bindparam("service"),
        blocks.c.first == sa.bindparam("start"),
    )
    .values(kept=blocks.c.kept + sa.bindparam("count"))
)
_by_id = sa.select(tickets).where(tickets.c.id.in_(sa.bindparam("ids", expanding=True)))
_by_secret = sa.select(tickets).where(tickets.c.secret.in_(sa.bindparam("secrets", expanding=True)))
_by_label = sa.select(tickets).where(
    tickets.c.branch_id == sa.bindparam("branch"),
    tickets.c.day.in_(sa.bindparam("days", expanding=True)),
    tickets.c.label.in_(sa.bindparam("labels", expanding=True)),
)
_requests = sa.select(requests.c.key, requests.c.fingerprint, requests.c.answer).where(
    requests.c.scope == sa.bindparam("scope"),
    requests.c.key.in_(sa.bindparam("keys", expanding=True)),
)


def _upsert_request(dialect: str) -> Any:
    """Keep an answer, or put it in the place of the one that the same request had."""
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(requests)
    return statement.on_conflict_do_update(
        index_elements=[requests.c.scope, requests.c.key],
        set_={"answer": statement.excluded.answer},
        where=requests.c.fingerprint == statement.excluded.fingerprint,
    )


_UPSERT_REQUEST = {dialect: _upsert_request(dialect) for dialect in ("sqlite", "postgresql")}


def blocks_of(
    connection: sa.Connection, branch: BranchId, device: DeviceId, days: Iterable[date]
) -> tuple[LeasedBlock, ...]:
    """What a device has leased on these days."""
    parameters = {"branch": branch, "device": device, "days": sorted(set(days))}
    return tuple(_block(row) for row in connection.execute(_of_device, parameters))


def blocks_for_upload(
    connection: sa.Connection, branch: BranchId, device: DeviceId, days: Iterable[date]
) -> tuple[LeasedBlock, ...]:
    """The blocks whose numbers a device may bring: its own, and those of devices that cannot bring them any more.

    A kiosk that was paired anew is another device, and still has the tickets of the one that it was.
    """
    parameters = {"branch": branch, "device": device, "days": sorted(set(days))}
    return tuple(_block(row) for row in connection.execute(_for_upload, parameters))


def kiosks_without(
    connection: sa.Connection, branch: BranchId, day: date, service: ServiceId
) -> int:
    """How many kiosks in use have no block at all of this line."""
    parameters = {"branch": branch, "day": day, "service": service}
    return int(connection.execute(_kiosks_without, parameters).scalar_one())


def most_a_day(connection: sa.Connection, branch: BranchId, before: date) -> dict[ServiceId, int]:
    """The most numbers that each service gave out on one of its last days with any, kiosks' own among them."""
    since = before - timedelta(days=DAYS_BACK_MAX)
    parameters = {"branch": branch, "since": since, "before": before}
    by_service: dict[ServiceId, list[int]] = {}
    for row in connection.execute(_given_out, parameters):
        found = by_service.setdefault(row.service_id, [])
        if row.given_out and len(found) < OPEN_DAYS_LOOKED_AT:
            found.append(row.given_out)
    return {service: max(counts, default=0) for service, counts in by_service.items()}


def insert_block(connection: sa.Connection, branch: BranchId, block: LeasedBlock) -> None:
    """Write a block, and that online numbers stop before it."""
    connection.execute(
        _insert_block,
        {
            "branch_id": branch,
            "day": block.day,
            "service_id": block.service,
            "device_id": block.device,
            "first": block.first,
            "last": block.last,
            "leased_at": block.leased_at,
            "kept": block.kept,
        },
    )
    parameters = {"branch": branch, "for_day": block.day, "service": block.service}
    connection.execute(_reserve, {**parameters, "start": block.first})


def count_kept(connection: sa.Connection, branch: BranchId, block: LeasedBlock, count: int) -> None:
    """So many numbers more of a block became tickets."""
    parameters = {
        "branch": branch,
        "for_day": block.day,
        "service": block.service,
        "start": block.first,
    }
    connection.execute(_count_kept, {**parameters, "count": count})


def taken(
    connection: sa.Connection,
    branch: BranchId,
    found: Sequence[OfflineTicket],
    labels: Iterable[Label],
    today: date,
) -> list[Ticket]:
    """The tickets that have an id, a secret or a number of these already, on their days or today.

    Three queries, whatever their count.
    """
    asked: tuple[tuple[Any, Mapping[str, object]], ...] = (
        (_by_id, {"ids": [each.id for each in found]}),
        (_by_secret, {"secrets": [each.secret for each in found]}),
        (
            _by_label,
            {
                "branch": branch,
                "days": sorted({today, *(each.day for each in found)}),
                "labels": sorted(set(labels)),
            },
        ),
    )
    return [
        codec.ticket(row)
        for statement, parameters in asked
        for row in connection.execute(statement, parameters)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswer:
    """What a request was answered that was sent before; `fingerprint` tells what it asked."""

    fingerprint: str
    answer: bytes

    def ticket(self) -> TicketId:
        """The ticket of an answered issue."""
        return TicketId(msgspec.json.decode(self.answer, type=TicketAnswer).id)


def first_answers(
    connection: sa.Connection, scope: str, keys: Iterable[str]
) -> dict[str, FirstAnswer]:
    """What these requests of a caller were answered, by key."""
    rows = connection.execute(_requests, {"scope": scope, "keys": sorted(set(keys))})
    return {row.key: FirstAnswer(fingerprint=row.fingerprint, answer=row.answer) for row in rows}


def remember_all(
    connection: sa.Connection, found: Sequence[tuple[RequestKey, TicketAnswer]], now: datetime
) -> None:
    """Keep the answers of taps that never reached the server: one that arrives late gets the paper's ticket."""
    values = [
        {
            "scope": request.scope,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "answer": msgspec.json.encode(answer),
            "at": now,
        }
        for request, answer in found
    ]
    if values:
        connection.execute(_UPSERT_REQUEST[connection.dialect.name], values)


_insert_unprinted = sa.insert(unprinted)
_delete_unprinted = sa.delete(unprinted).where(unprinted.c.ticket_id == sa.bindparam("ticket"))
_unprinted_reason = sa.select(unprinted.c.reason).where(
    unprinted.c.ticket_id == sa.bindparam("ticket")
)


def unprinted_reason(connection: sa.Connection, ticket: TicketId) -> str | None:
    """Why a kiosk could not print a ticket; None when nothing is known of that."""
    value: str | None = connection.execute(
        _unprinted_reason, {"ticket": ticket}
    ).scalar_one_or_none()
    return value


def note_unprinted(
    connection: sa.Connection, ticket: Ticket, device: DeviceId, reason: str, now: datetime
) -> None:
    """The paper of a ticket did not come out."""
    values = {
        "ticket_id": ticket.id,
        "branch_id": ticket.branch,
        "device_id": device,
        "day": ticket.day,
        "reason": reason,
        "at": now,
    }
    connection.execute(_insert_unprinted, values)


def forget_unprinted(connection: sa.Connection, ticket: TicketId) -> None:
    """It did after all."""
    connection.execute(_delete_unprinted, {"ticket": ticket})


_refused_keys = sa.select(refused.c.key).where(
    refused.c.device_id == sa.bindparam("device"),
    refused.c.key.in_(sa.bindparam("keys", expanding=True)),
)
_insert_refused = sa.insert(refused)


def refused_before(
    connection: sa.Connection, device: DeviceId, keys: Iterable[str]
) -> frozenset[str]:
    """Those of a device's taps whose papers were refused already."""
    parameters = {"device": device, "keys": sorted(keys)}
    return frozenset(connection.execute(_refused_keys, parameters).scalars())


def note_refused(
    connection: sa.Connection,
    branch: BranchId,
    device: DeviceId,
    labels: Mapping[str, Label | None],
    *,
    day: date,
    now: datetime,
) -> None:
    """Papers that are in no line, by the key of their tap; `day` is the one on which they were brought."""
    values = [
        {
            "device_id": device,
            "key": key,
            "branch_id": branch,
            "day": day,
            "label": label,
            "at": now,
        }
        for key, label in labels.items()
    ]
    if values:
        connection.execute(_insert_refused, values)


def _block(row: Row) -> LeasedBlock:
    return LeasedBlock(
        service=row.service_id,
        day=row.day,
        device=row.device_id,
        first=row.first,
        last=row.last,
        leased_at=row.leased_at,
        kept=row.kept,
    )

"""Writes of what changes seldom: branches, services, desks, agents, printers, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from server.db.tables import (
    agents,
    branches,
    desk_lines,
    desks,
    printers,
    requests,
    services,
    tokens,
)
from server.domain.errors import Invalid
from server.domain.hours import Hours, hours_values
from server.domain.ids import AgentId, BranchId, DeskId, Language, ServiceId, Texts
from server.domain.roles import Role


def insert_branch(
    connection: sa.Connection,
    *,
    slug: str,
    names: Texts,
    languages: tuple[Language, ...],
    hours: Hours,
    accent: str,
    open_kiosk: bool,
    priority_head_start: timedelta,
) -> BranchId:
    """Raises Invalid when the slug is taken."""
    values = {
        "slug": slug,
        "names": {tag.value: text for tag, text in names.items()},
        "languages": [tag.value for tag in languages],
        "zone": hours.zone.key,
        "hours": hours_values(hours),
        "priority_head_start_seconds": round(priority_head_start.total_seconds()),
        "accent": accent,
        "open_kiosk": open_kiosk,
        "seq": 0,
    }
    return BranchId(_insert(connection, branches, values, "slug"))


def insert_service(connection: sa.Connection, values: Mapping[str, Any]) -> ServiceId:
    """Raises Invalid when the code or the letter is taken in this branch."""
    return ServiceId(_insert(connection, services, values, "code or letter"))


def insert_desk(
    connection: sa.Connection,
    branch: BranchId,
    number: int,
    lines: Mapping[ServiceId, timedelta],
) -> DeskId:
    """Raises Invalid when the number is taken in this branch."""
    desk = DeskId(_insert(connection, desks, {"branch_id": branch, "number": number}, "number"))
    insert_desk_lines(connection, desk, lines)
    return desk


def insert_desk_lines(
    connection: sa.Connection, desk: DeskId, lines: Mapping[ServiceId, timedelta]
) -> None:
    """The lines that a desk serves, each with its lag."""
    connection.execute(
        sa.insert(desk_lines),
        [
            {"desk_id": desk, "service_id": service, "lag_seconds": round(lag.total_seconds())}
            for service, lag in lines.items()
        ],
    )


def insert_agent(
    connection: sa.Connection,
    *,
    branch: BranchId,
    login: str,
    name: str,
    role: Role,
    language: Language,
    password_hash: str | None,
) -> AgentId:
    """Raises Invalid when the login is taken."""
    values = {
        "branch_id": branch,
        "login": login,
        "name": name,
        "role": role.value,
        "language": language.value,
        "password_hash": password_hash,
        "is_active": True,
    }
    return AgentId(_insert(connection, agents, values, "login"))


def insert_printer(
    connection: sa.Connection, branch: BranchId, name: str, address: str, width_dots: int
) -> int:
    """Raises Invalid when the name is taken in this branch."""
    values = {
        "branch_id": branch,
        "name": name,
        "address": address,
        "width_dots": width_dots,
        "state": "unknown",
    }
    return _insert(connection, printers, values, "name")


def save_printer_state(connection: sa.Connection, printer: int, state: str) -> None:
    """Write `ok`, `unknown` or the code of a fault."""
    connection.execute(sa.update(printers).where(printers.c.id == printer).values(state=state))


def insert_token(
    connection: sa.Connection,
    *,
    branch: BranchId,
    role: Role,
    label: str,
    digest: str,
    agent: AgentId | None,
    printer: int | None,
    now: datetime,
) -> int:
    """Keep a token's digest."""
    values = {
        "branch_id": branch,
        "role": role.value,
        "label": label,
        "digest": digest,
        "agent_id": agent,
        "printer_id": printer,
        "created_at": now,
    }
    return _insert(connection, tokens, values, "token")


def revoke_token(connection: sa.Connection, token_id: int, now: datetime) -> bool:
    """False when it was unknown or revoked already."""
    result = connection.execute(
        sa.update(tokens)
        .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return bool(result.rowcount)


def delete_requests(connection: sa.Connection, before: datetime) -> int:
    """Forget the answers given before a time; returns how many."""
    return connection.execute(sa.delete(requests).where(requests.c.at < before)).rowcount


def _insert(
    connection: sa.Connection, table: sa.Table, values: Mapping[str, Any], unique: str
) -> int:
    try:
        row = connection.execute(sa.insert(table).values(**values).returning(table.c.id)).one()
    except IntegrityError as error:
        # The only constraints that a person's input can break here are the unique ones.
        raise Invalid(f"this {unique} is taken", field=unique) from error
    return int(row.id)

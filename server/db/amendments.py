"""Changes to what `admin` wrote: passwords, addresses, and what an operator set of branches, services and desks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from server.db import codec
from server.db.admin import insert_desk_lines
from server.db.tables import agents, branches, desk_lines, printers, services
from server.domain.branch import Branch, Service
from server.domain.ids import DeskId, ServiceId


def save_password(connection: sa.Connection, login: str, password_hash: str) -> bool:
    """False when nobody has this login."""
    statement = sa.update(agents).where(agents.c.login == login)
    return bool(connection.execute(statement.values(password_hash=password_hash)).rowcount)


def save_agent_active(connection: sa.Connection, login: str, *, is_active: bool) -> bool:
    """False when nobody has this login."""
    statement = sa.update(agents).where(agents.c.login == login)
    return bool(connection.execute(statement.values(is_active=is_active)).rowcount)


def save_printer_address(connection: sa.Connection, printer: int, address: str) -> None:
    """A printer that moved is a printer of which nothing is known yet."""
    statement = sa.update(printers).where(printers.c.id == printer, printers.c.address != address)
    connection.execute(statement.values(address=address, state="unknown"))


def save_branch(connection: sa.Connection, value: Branch) -> None:
    """What an operator set of a branch; its slug, by which screens know it, stays."""
    statement = sa.update(branches).where(branches.c.id == value.id)
    connection.execute(statement.values(**codec.branch_values(value)))


def save_service(connection: sa.Connection, value: Service) -> None:
    """What an operator set of a service; its code and its letter, which stand on paper, stay."""
    statement = sa.update(services).where(services.c.id == value.id)
    connection.execute(statement.values(**codec.service_values(value)))


def replace_desk_lines(
    connection: sa.Connection, desk: DeskId, lines: Mapping[ServiceId, timedelta]
) -> None:
    """The lines that a desk serves, all at once; there is at least one."""
    connection.execute(sa.delete(desk_lines).where(desk_lines.c.desk_id == desk))
    insert_desk_lines(connection, desk, lines)

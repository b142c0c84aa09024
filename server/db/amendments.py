"""Changes to what `admin` wrote: a password, a printer's address, whether a kiosk needs a token."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import agents, branches, printers
from server.domain.ids import BranchId


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


def save_open_kiosk(connection: sa.Connection, branch: BranchId, *, open_kiosk: bool) -> None:
    """Whether `/kiosk/SLUG` works without a token."""
    statement = sa.update(branches).where(branches.c.id == branch)
    connection.execute(statement.values(open_kiosk=open_kiosk))

"""Who is asking: tokens of devices and programs, and the accounts of staff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from server.db import codec
from server.db.prepared import Prepared
from server.db.tables import agents, branches, devices, tokens
from server.domain.branch import Agent, Branch
from server.domain.ids import AgentId, BranchId, DeviceId
from server.domain.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Who a token speaks for."""

    token_id: int
    role: Role
    branch: Branch
    agent: AgentId | None
    printer: int | None
    device: DeviceId | None = None
    is_first_use: bool = False
    """Whether a device's token has never been used: the first use is to be noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An agent with what signing in needs."""

    agent: Agent
    branch: BranchId
    password_hash: str | None


TOKENS_AT_ONCE_MAX = 500
"""In one statement: SQLite bounds its variables."""
_OPENS_DOORS = (
    tokens.c.revoked_at.is_(None),
    # The token of somebody who left the staff opens nothing.
    sa.or_(tokens.c.agent_id.is_(None), agents.c.is_active),
)
_credential = Prepared(
    sa.select(
        tokens.c.id.label("token_id"),
        tokens.c.role,
        tokens.c.agent_id,
        tokens.c.printer_id,
        devices.c.id.label("device_id"),
        devices.c.first_used_at,
        branches,
    )
    .join(branches, branches.c.id == tokens.c.branch_id)
    .join(devices, devices.c.token_id == tokens.c.id, isouter=True)
    .join(agents, agents.c.id == tokens.c.agent_id, isouter=True)
    .where(
        tokens.c.digest == sa.bindparam("digest"),
        *_OPENS_DOORS,
    )
)


_living_tokens = (
    sa.select(tokens.c.id)
    .join(agents, agents.c.id == tokens.c.agent_id, isouter=True)
    .where(tokens.c.id.in_(sa.bindparam("ids", expanding=True)), *_OPENS_DOORS)
)


def living_tokens(connection: sa.Connection, token_ids: Collection[int]) -> frozenset[int]:
    """Those of the tokens that still open something."""
    found: set[int] = set()
    rest = iter(sorted(token_ids))
    while ids := list(islice(rest, TOKENS_AT_ONCE_MAX)):
        found.update(connection.scalars(_living_tokens, {"ids": ids}))
    return frozenset(found)


def credential(connection: sa.Connection, digest: str) -> Credential | None:
    """Whom the token with this SHA-256 speaks for; None when it is unknown or revoked."""
    row = _credential.first(connection, {"digest": digest})
    if row is None:
        return None
    return Credential(
        token_id=row.token_id,
        role=Role(row.role),
        branch=codec.branch(row),
        agent=row.agent_id,
        printer=row.printer_id,
        device=row.device_id,
        is_first_use=row.device_id is not None and row.first_used_at is None,
    )


_account_by_id = Prepared(sa.select(agents).where(agents.c.id == sa.bindparam("id")))
_account_by_login = Prepared(sa.select(agents).where(agents.c.login == sa.bindparam("login")))


def account(connection: sa.Connection, agent_id: AgentId) -> Account | None:
    """The account of an agent."""
    return _account(_account_by_id.first(connection, {"id": agent_id}))


def agent_by_login(connection: sa.Connection, login: str) -> Account | None:
    """The account of a login."""
    return _account(_account_by_login.first(connection, {"login": login}))


def _account(row: codec.Row | None) -> Account | None:
    if row is None:
        return None
    return Account(agent=codec.agent(row), branch=row.branch_id, password_hash=row.password_hash)

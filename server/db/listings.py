"""Lists for operators: who works in a branch and which tokens open its doors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from server.db import codec
from server.db.tables import agents, branches, printers, tokens
from server.domain.branch import Agent
from server.domain.ids import BranchId
from server.domain.roles import Role

ROWS_MAX = 1_000
"""The most a list shows; a branch has dozens of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAgent:
    """A person, and whether they can sign in with a password."""

    agent: Agent
    has_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedToken:
    """What is known of a token: everything but the token."""

    id: int
    branch: str
    role: Role
    label: str
    agent: str | None
    """The login of the person it acts for."""
    printer: str | None
    created_at: datetime
    revoked_at: datetime | None


def agents_of(connection: sa.Connection, branch: BranchId) -> tuple[ListedAgent, ...]:
    """The people of a branch, by login."""
    statement = (
        sa.select(agents)
        .where(agents.c.branch_id == branch)
        .order_by(agents.c.login)
        .limit(ROWS_MAX)
    )
    return tuple(
        ListedAgent(agent=codec.agent(row), has_password=row.password_hash is not None)
        for row in connection.execute(statement)
    )


def tokens_of(connection: sa.Connection, branch: BranchId) -> tuple[ListedToken, ...]:
    """The tokens of a branch, revoked ones too, the oldest first."""
    statement = (
        sa.select(
            tokens,
            branches.c.slug,
            agents.c.login,
            printers.c.name.label("printer_name"),
        )
        .join(branches, tokens.c.branch_id == branches.c.id)
        .outerjoin(agents, tokens.c.agent_id == agents.c.id)
        .outerjoin(printers, tokens.c.printer_id == printers.c.id)
        .where(tokens.c.branch_id == branch)
        .order_by(tokens.c.id)
        .limit(ROWS_MAX)
    )
    return tuple(
        ListedToken(
            id=row.id,
            branch=row.slug,
            role=Role(row.role),
            label=row.label,
            agent=row.login,
            printer=row.printer_name,
            created_at=row.created_at,
            revoked_at=row.revoked_at,
        )
        for row in connection.execute(statement)
    )

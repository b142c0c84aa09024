"""The paper layout of a branch; no row is the default one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import structlog

from server.db.tables import paper_layouts
from server.domain.ids import BranchId
from server.domain.paper_layout import PaperLayout, from_json, to_json

_log = structlog.get_logger(__name__)
_layout = sa.select(paper_layouts.c.layout).where(
    paper_layouts.c.branch_id == sa.bindparam("branch")
)


def layout_values(connection: sa.Connection, branch: BranchId) -> dict[str, Any] | None:
    """The layout as JSON's own types, as kiosks get it; None when nobody has set one."""
    found: dict[str, Any] | None = connection.execute(
        _layout, {"branch": branch}
    ).scalar_one_or_none()
    return found


def layout_of(connection: sa.Connection, branch: BranchId) -> PaperLayout | None:
    """The layout; None when nobody has set one, or when nobody here can read it.

    A newer version may have written it, before somebody went back to this one: tickets are printed all the
    same, and an administrator can set another.
    """
    raw = layout_values(connection, branch)
    try:
        return None if raw is None else from_json(raw)
    except ValueError as error:
        _log.error("paper_layout_unreadable", branch=branch, problem=str(error))
        return None


def save_layout(connection: sa.Connection, branch: BranchId, layout: PaperLayout | None) -> None:
    """Put a layout in place of the present one; None goes back to the default."""
    connection.execute(sa.delete(paper_layouts).where(paper_layouts.c.branch_id == branch))
    if layout is not None:
        values = {"branch_id": branch, "layout": to_json(layout)}
        connection.execute(sa.insert(paper_layouts), values)

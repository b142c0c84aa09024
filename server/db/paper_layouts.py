"""The paper layout of a branch; no row is the default one."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import paper_layouts
from server.domain.ids import BranchId
from server.domain.paper_layout import PaperLayout, from_json, to_json

_layout = sa.select(paper_layouts.c.layout).where(
    paper_layouts.c.branch_id == sa.bindparam("branch")
)


def layout_of(connection: sa.Connection, branch: BranchId) -> PaperLayout | None:
    """The layout; None when nobody has set one."""
    raw = connection.execute(_layout, {"branch": branch}).scalar_one_or_none()
    return None if raw is None else from_json(raw)


def save_layout(connection: sa.Connection, branch: BranchId, layout: PaperLayout | None) -> None:
    """Put a layout in place of the present one; None goes back to the default."""
    connection.execute(sa.delete(paper_layouts).where(paper_layouts.c.branch_id == branch))
    if layout is not None:
        values = {"branch_id": branch, "layout": to_json(layout)}
        connection.execute(sa.insert(paper_layouts), values)

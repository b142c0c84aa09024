"""Changing how the tickets of a branch look on paper."""

from __future__ import annotations

import json
from datetime import datetime

from server.actions.hall import Answered, Caller, Hall, Step, perform, request_key
from server.db import paper_layouts
from server.db.unit_of_work import UnitOfWork
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId
from server.domain.paper_layout import PaperLayout, to_json
from server.domain.roles import Right
from server.wire import PaperSaved


def set_paper_layout(
    *,
    hall: Hall,
    branch: BranchId,
    layout: PaperLayout | None,
    caller: Caller | None,
    key: str | None,
) -> Answered[PaperSaved]:
    """Print the branch's tickets so from now on; None is the default layout. The same one again is "already so".

    `caller` is None for the operator of the machine, who needs no right. Raises NotAllowed, KeyReused.
    """
    if caller is not None:
        caller.require(Right.ADMINISTER)

    def step(work: UnitOfWork, now: datetime) -> Step[PaperSaved]:
        if paper_layouts.layout_of(work.connection, branch) == layout:
            answer = PaperSaved(seq=work.branch.seq, is_default=layout is None)
            return Step(answer=answer, is_change=False)
        paper_layouts.save_layout(work.connection, branch, layout)
        agent = caller.agent if caller is not None else None
        event = Event(kind=EventKind.PAPER_LAYOUT_CHANGED, at=now, agent=agent)
        seq = work.record_event(event)
        return Step(answer=PaperSaved(seq=seq, is_default=layout is None))

    asked = json.dumps(to_json(layout), sort_keys=True) if layout is not None else ""
    scope = caller.scope if caller is not None else "operator"
    request = request_key(scope, key, "set_paper_layout", asked)
    return perform(hall, branch, request, PaperSaved, step)

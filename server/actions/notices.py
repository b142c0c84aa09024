"""What a branch tells its hall between the calls: one transaction, and every wall hears of it."""

from __future__ import annotations

from server.actions.hall import Hall
from server.db.notices import notices_of, save_notices
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId
from server.domain.notices import Notices


def set_notices(*, hall: Hall, branch: BranchId, wanted: Notices) -> bool:
    """Tell these instead of the present ones; False when it is so already. Raises UnknownBranch."""
    with hall.store.change(branch) as work:
        if notices_of(work.connection, branch) == wanted:
            return False
        save_notices(work.connection, branch, wanted)
        work.record_event(Event(kind=EventKind.CATALOGUE_CHANGED, at=hall.clock.now()))
        work.commit()
    return True

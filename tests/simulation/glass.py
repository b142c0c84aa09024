"""What of a board can be right or wrong, in the place of the server's template."""

from __future__ import annotations

from collections.abc import Mapping

from server.wire import BoardView
from server.wire_displays import call_key


def painted(view: BoardView) -> str:
    """In the place of the template: what of the board can be right or wrong."""
    return repr(facts(view))


def facts(view: BoardView) -> Mapping[str, object]:
    """All that the board says but the time at which it was read, and waits, which pass by themselves."""
    return {
        "seq": view.seq,
        "calls": [(call_key(each), each.desk, each.state) for each in view.calls],
        "waiting": [(each.code, each.waiting) for each in view.lines],
    }

"""Two real kiosks, each behind a wire of its own that breaks under a tap: lost replies, stalls, resets, cuts."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.end_to_end.corners import corner, nothing_is_lost_or_doubled, tapping, taps, until
from tests.end_to_end.processes import running
from tests.end_to_end.town_hall import town_hall
from tests.end_to_end.wire import Broken, Wire

TAPS = 2
BREAKS = (
    (Broken.REPLIES_LOST, Broken.STALLED),
    (Broken.CUT, Broken.REPLIES_LOST),
    (Broken.RESET,) * 2,
)
"""What happens to the wires of both kiosks at once, one pair after the other."""


@pytest.mark.timeout(240)
def test_two_kiosks_lose_nothing_when_their_wires_break_under_taps(tmp_path: Path) -> None:
    data = tmp_path / "server"
    with town_hall(data) as town, running(data) as server, ExitStack() as stack:
        wires = [stack.enter_context(closing(Wire(server.port))) for _ in range(2)]
        corners = [
            stack.enter_context(corner(tmp_path / f"kiosk{n}", n, data=data, url=wire.url))
            for n, wire in enumerate(wires, start=1)
        ]

        def all_at_home() -> bool:
            return all(each.waiting_to_sync() == 0 for each in corners)

        with tapping(town, corners):
            taps(corners, TAPS, "taps before")
            for breaks in BREAKS:
                for wire, how in zip(wires, breaks, strict=True):
                    wire.break_at_next_tap(how)
                until(lambda: all(wire.is_broken for wire in wires), "a tap breaks each wire")
                taps(corners, TAPS, f"taps go on: {breaks}")
                for wire in wires:
                    wire.mend()
                until(all_at_home, f"what was given out meanwhile is brought home: {breaks}")
            taps(corners, TAPS, "taps after")
        nothing_is_lost_or_doubled(town, corners)
        lost = town.rows("SELECT label FROM tickets WHERE state = 'cancelled'")
        assert lost, "a number that the server gave and nobody saw was taken back"

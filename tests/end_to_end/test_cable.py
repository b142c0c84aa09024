"""A server and two kiosks on two machines, as far as the kernel is concerned, and the cable between them is pulled."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.corners import corner, nothing_is_lost_or_doubled, tapping, taps, until
from tests.end_to_end.namespaces import SERVER_ADDRESS, cable, inside
from tests.end_to_end.processes import running
from tests.end_to_end.town_hall import town_hall

TAPS = 3


@pytest.mark.netns
@pytest.mark.timeout(240)
def test_two_kiosks_lose_nothing_when_the_cable_is_pulled(tmp_path: Path) -> None:
    data = tmp_path / "server"
    with cable() as wire, town_hall(data) as town, ExitStack() as stack:
        with inside(wire.server):
            options = ("--host", "0.0.0.0", "--public-url", f"http://{SERVER_ADDRESS}")
            server = stack.enter_context(running(data, *options))
        stack.enter_context(inside(wire.kiosks))
        url = f"http://{SERVER_ADDRESS}:{server.port}"
        corners = [
            stack.enter_context(corner(tmp_path / f"kiosk{n}", n, data=data, url=url))
            for n in (1, 2)
        ]
        with tapping(town, corners):
            taps(corners, TAPS, "taps with the cable")
            wire.pull()
            taps(corners, TAPS, "taps go on without it")
            assert all(each.waiting_to_sync() for each in corners), "they are given out alone"
            wire.put_back()
            until(lambda: not any(c.waiting_to_sync() for c in corners), "all are brought home")
            taps(corners, TAPS, "taps after")
        nothing_is_lost_or_doubled(town, corners)

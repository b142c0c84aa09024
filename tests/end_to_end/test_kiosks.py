"""Two real kiosks, a real server and virtual printers: paired as an installer would, the server killed amid taps."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.corners import corner, nothing_is_lost_or_doubled, tapping, taps
from tests.end_to_end.processes import running
from tests.end_to_end.town_hall import town_hall

LEAST_TAPS = 6


@pytest.mark.timeout(240)
def test_two_kiosks_lose_nothing_when_the_server_dies_amid_taps(tmp_path: Path) -> None:
    data = tmp_path / "server"
    with town_hall(data) as town, running(data) as server, ExitStack() as stack:
        corners = [
            stack.enter_context(corner(tmp_path / f"kiosk{n}", n, data=data, url=server.url))
            for n in (1, 2)
        ]
        with tapping(town, corners):
            taps(corners, LEAST_TAPS, "taps")
            server.kill()
            taps(corners, LEAST_TAPS, "taps go on without the server")
            server.start()
            time.sleep(3)
        nothing_is_lost_or_doubled(town, corners)

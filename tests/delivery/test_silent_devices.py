"""The worker notices a device that went silent, and blames none for the time in which the server was away."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from server.actions import devices
from server.app import create_app
from server.config import load
from server.db import device_views, reads
from server.domain.devices import SILENT
from tests.builders import Town
from tests.machines import HEALTHY, paired

WAIT_SECONDS_MAX = 30


def state(town: Town) -> str:
    """What the page says of the one device."""
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        (card,) = device_views.devices(connection, branch, town.clock.now()).devices
    return card.state


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_silence_is_noticed_by_itself(town: Town, tmp_path: Path) -> None:
    kiosk, _ = paired(town, "kiosk 1")
    devices.report_device(hall=town.hall, caller=kiosk, report=HEALTHY)
    town.clock.advance(timedelta(hours=1))  # the server was away, and now it starts
    config = load(None, tmp_path, {}, overrides={"database.url": town.url})
    worker = create_app(config, hall=town.hall).worker
    worker.start()
    try:
        time.sleep(0.5)
        assert state(town) == "ok", "nobody could report while the server was away"
        town.clock.advance(SILENT)
        until = time.monotonic() + WAIT_SECONDS_MAX
        while state(town) != "not_seen":
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        worker.stop()

"""The real server is killed under load, again and again: what it acknowledged is there afterwards, once."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

from tests.end_to_end.processes import Program, ServerProcess, running
from tests.end_to_end.town_hall import TownHall, town_hall
from virtual_printer import VirtualPrinter

KIOSKS = 4
CRASHES = 3
SECONDS_BETWEEN = 1.2
RETRIES_MAX = 400


class Kiosk(threading.Thread):
    """Taps without pause; an answer that never came is asked for again with the same key."""

    def __init__(self, port: int, token: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._program = Program(port, token)
        self._stopping = stop
        self.acknowledged: dict[str, str] = {}

    def run(self) -> None:
        while not self._stopping.is_set():
            key = uuid4().hex
            reply = self._tap(key)
            if reply is not None:
                self.acknowledged[key] = reply

    def _tap(self, key: str) -> str | None:
        for _ in range(RETRIES_MAX):
            try:
                body = {"service": "civil"}
                reply = self._program.post("/api/v1/branches/berkane/tickets", body, key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if reply.status == 409:  # the line has given out its 999 numbers
                self._stopping.set()
                return None
            assert reply.status in {200, 201}, reply
            return str(reply.body["label"])
        raise AssertionError("the server never came back")


def test_killed_under_load_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    with VirtualPrinter() as printer:
        host, port = printer.address
        with town_hall(tmp_path, printer=f"tcp://{host}:{port}") as town:
            acknowledged = _load_and_crashes(tmp_path, town)
            _check_history(town, acknowledged)
            with running(tmp_path):
                _deliveries_resume(town, len(acknowledged))


def _load_and_crashes(data: Path, town: TownHall) -> list[str]:
    """The numbers that kiosks were given while the server was killed `CRASHES` times."""
    server = ServerProcess(data)
    server.start()
    stop = threading.Event()
    kiosks = [Kiosk(server.port, town.kiosk_token, stop) for _ in range(KIOSKS)]
    for kiosk in kiosks:
        kiosk.start()
    for _ in range(CRASHES):
        time.sleep(SECONDS_BETWEEN)
        server.kill()
        server.start()
    time.sleep(SECONDS_BETWEEN)
    stop.set()
    for kiosk in kiosks:
        kiosk.join(60)
        assert not kiosk.is_alive(), "a kiosk never got its answer"
    server.kill()
    acknowledged = [label for kiosk in kiosks for label in kiosk.acknowledged.values()]
    assert len(acknowledged) > KIOSKS * CRASHES, "there was a load"
    return acknowledged


def _check_history(town: TownHall, acknowledged: list[str]) -> None:
    labels = [str(row.label) for row in town.rows("SELECT label FROM tickets")]
    doubled = [label for label, count in Counter(acknowledged).items() if count > 1]
    assert not doubled, "two requests got one number"
    assert set(acknowledged) <= set(labels), "an acknowledged ticket is gone"
    assert len(labels) == len(set(labels)) == len(acknowledged), "a retry made a second ticket"
    seqs = [row.seq for row in town.rows("SELECT seq FROM events ORDER BY seq")]
    assert seqs == list(range(1, len(seqs) + 1)), "seq has a hole"
    counted = town.rows("SELECT waiting FROM lines")[0].waiting
    assert counted == len(labels), "the line's count is wrong"


def _deliveries_resume(town: TownHall, count: int) -> None:
    """Every ticket got its job, once, and the printer is working through them."""
    deadline = time.monotonic() + 30
    while True:
        jobs = town.rows("SELECT ticket_id, state FROM jobs")
        done = sum(1 for job in jobs if job.state == "done")
        if len(jobs) == count and done:
            break
        assert time.monotonic() < deadline, f"{len(jobs)} jobs of {count}, {done} done"
        time.sleep(0.2)
    assert len({job.ticket_id for job in jobs}) == count

"""The other ways to run: eventlet, and two processes on PostgreSQL with Redis between them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import socketio

from server.actions import settings
from server.domain.roles import Role
from server.serving import GRACE_SECONDS
from tests.databases import Databases
from tests.end_to_end.processes import Program, running
from tests.end_to_end.town_hall import town_hall

PUSH_SECONDS_MAX = 5


def test_eventlet_serves_pages_and_pushes(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[server]\nasync_mode = "eventlet"\n', encoding="utf-8")
    with town_hall(tmp_path) as town, running(tmp_path, "--config", str(config)) as server:
        _push_reaches([Board(server.url)], Program(server.port, town.kiosk_token))


def test_a_kiosk_whose_token_is_revoked_hears_no_more_within_seconds(tmp_path: Path) -> None:
    """Its socket is open already; nothing but the revocation happens, told by another process."""
    with town_hall(tmp_path) as town, running(tmp_path) as server:
        number, token = settings.create_token(
            hall=town.hall, branch=town.branch, role=Role.KIOSK, label="lost"
        )
        revoked, kept = (socketio.Client(reconnection=False) for _ in range(2))
        for screen in (revoked, kept):
            screen.connect(server.url, transports=["websocket"])
        asked = {"view": "kiosk", "branch": "berkane", "language": "fr"}
        assert revoked.call("watch", {**asked, "token": token})["ok"]
        assert kept.call("watch", {**asked, "view": "board"})["ok"]
        settings.revoke_token(hall=town.hall, token_id=number)
        deadline = time.monotonic() + PUSH_SECONDS_MAX
        while revoked.connected:
            assert time.monotonic() < deadline, "it still listens"
            time.sleep(0.05)
        assert kept.connected
        kept.disconnect()


def test_a_server_that_is_told_to_end_does_not_wait_for_its_screens(tmp_path: Path) -> None:
    """They never leave by themselves: it would wait for them as long as it may."""
    with town_hall(tmp_path), running(tmp_path) as server:
        board = Board(server.url)
        ordered = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        board.wait_until_let_go()
        assert time.monotonic() - ordered < GRACE_SECONDS


@pytest.mark.postgres
@pytest.mark.redis
def test_two_processes_push_to_each_others_screens(tmp_path: Path, databases: Databases) -> None:
    redis_url = os.environ.get("NOUBA_TEST_REDIS")
    if redis_url is None:
        pytest.skip("no Redis: scripts/test says where it looked")
    url = databases.new("postgres")
    environ = {"NOUBA_DATABASE_URL": url, "NOUBA_REDIS_URL": redis_url}
    with (
        town_hall(tmp_path, url=url) as town,
        running(tmp_path, "--workers", "2", environ=environ) as server,
    ):
        # The kernel deals connections out: among eight boards both processes have some.
        boards = [Board(server.url) for _ in range(8)]
        _push_reaches(boards, Program(server.port, town.kiosk_token))


def _push_reaches(boards: list[Board], kiosk: Program) -> None:
    reply = kiosk.post("/api/v1/branches/berkane/tickets", {"service": "civil"})
    assert reply.status == 201
    for board in boards:
        board.wait_for(reply.body["seq"])
        board.close()


class Board:
    """A screen that watches the board and remembers the newest version it was sent."""

    def __init__(self, url: str) -> None:
        self.seq = -1
        self._io = socketio.Client(reconnection=False)
        self._io.on("view", self._receive)
        self._io.connect(url, transports=["websocket"])
        answer = self._io.call("watch", {"view": "board", "branch": "berkane", "language": ""})
        assert answer["ok"], answer
        self._receive(answer["view"])

    def wait_for(self, seq: int) -> None:
        """Until the screen shows `seq`, by a push."""
        deadline = time.monotonic() + PUSH_SECONDS_MAX
        while self.seq < seq:
            assert time.monotonic() < deadline, f"it still shows {self.seq}, not {seq}"
            time.sleep(0.01)

    def wait_until_let_go(self) -> None:
        """Until the server has hung up."""
        self._io.eio.wait()

    def close(self) -> None:
        self._io.disconnect()

    def _receive(self, view: dict[str, int]) -> None:
        self.seq = max(self.seq, view["seq"])

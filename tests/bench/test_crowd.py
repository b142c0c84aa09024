"""The bench's clients and a server that hangs up: on a silent connection that is its right, elsewhere a fault."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from benchmarks.crowd import Crowd
from benchmarks.figures import BenchWrong

ANSWER, NOTHING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: whoever is at the other end gets no end, but a reset."""
ALWAYS_SILENT, NEVER_SILENT = 0.0, 3600.0


@dataclass(slots=True)
class _Server:
    """Sends for each request what it is told to, and hangs up on each connection after its last."""

    plans: Sequence[Sequence[bytes]]
    """By connection and request; nothing at all is a reset."""
    keys: list[str] = field(default_factory=list)
    """Idempotency-Keys as they came in."""
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.listening.getsockname()[1])

    def serve(self) -> None:
        """Until all is done or nobody listens any more."""
        with suppress(OSError):
            for plan in self.plans:
                connection, _ = self.listening.accept()
                with connection:
                    for answer in plan:
                        self._hear(connection)
                        connection.sendall(answer)
                    if plan[-1] == NOTHING:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def _hear(self, connection: socket.socket) -> None:
        text = connection.recv(65_536).decode()
        self.keys += [
            line.partition(": ")[2]
            for line in text.splitlines()
            if line.startswith("Idempotency-Key")
        ]


@contextmanager
def _serving(*plans: Sequence[bytes]) -> Iterator[_Server]:
    server = _Server(plans)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        server.listening.close()


def test_a_request_on_a_silent_connection_goes_once_more_under_its_key() -> None:
    with _serving([ANSWER, NOTHING], [ANSWER, NOTHING]) as server:
        crowd = Crowd(server.port, silent_seconds=ALWAYS_SILENT)
        _post(crowd)
        _post(crowd)
        crowd.close()
    first, lost, again = server.keys
    assert first != lost == again


@pytest.mark.parametrize(
    ("plans", "silent_seconds"),
    [
        ([[ANSWER, NOTHING], [ANSWER]], NEVER_SILENT),
        ([[ANSWER, ANSWER[:9]], [ANSWER]], ALWAYS_SILENT),
        ([[ANSWER, NOTHING], [NOTHING]], ALWAYS_SILENT),
    ],
    ids=["was not silent", "half an answer", "a new connection too"],
)
def test_any_other_end_is_a_fault(plans: list[list[bytes]], silent_seconds: float) -> None:
    with _serving(*plans) as server:
        crowd = Crowd(server.port, silent_seconds=silent_seconds)
        _post(crowd)
        with pytest.raises(BenchWrong, match="hung up during call"):
            _post(crowd)
        crowd.close()


def _post(crowd: Crowd) -> None:
    crowd.post("call", "/calls", "token", {})

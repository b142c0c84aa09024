"""A wire between a browser and the server that a test can cut: replies are lost after the server has done its work."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.end_to_end.processes import free_port

CHUNK_BYTES = 65536
CONNECT_SECONDS_MAX = 10


@dataclass(slots=True)
class Wire:
    """Listens on `port` and passes on to `server_port`."""

    server_port: int
    port: int = field(default_factory=free_port)
    lost_replies: int = 0
    """How many answers to a POST are still to be dropped, with their connection."""
    dropped: int = 0
    is_silent: bool = False
    """Whether bytes vanish, as when a cable is pulled: nobody is told, and what was open stays dead afterwards."""
    _listener: socket.socket = field(default_factory=socket.socket)
    _ends: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Let connections through."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Every connection ends."""
        for end in (self._listener, *self._ends):
            _end(end)

    def cut(self) -> None:
        """Every connection of now ends; new ones come through."""
        while self._ends:
            _end(self._ends.pop())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.server_port), CONNECT_SECONDS_MAX)
                far.settimeout(None)
                self._ends += [near, far]
                line = _Line()
                line.is_dead = self.is_silent
                for reading, writing, is_reply in ((near, far, False), (far, near, True)):
                    threading.Thread(
                        target=self._pass, args=(reading, writing, line, is_reply), daemon=True
                    ).start()

    def _pass(
        self, reading: socket.socket, writing: socket.socket, line: _Line, is_reply: bool
    ) -> None:
        with suppress(OSError):
            while data := reading.recv(CHUNK_BYTES):
                line.is_dead = line.is_dead or self.is_silent
                if line.is_dead:
                    continue
                if not is_reply and data.startswith(b"POST "):
                    line.is_posting = True
                if is_reply and line.is_posting and self.lost_replies > 0:
                    self.lost_replies -= 1
                    self.dropped += 1
                    break
                if is_reply:
                    line.is_posting = False
                writing.sendall(data)
        _end(reading)
        _end(writing)


@dataclass(slots=True)
class _Line:
    """One connection through the wire."""

    is_posting: bool = False
    is_dead: bool = False


@contextmanager
def wire(server_port: int) -> Iterator[Wire]:
    """Open while the block runs."""
    made = Wire(server_port)
    made.open()
    try:
        yield made
    finally:
        made.close()


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()

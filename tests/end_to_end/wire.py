"""A wire between a kiosk and its server that breaks at the very moment of a tap, in each way that wires break."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from enum import Enum, auto

CHUNK = 65_536
HOST = "127.0.0.1"
A_TAP = b"/berkane/tickets "
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing is a reset."""


class Broken(Enum):
    """What becomes of the request that breaks it, and of all that follow until it is mended."""

    REPLIES_LOST = auto()
    """Requests arrive, and are acted upon; no answer comes back."""
    STALLED = auto()
    """Connections stand, and nothing moves."""
    RESET = auto()
    """Connections are accepted and reset."""
    CUT = auto()
    """Connections are reset, and none is accepted."""


class Wire:
    """Listens on a port of its own and carries to the server's, while the block runs."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._planned: Broken | None = None
        self._broken: Broken | None = None
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._listening = socket.create_server((HOST, 0))
        self.port = int(self._listening.getsockname()[1])
        self._listen()

    @property
    def url(self) -> str:
        """What the kiosk takes for its server."""
        return f"http://{HOST}:{self.port}"

    @property
    def is_broken(self) -> bool:
        """Whether the tap that breaks it has come."""
        return self._broken is not None

    def break_at_next_tap(self, how: Broken) -> None:
        """Everything is fine until somebody taps."""
        self._planned = how

    def break_now(self, how: Broken) -> None:
        """Without waiting for anybody."""
        self._break(how)

    def mend(self) -> None:
        """As new; what was under way is lost."""
        was, self._broken, self._planned = self._broken, None, None
        self._reset_all()
        if was is Broken.CUT:
            self._listening = socket.create_server((HOST, self.port))
            self._listen()

    def close(self) -> None:
        """Hang up everywhere."""
        self._broken = Broken.CUT
        _close_listening(self._listening)
        self._reset_all()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):  # closed: the wire is cut
            while True:
                kiosk, _ = listening.accept()
                try:
                    server = socket.create_connection((HOST, self._server_port))
                except OSError:  # the server is away: so is what is behind the wire
                    self._reset(kiosk)
                    continue
                with self._lock:
                    self._ends |= {kiosk, server}
                if self._broken is Broken.RESET:
                    self._reset_all()
                    continue
                for target, ends in ((self._there, (kiosk, server)), (self._back, (server, kiosk))):
                    threading.Thread(target=target, args=ends, daemon=True).start()

    def _there(self, kiosk: socket.socket, server: socket.socket) -> None:
        """Requests."""
        with suppress(OSError):
            while data := kiosk.recv(CHUNK):
                if self._planned is not None and A_TAP in data:
                    self._break(self._planned)
                if self._broken is not Broken.STALLED:
                    server.sendall(data)
        self._reset(kiosk, server)

    def _back(self, server: socket.socket, kiosk: socket.socket) -> None:
        """Answers."""
        with suppress(OSError):
            while data := server.recv(CHUNK):
                if self._broken is None:
                    kiosk.sendall(data)
        self._reset(kiosk, server)

    def _break(self, how: Broken) -> None:
        self._planned, self._broken = None, how
        if how is Broken.CUT:
            _close_listening(self._listening)
        if how in (Broken.CUT, Broken.RESET):
            self._reset_all()

    def _reset_all(self) -> None:
        with self._lock:
            ends = set(self._ends)
        self._reset(*ends)

    def _reset(self, *ends: socket.socket) -> None:
        with self._lock:
            self._ends -= set(ends)
        for each in ends:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it
            each.close()


def _close_listening(listening: socket.socket) -> None:
    with suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
    listening.close()

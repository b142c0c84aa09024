"""WebSockets under gunicorn and gevent, made for one push to thousands of screens.

simple-websocket does the handshake, the protocol and the reading. What it writes goes through
`WholeWriter`, for three reasons, all measured (docs/decisions/0009): under gevent its `send` may take only
a part of a frame and lose the rest; it would compress the same bytes again for each socket, and every
browser offers that; and it frames a push for each socket and wakes a greenlet for each. Here a push is
framed once and handed to the kernel at once wherever there is room; a screen that reads too slowly gets it
from Engine.IO's own queue, so frames stay whole and in order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

from engineio.async_drivers.gevent import WebSocketWSGI
from engineio.packet import MESSAGE, Packet
from gevent import spawn
from gevent.lock import BoundedSemaphore
from socketio.packet import EVENT

MEDIUM_MIN, LARGE_MIN = 126, 65_536
"""Lengths from which a frame's header grows (RFC 6455, section 5.2)."""
SEND_BUFFER_BYTES = 65_536
_FINAL_TEXT = 0x81
_EXTENSIONS = "HTTP_SEC_WEBSOCKET_EXTENSIONS"
_SOCKET = "gunicorn.socket"


class WholeWriter:
    """A gevent socket whose writes are whole frames, one after the other. The rest is the socket's own."""

    def __init__(self, socket: Any) -> None:
        # Room for a whole push: else each one leaves a rest behind, and a greenlet to send it.
        socket.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
        self._socket = socket
        self._writing = BoundedSemaphore()
        self.is_new = True
        """Nothing was pushed yet; see `LiveSockets.push`."""
        self.recv = socket.recv
        self.close = socket.close
        self.fileno = socket.fileno

    def send(self, frame: bytes) -> int:
        """Write all of `frame`, waiting for whoever writes now. Raises OSError."""
        with self._writing:
            self._socket.sendall(frame)
        return len(frame)

    def send_at_once(self, frame: bytes) -> bool:
        """Hand `frame` to the kernel without waiting; False when somebody writes or nothing of it fits."""
        if not self._writing.acquire(blocking=False):
            return False
        try:
            taken = os.write(self._socket.fileno(), frame)
        except BlockingIOError:
            taken = 0
        except OSError:
            # The screen is gone: the greenlet that reads from it finds out and tidies up.
            taken = len(frame)
        if 0 < taken < len(frame):
            spawn(self._finish, memoryview(frame)[taken:])  # keeps the lock until it is done
            return True
        self._writing.release()
        return taken > 0

    def _finish(self, rest: memoryview) -> None:
        try:
            self._socket.sendall(rest)
        except OSError:
            self._socket.close()
        finally:
            self._writing.release()


class LiveSockets:
    """The open sockets of this process by their Engine.IO id."""

    def __init__(self, message_bytes_max: int) -> None:
        self._message_bytes_max = message_bytes_max
        self._writers: dict[str, WholeWriter] = {}

    def install(self, server: Any) -> None:
        """Let a Socket.IO server accept its sockets through us; Engine.IO has no setting for that."""
        engine = server.eio
        engine._async = {**engine._async, "websocket": self._accept}  # noqa: SLF001

    def push(self, server: Any, name: str, body: dict[str, object], room: str) -> None:
        """Send a Socket.IO event to a room of this process: encoded and framed once."""
        event = server.packet_class(EVENT, namespace="/", data=[name, body])
        packet = Packet(MESSAGE, event.encode())
        frame = framed(packet.encode())
        for _, engine_id in list(server.manager.get_participants("/", room)):
            writer = self._writers.get(engine_id)
            engine = server.eio.sockets.get(engine_id)
            if writer is None or engine is None:
                continue  # it has just left, or is not quite here: its `watch` is answered with this view
            # The greenlet behind Engine.IO's queue keeps what it sent last: first the answer to `watch`, a
            # whole view of each socket's own. One shared packet through the queue lets go of it.
            is_new, writer.is_new = writer.is_new, False
            # Whatever waits in the queue (an answer, a ping) goes first.
            if is_new or not engine.queue.empty() or not writer.send_at_once(frame):
                server.eio.send_packet(engine_id, packet)

    def _accept(self, handler: Any, engine: Any) -> Callable[..., Iterable[bytes]]:
        engine_id: str = handler.__self__.sid  # the Engine.IO socket whose method the handler is
        accepting = WebSocketWSGI(handler, engine)
        accepting.server_args["max_message_size"] = self._message_bytes_max

        def application(environ: dict[str, Any], start_response: object) -> Iterable[bytes]:
            writer = WholeWriter(environ[_SOCKET])
            # Kept as long as the socket lives, thousands of times: only what the handshake reads.
            plain = {
                name: value
                for name, value in environ.items()
                if name.startswith("HTTP_") and name != _EXTENSIONS
            }
            self._writers[engine_id] = writer
            try:
                plain[_SOCKET] = writer
                answer: Iterable[bytes] = accepting(plain, start_response)
                return answer
            finally:
                del self._writers[engine_id]

        return application


def framed(text: str) -> bytes:
    """A text frame from a server: no mask, no extension, the same for everybody."""
    payload = text.encode()
    length = len(payload)
    if length < MEDIUM_MIN:
        return bytes((_FINAL_TEXT, length)) + payload
    if length < LARGE_MIN:
        return bytes((_FINAL_TEXT, MEDIUM_MIN)) + length.to_bytes(2, "big") + payload
    return bytes((_FINAL_TEXT, MEDIUM_MIN + 1)) + length.to_bytes(8, "big") + payload

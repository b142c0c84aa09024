"""WebSockets under gunicorn and gevent, made for one push to thousands of screens.

simple-websocket does the handshake and the protocol. What it writes goes through
`WholeWriter`, for three reasons, all measured (docs/decisions/0009): under gevent its `send` may take only
a part of a frame and lose the rest; it would compress the same bytes again for each socket, and every
browser offers that; and it frames a push for each socket and wakes a greenlet for each. Here a push is
framed once and handed to the kernel at once wherever there is room; a screen that reads too slowly gets it
from Engine.IO's own queue, so frames stay whole and in order.

A greenlet costs 18 KiB. Engine.IO keeps one asleep for each screen until its next ping, and simple-websocket one that
reads for the one that waits for what was read; here a timer waits, and who waits reads.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from socket import SHUT_RDWR, SO_SNDBUF, SOL_SOCKET
from typing import Any

import simple_websocket
from engineio.packet import MESSAGE, PING, Packet
from engineio.socket import Socket
from gevent import Greenlet, spawn, spawn_later
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from socketio.packet import EVENT
from wsproto.utilities import ProtocolError

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
        self.shutdown = socket.shutdown

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


class _NoThread:
    """In the place of simple-websocket's reading thread."""

    name = "nobody"

    def __init__(self, target: object) -> None:
        """`target` would read; see `ScreenSocket`."""

    def start(self) -> None:
        """Nothing to start."""


class ScreenSocket:
    """A WebSocket as Engine.IO wants it: whoever waits for a message reads it from the network."""

    def __init__(self, environ: dict[str, Any], message_bytes_max: int) -> None:
        """Answer the handshake. Raises ConnectionError when it is none."""
        # Its types know neither gevent's events nor the method that handles what was read.
        events: Any = Event
        self._protocol: Any = simple_websocket.Server(
            environ, max_message_size=message_bytes_max, thread_class=_NoThread, event_class=events
        )

    def wait(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        protocol = self._protocol
        while protocol.connected and not protocol.input_buffer:
            self._read()
        if protocol.input_buffer:
            message: str | bytes = protocol.input_buffer.pop(0)
            return message
        protocol.sock.close()
        return None

    def send(self, text: str | bytes) -> None:
        """Raises OSError when the connection is over."""
        try:
            self._protocol.send(text)
        except simple_websocket.ConnectionClosed as error:
            raise OSError("the screen is gone") from error

    def close(self) -> None:
        """Say good-bye, and let go of whoever waits: a screen whose cable was pulled never answers."""
        if self._protocol.connected:
            with suppress(OSError):
                self._protocol.close()
                self._protocol.sock.shutdown(SHUT_RDWR)
            self._protocol.connected = False

    def _read(self) -> None:
        protocol = self._protocol
        try:
            data = protocol.sock.recv(protocol.receive_bytes)
            if data:
                protocol.ws.receive_data(data)
            protocol.connected = bool(data) and protocol._handle_events()  # noqa: SLF001
        except (OSError, ProtocolError):
            protocol.connected = False


class LiveSockets:
    """The open sockets of this process by their Engine.IO id."""

    def __init__(self, message_bytes_max: int) -> None:
        self._message_bytes_max = message_bytes_max
        self._writers: dict[str, WholeWriter] = {}

    def install(self, server: Any) -> None:
        """Let a Socket.IO server accept its sockets and time its pings through us: it has no settings for that."""
        engine = server.eio
        engine._async = {**engine._async, "websocket": self._accept}  # noqa: SLF001
        engine.start_background_task = _start_or_wait(engine.start_background_task)

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

    def _accept(self, handler: Any, _engine: object) -> Callable[..., Iterable[bytes]]:
        engine_id: str = handler.__self__.sid  # the Engine.IO socket whose method the handler is

        def application(environ: dict[str, Any], _start_response: object) -> Iterable[bytes]:
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
                handler(ScreenSocket(plain, self._message_bytes_max))
            finally:
                del self._writers[engine_id]
            # The connection is used up; gunicorn takes this for "send nothing more".
            raise StopIteration

        return application


def _start_or_wait(start: Callable[..., Greenlet[..., Any]]) -> Callable[..., Greenlet[..., Any]]:
    """Engine.IO's way to start a greenlet, but for a ping that is due later."""

    def start_task(target: Any, *args: Any, **kwargs: Any) -> Greenlet[..., Any]:
        if getattr(target, "__func__", None) is Socket._send_ping:  # noqa: SLF001
            screen: Socket = target.__self__
            return spawn_later(screen.server.ping_interval, _ping, screen)
        return start(target, *args, **kwargs)

    return start_task


def _ping(screen: Socket) -> None:
    """What `Socket._send_ping` does once it has slept; the answer schedules the next one."""
    if not screen.closing and not screen.closed:
        screen.last_ping = time.time()  # noqa: TID251 (Engine.IO compares it with the machine's clock)
        screen.send(Packet(PING))


def framed(text: str) -> bytes:
    """A text frame from a server: no mask, no extension, the same for everybody."""
    payload = text.encode()
    length = len(payload)
    if length < MEDIUM_MIN:
        return bytes((_FINAL_TEXT, length)) + payload
    if length < LARGE_MIN:
        return bytes((_FINAL_TEXT, MEDIUM_MIN)) + length.to_bytes(2, "big") + payload
    return bytes((_FINAL_TEXT, MEDIUM_MIN + 1)) + length.to_bytes(8, "big") + payload

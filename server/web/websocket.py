"""WebSockets under gunicorn and gevent, made for one push to thousands of screens.

Engine.IO would take simple-websocket, for gevent. What is written here goes through `WholeWriter` instead, for three
reasons, all measured (docs/decisions/0009): under gevent a `send` may take only a part of a frame and lose the rest;
it would compress the same bytes again for each socket, and every browser offers that; and it frames a push for each
socket and wakes a greenlet for each. Here a push is framed once and handed to the kernel at once wherever there is
room; a screen that reads too slowly gets it from Engine.IO's own queue, so frames stay whole and in order.

A greenlet costs 18 KiB. Engine.IO keeps one asleep for each screen until its next ping, and simple-websocket one that
reads for the one that waits for what was read; here a timer waits, and who waits reads.

After a restart all screens come back at once. The handshake is four header lines and a hash, done here: writing the
request anew as text for a parser of HTTP, as simple-websocket does, was a tenth of all that their coming back costs.
wsproto reads the frames.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from socket import SHUT_RDWR, SO_SNDBUF, SOL_SOCKET
from typing import Any

from engineio.packet import MESSAGE, PING, Packet
from engineio.socket import Socket
from gevent import Greenlet, spawn, spawn_later
from gevent.lock import BoundedSemaphore
from socketio.packet import EVENT
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

MEDIUM_MIN, LARGE_MIN = 126, 65_536
"""Lengths from which a frame's header grows (RFC 6455, section 5.2)."""
SEND_BUFFER_BYTES = 65_536
_FINAL_TEXT, _FINAL_BYTES = 0x81, 0x82
_RECEIVE_BYTES = 4096
_KEY_BYTES = 16
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_WELCOME = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n\r\n"
)
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


class Frames(bytes):
    """What is framed already."""


class _Together:
    """Packets that wait for the same screen, as one for Engine.IO's writer: one packet of the network carries all."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets

    def encode(self) -> Frames:
        return Frames(b"".join(framed(packet.encode()) for packet in self._packets))


class ScreenSocket:
    """A WebSocket as Engine.IO wants it: whoever waits for a message reads it from the network."""

    def __init__(self, socket: Any, environ: Mapping[str, Any], message_bytes_max: int) -> None:
        """Answers a handshake that `accepts` with whatever is sent first."""
        self._socket = socket
        self._message_bytes_max = message_bytes_max
        self._frames = Connection(ConnectionType.SERVER)
        self._is_open = True
        self._read: list[str | bytes] = []
        self._begun = bytearray()
        """Of a message that comes in several frames."""
        self._welcome = _WELCOME % _proof(environ)
        """Goes out with the first frame, which Engine.IO has ready: one packet instead of two."""

    def wait(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        while self._is_open and not self._read:
            self._receive()
        if self._read:
            return self._read.pop(0)
        self._socket.close()
        return None

    def send(self, text: str | bytes) -> None:
        """Raises OSError when the connection is over."""
        if not self._is_open:
            raise OSError("the screen is gone")
        self._write(text if isinstance(text, Frames) else framed(text))

    def close(self) -> None:
        """Say good-bye, and let go of whoever waits: a screen whose cable was pulled never answers."""
        if self._is_open:
            self._is_open = False
            with suppress(ProtocolError):
                farewell = self._frames.send(CloseConnection(CloseReason.NORMAL_CLOSURE))
                # Not waited for: a screen that reads nothing has no room for it.
                self._socket.send_at_once(self._welcome + farewell)
            with suppress(OSError):
                self._socket.shutdown(SHUT_RDWR)

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
            if not data:
                self._is_open = False
                return
            self._frames.receive_data(data)
            for event in self._frames.events():
                self._meet(event)
        except (OSError, ProtocolError):
            self._is_open = False

    def _meet(self, event: object) -> None:
        match event:
            case TextMessage() | BytesMessage():
                is_text = isinstance(event, TextMessage)
                self._begun += event.data.encode() if isinstance(event, TextMessage) else event.data
                if len(self._begun) > self._message_bytes_max:
                    self._end(CloseConnection(CloseReason.MESSAGE_TOO_BIG))
                elif event.message_finished:
                    self._read.append(self._begun.decode() if is_text else bytes(self._begun))
                    self._begun.clear()
            case Ping():
                self._write(self._frames.send(event.response()))
            case CloseConnection():
                self._end(event.response())

    def _end(self, farewell: CloseConnection) -> None:
        self._is_open = False
        self._write(self._frames.send(farewell))

    def _write(self, frames: bytes) -> None:
        welcome, self._welcome = self._welcome, b""
        self._socket.send(welcome + frames)


def accepts(environ: Mapping[str, Any]) -> bool:
    """Whether a request is a handshake that can be answered (RFC 6455, section 4.2.1)."""
    words = [word.strip().lower() for word in environ.get("HTTP_CONNECTION", "").split(",")]
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return (
        environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        and "upgrade" in words
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and len(key) == _KEY_BYTES
    )


def _proof(environ: Mapping[str, Any]) -> bytes:
    """That we understood the handshake: section 4.2.2 of the RFC."""
    key = environ["HTTP_SEC_WEBSOCKET_KEY"].encode()
    return base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())


class LiveSockets:
    """The open sockets of this process by their Engine.IO id."""

    def __init__(self, message_bytes_max: int) -> None:
        self._message_bytes_max = message_bytes_max
        self._writers: dict[str, WholeWriter] = {}
        self._is_ending = False

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

    def hang_up(self) -> None:
        """Let go of all screens, now and from now on: a server that ends would wait for those who never leave."""
        self._is_ending = True
        for writer in list(self._writers.values()):
            with suppress(OSError):
                writer.shutdown(SHUT_RDWR)

    def _accept(self, handler: Any, _engine: object) -> Callable[..., Iterable[bytes]]:
        screen: Any = handler.__self__  # the Engine.IO socket whose method the handler is
        engine_id: str = screen.sid
        screen.poll = _together(screen.poll)

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if self._is_ending:
                start_response("503 Service Unavailable", [])
                return [b"this server is ending"]
            if not accepts(environ):
                start_response("400 Bad Request", [("Sec-WebSocket-Version", "13")])
                return [b"not a WebSocket's handshake"]
            writer = WholeWriter(environ[_SOCKET])
            self._writers[engine_id] = writer
            try:
                handler(ScreenSocket(writer, environ, self._message_bytes_max))
            finally:
                del self._writers[engine_id]
            # The connection is used up; gunicorn takes this for "send nothing more".
            raise StopIteration

        return application


def _together(poll: Callable[[], list[Packet]]) -> Callable[[], list[_Together]]:
    """Engine.IO's wait for packets to send, but that those which wait already go out as one."""

    def poll_together() -> list[_Together]:
        packets = poll()
        return [_Together(packets)] if packets else []

    return poll_together


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


def framed(text: str | bytes) -> bytes:
    """A frame from a server: no mask, no extension, the same for everybody."""
    payload = text.encode() if isinstance(text, str) else text
    first = _FINAL_TEXT if isinstance(text, str) else _FINAL_BYTES
    length = len(payload)
    if length < MEDIUM_MIN:
        return bytes((first, length)) + payload
    if length < LARGE_MIN:
        return bytes((first, MEDIUM_MIN)) + length.to_bytes(2, "big") + payload
    return bytes((first, MEDIUM_MIN + 1)) + length.to_bytes(8, "big") + payload

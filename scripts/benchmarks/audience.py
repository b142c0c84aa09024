"""Thousands of watching screens in one process: raw WebSockets on one epoll loop.

`python -m benchmarks.audience` takes one JSON order a line on standard input and answers each with a line:
{"do": "join", "port", "path", "watch": [body, …]} connects, one socket for each body (null: a bare socket, no
Socket.IO); {"do": "await", "seq", "message"} answers when every socket has heard `message` with that `seq` or a
later one, with the moment of the last (monotonic seconds, the same clock in all processes of a machine);
{"do": "lose"} answers when the server has hung up on all; {"do": "return", "port", "path"} brings all of them back at
once, each as it came and with the mark of what it shows, and answers when each has its view: the moments of the start
and of the last, and the `seq`s that they were answered with.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

HOST = "127.0.0.1"
TEXT, PING, PONG, CLOSE = 0x1, 0x9, 0xA, 0x8
SHORT_MAX, MEDIUM = 125, 126
AT_ONCE = 32
"""Handshakes under way at the same time."""
STALE_ONE_IN = 10
"""Of those who come back so many have nothing painted that could still be true."""
HEAD_BYTES = 200
"""A push says its name and `seq` before its text."""
CHUNK = 262_144
AWAIT_SECONDS = 60
_ANSWERED = re.compile(rb'"seq": ?(\d+)')
_SHOWS = re.compile(rb'"shows": ?"(\w+)"')
_WATCHED = b'42["watched"'
_HEARD = re.compile(rb'42\["(\w+)",.*?"seq": ?(\d+)')


@dataclass(slots=True)
class Listener:
    """One screen; `heard` keeps the highest seq of each message and when it was whole."""

    connection: socket.socket
    watch: object
    hello: bytes
    """The handshake, said as soon as the connection stands."""
    received: bytearray = field(default_factory=bytearray)
    is_open: bool = False
    is_watching: bool = False
    let_in_at: float = 0.0
    seq: int = -1
    """Of the view that answered its `watch`."""
    heard: dict[str, tuple[int, float]] = field(default_factory=dict)


class Audience:
    """All listeners and their loop."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._listeners: list[Listener] = []
        self._last_frame = b""
        self._goal = ("", 0)
        self._is_losing = False
        """Whether the server is expected to hang up."""
        self._missing = 0
        """Listeners that have not heard of the goal yet."""

    def run(self) -> None:
        """Obey the orders of standard input until it ends, hearing pushes and answering pings meanwhile."""
        self._selector.register(sys.stdin.buffer, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._hear(key.data)
                    continue
                line = sys.stdin.buffer.readline()
                if not line:
                    return
                print(json.dumps(self._obey(json.loads(line))), flush=True)

    def _obey(self, order: dict[str, object]) -> dict[str, object]:
        match order["do"]:
            case "join":
                watches = order["watch"]
                assert isinstance(watches, list), "one body for each socket"
                self._join(int(str(order["port"])), str(order["path"]), watches, AT_ONCE)
                return {"sockets": len(self._listeners)}
            case "lose":
                return {"lost": self._lose()}
            case "return":
                return self._return(int(str(order["port"])), str(order["path"]))
            case "await":
                last = self._await(str(order["message"]), int(str(order["seq"])))
                frame = self._last_frame.decode()
                return {"last": last, "bytes": len(frame.encode()), "frame": frame}
            case unknown:
                raise ValueError(f"no such order: {unknown}")

    def _join(self, port: int, path: str, watches: list[object], at_once: int) -> None:
        waiting = list(watches)
        until = time.monotonic() + AWAIT_SECONDS + len(watches) / 10
        pending: list[Listener] = []
        while waiting or pending:
            while waiting and len(pending) < at_once:
                pending.append(self._connect(port, path, waiting.pop()))
            self._turn(1.0)
            pending = [each for each in pending if not each.is_watching]
            if time.monotonic() > until:
                raise TimeoutError(f"{len(pending) + len(waiting)} sockets were not let in")

    def _lose(self) -> int:
        self._is_losing = True
        until = time.monotonic() + AWAIT_SECONDS
        while any(each.connection.fileno() >= 0 for each in self._listeners):
            self._turn(1.0)
            if time.monotonic() > until:
                raise TimeoutError("the server did not hang up")
        self._is_losing = False
        return len(self._listeners)

    def _return(self, port: int, path: str) -> dict[str, object]:
        watches = [each.watch for each in self._listeners]
        for watch in watches[::STALE_ONE_IN]:
            if isinstance(watch, dict):
                watch.pop("shows", None)
        self._listeners.clear()
        began = time.monotonic()
        self._join(port, path, watches, len(watches))
        last = max(each.let_in_at for each in self._listeners)
        return {"began": began, "last": last, "seqs": [each.seq for each in self._listeners]}

    def _connect(self, port: int, path: str, watch: object) -> Listener:
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(0.0)
        # Not waited for: a thousand others connect at the same time.
        if connection.connect_ex((HOST, port)) not in {0, errno.EINPROGRESS}:
            raise ConnectionError("the server lets nobody in")
        key = base64.b64encode(os.urandom(16)).decode()
        hello = (
            f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        listener = Listener(connection, watch, hello.encode())
        self._listeners.append(listener)
        self._selector.register(connection, selectors.EVENT_WRITE, listener)
        return listener

    def _await(self, message: str, seq: int) -> float | None:
        self._goal = (message, seq)
        heard = [each.heard.get(message, (-1, 0.0))[0] for each in self._listeners]
        self._missing = sum(found < seq for found in heard)
        until = time.monotonic() + AWAIT_SECONDS
        while self._missing and time.monotonic() < until:
            self._turn(1.0)
        if self._missing:
            return None
        return max(each.heard[message][1] for each in self._listeners)

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is not None:
                self._hear(key.data)

    def _hear(self, listener: Listener) -> None:
        if listener.connection.fileno() < 0:
            return  # closed by an order's own turns since the loop saw it
        if listener.hello:
            listener.connection.send(listener.hello)
            listener.hello = b""
            self._selector.modify(listener.connection, selectors.EVENT_READ, listener)
            return
        try:
            chunk = listener.connection.recv(CHUNK)
        except BlockingIOError:
            return  # an order's own turns have read it already
        except ConnectionResetError:
            chunk = b""  # a server that was killed says no good-bye
        if not chunk:
            self._hung_up(listener)
            return
        received = listener.received
        received += chunk
        if not listener.is_open:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            if not received.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"no WebSocket: {bytes(received[:200])!r}")
            del received[: end + 4]
            listener.is_open = True
            if listener.watch is None:
                self._let_in(listener)
        while (frame := _frame(received)) is not None:
            opcode, start, end = frame
            self._meet(listener, opcode, received[start : min(end, start + HEAD_BYTES)])
            # Kept whole for the floor, which sends the same bytes; pulses and pings are too short for that.
            if opcode == TEXT and end - start > HEAD_BYTES:
                self._last_frame = bytes(received[start:end])
            del received[:end]

    def _meet(self, listener: Listener, opcode: int, head: bytearray) -> None:
        if opcode == TEXT and head.startswith(_WATCHED):
            self._answered(listener, head)
        elif opcode == TEXT and (heard := _HEARD.match(head)):
            message, seq = heard[1].decode(), int(heard[2])
            before, _ = listener.heard.get(message, (-1, 0.0))
            listener.heard[message] = (seq, time.monotonic())
            if message == self._goal[0] and before < self._goal[1] <= seq:
                self._missing -= 1
        elif opcode == TEXT and head == b"2":
            _send(listener, b"3")
        elif opcode == TEXT and head.startswith(b"0{"):
            _send(listener, b"40" + json.dumps(listener.watch).encode())
        elif opcode == PING:
            _send(listener, bytes(head), PONG)
        elif opcode == CLOSE:
            self._hung_up(listener)

    def _answered(self, listener: Listener, head: bytearray) -> None:
        if b'"ok":true' not in head:
            raise PermissionError(f"not let in: {bytes(head)!r}")
        answered = _ANSWERED.search(head)
        listener.seq = int(answered[1]) if answered else -1
        if isinstance(listener.watch, dict) and (shows := _SHOWS.search(head)):
            # As a page does: it tells what it has painted when it comes back.
            listener.watch["shows"] = shows[1].decode()
        self._let_in(listener)

    def _let_in(self, listener: Listener) -> None:
        listener.is_watching = True
        listener.let_in_at = time.monotonic()

    def _hung_up(self, listener: Listener) -> None:
        if not self._is_losing:
            raise ConnectionError("the server hung up on a screen")
        if listener.connection.fileno() >= 0:
            self._selector.unregister(listener.connection)
            listener.connection.close()


def _frame(received: bytearray) -> tuple[int, int, int] | None:
    """Opcode, and where the payload of the first whole frame begins and ends."""
    if len(received) < 2:
        return None
    length, start = received[1] & 0x7F, 2
    if length > SHORT_MAX:
        width = 2 if length == MEDIUM else 8
        if len(received) < start + width:
            return None
        length, start = int.from_bytes(received[start : start + width], "big"), start + width
    if len(received) < start + length:
        return None
    return received[0] & 0x0F, start, start + length


def _send(listener: Listener, payload: bytes, opcode: int = TEXT) -> None:
    """A masked frame, as clients must; the mask is zero, which is lawful and saves the work."""
    length = len(payload)
    if length <= SHORT_MAX:
        head = bytes((0x80 | opcode, 0x80 | length))
    else:
        head = bytes((0x80 | opcode, 0x80 | MEDIUM)) + length.to_bytes(2, "big")
    listener.connection.send(head + bytes(4) + payload)


if __name__ == "__main__":
    Audience().run()

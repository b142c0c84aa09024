"""Many HTTP clients in one process: kept-alive raw connections, each following its own script.

A script is a generator: it yields a request and is sent the answer. One loop drives all of them, so that
the clients cost little beside the server whose speed they measure.
"""

from __future__ import annotations

import json
import secrets
import selectors
import socket
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import BenchWrong
from benchmarks.running import HOST

ANSWER_SECONDS = 60
CHUNK = 65_536
SILENT_SECONDS = 1.0
"""gunicorn hangs up after two silent ones (its `keepalive`): a request that is just then on its way is never read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A POST of the JSON API; `title` groups the timings."""

    title: str
    path: str
    token: str
    body: Mapping[str, object]

    def encoded(self, port: int) -> bytes:
        """As it goes over the wire, with an Idempotency-Key of its own."""
        body = json.dumps(self.body).encode()
        head = (
            f"POST /api/v1{self.path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
            f"Authorization: Bearer {self.token}\r\nIdempotency-Key: {secrets.token_hex(16)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, and when the two went by (monotonic seconds)."""

    title: str
    status: int
    body: Any
    sent_at: float
    got_at: float

    @property
    def millis(self) -> float:
        """How long the client waited."""
        return (self.got_at - self.sent_at) * 1000


Script = Generator[Request, Answer, None]


@dataclass(slots=True)
class _Client:
    script: Script
    connection: socket.socket
    request: Request
    silent_since: float | None
    """Monotonic seconds, of a connection that has been used before and not in this script."""
    sent: bytes = b""
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


class Crowd:
    """Keeps connections to one server; `run` lets as many scripts as wanted go at once.

    A connection that was silent for `silent_seconds` may be one that the server is giving up: if it ends before
    anything of its first answer is there, the same bytes, `Idempotency-Key` and all, go once over a new one.
    """

    def __init__(self, port: int, silent_seconds: float = SILENT_SECONDS) -> None:
        self._port = port
        self._silent_seconds = silent_seconds
        self._idle: list[tuple[socket.socket, float]] = []

    def run(self, scripts: Sequence[Script]) -> list[Answer]:
        """Follow all scripts to their ends; every answer, in the order of arrival.

        Raises BenchWrong when an answer is no success or does not come.
        """
        answers: list[Answer] = []
        clients = [self._client(script) for script in scripts]
        with selectors.DefaultSelector() as selector:
            for client in clients:
                selector.register(client.connection, selectors.EVENT_READ, client)
            for client in clients:
                self._send(client, selector)
            while selector.get_map():
                ready = selector.select(ANSWER_SECONDS)
                if not ready:
                    raise BenchWrong(f"no answer within {ANSWER_SECONDS} s")
                for key, _ in ready:
                    self._receive(key.data, selector, answers)
        return answers

    def post(self, title: str, path: str, token: str, body: Mapping[str, object]) -> Answer:
        """One request alone."""

        def script() -> Script:
            yield Request(title=title, path=path, token=token, body=body)

        return self.run([script()])[0]

    def close(self) -> None:
        """Hang up."""
        for connection, _ in self._idle:
            connection.close()
        self._idle.clear()

    def _client(self, script: Script) -> _Client:
        while self._idle:
            connection, since = self._idle.pop()
            # The server hangs up on whoever was silent for a while: that shows as readable.
            try:
                connection.recv(1)
            except BlockingIOError:
                return _Client(script, connection, next(script), silent_since=since)
            except OSError:
                pass
            connection.close()
        return _Client(script, self._connection(), next(script), silent_since=None)

    def _connection(self) -> socket.socket:
        connection = socket.create_connection((HOST, self._port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(0.0)
        return connection

    def _send(self, client: _Client, selector: selectors.BaseSelector) -> None:
        client.sent = client.request.encoded(self._port)
        client.received.clear()
        client.sent_at = time.monotonic()
        try:
            self._hand_over(client)
        except ConnectionError as error:
            self._open_anew(client, selector, error)

    def _hand_over(self, client: _Client) -> None:
        sent = client.connection.send(client.sent)
        assert sent == len(client.sent), "a request fits into an empty socket"

    def _open_anew(
        self, client: _Client, selector: selectors.BaseSelector, error: ConnectionError | None
    ) -> None:
        """Raises BenchWrong when the server had no right to hang up."""
        selector.unregister(client.connection)
        client.connection.close()
        since = client.silent_since
        was_silent = since is not None and client.sent_at - since >= self._silent_seconds
        if client.received or not was_silent:
            raise BenchWrong(f"the server hung up during {client.request.title}") from error
        client.connection = self._connection()
        client.silent_since = None
        selector.register(client.connection, selectors.EVENT_READ, client)
        self._hand_over(client)

    def _receive(
        self, client: _Client, selector: selectors.BaseSelector, answers: list[Answer]
    ) -> None:
        try:
            chunk = client.connection.recv(CHUNK)
        except ConnectionError as error:
            self._open_anew(client, selector, error)
            return
        if not chunk:
            self._open_anew(client, selector, None)
            return
        client.received += chunk
        parsed = _parsed(client.received)
        if parsed is None:
            return
        status, body = parsed
        answer = Answer(
            title=client.request.title,
            status=status,
            body=json.loads(body) if body else None,
            sent_at=client.sent_at,
            got_at=time.monotonic(),
        )
        if status not in {200, 201}:
            raise BenchWrong(f"{answer.title} was answered {status}: {body[:400]!r}")
        answers.append(answer)
        client.silent_since = None
        try:
            client.request = client.script.send(answer)
        except StopIteration:
            selector.unregister(client.connection)
            self._idle.append((client.connection, answer.got_at))
            return
        self._send(client, selector)


def _parsed(received: bytearray) -> tuple[int, bytes] | None:
    """Status and body, once all of it is here."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = bytes(received[:head_end]).lower()
    marker = head.find(b"content-length:")
    if marker < 0:
        raise BenchWrong(f"an answer without a length: {head[:300]!r}")
    length = int(head[marker + 15 :].split(b"\r\n", 1)[0])
    if len(received) < head_end + 4 + length:
        return None
    return int(head[9:12]), bytes(received[head_end + 4 : head_end + 4 + length])

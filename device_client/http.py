"""Requests to the server, with the standard library's client: it keeps one connection, knows TLS, follows nothing.

A larger library would bring pools, redirects, proxies and cookies, none of which a device wants, and megabytes
that it would have to keep in memory all day.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

BODY_BYTES_MAX: Final = 4_000_000
"""A catalogue with a logo is a hundredth of this."""
CONNECTIONS_KEPT_MAX: Final = 4
TIMEOUT_SECONDS_MIN: Final = 0.01
"""A time-out of nothing would mean a socket that does not wait at all."""


class Away(Exception):
    """The server did not answer, or not with anything that makes sense: it may or may not have acted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `asked` and `answered` are steady seconds (`clock.steady_seconds`)."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    asked: float
    answered: float


class HttpClient:
    """Any thread may send; each request has a connection of its own for as long as it takes."""

    def __init__(self, server: str, steady: Callable[[], float], *, agent: str) -> None:
        """`agent` is what the server's log calls this program."""
        parts = urlsplit(server)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._steady = steady
        self._agent = agent
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._closed = False

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float,
    ) -> Reply:
        """Raises Away. `timeout_seconds` is for connecting and for the answer's beginning, together."""
        until = self._steady() + timeout_seconds
        connection, is_kept = self._take()
        try:
            return self._exchange(connection, method, path, headers, body, until)
        except _GONE as error:
            connection.close()
            if not is_kept or isinstance(error, TimeoutError):
                raise Away(str(error) or type(error).__name__) from error
        # A connection that was kept may have been closed meanwhile: that says nothing about the server.
        # Asking twice is safe: reads are reads, and changes carry their key.
        fresh = self._new()
        try:
            return self._exchange(fresh, method, path, headers, body, until)
        except _GONE as error:
            fresh.close()
            raise Away(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Let go of the connections that are kept."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        until: float,
    ) -> Reply:
        asked = self._steady()
        connection.timeout = max(until - asked, TIMEOUT_SECONDS_MIN)
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(max(until - self._steady(), TIMEOUT_SECONDS_MIN))
        connection.request(method, self._path + path, body, {"User-Agent": self._agent, **headers})
        answer = connection.getresponse()
        raw = answer.read(BODY_BYTES_MAX + 1)
        answered = self._steady()
        if len(raw) > BODY_BYTES_MAX:
            raise http.client.HTTPException("the answer is too long")
        found = {name.lower(): value for name, value in answer.getheaders()}
        if answer.will_close:
            connection.close()
        else:
            self._keep(connection)
        return Reply(status=answer.status, headers=found, body=raw, asked=asked, answered=answered)

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._new(), False

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < CONNECTIONS_KEPT_MAX and not self._closed:
                self._idle.append(connection)
                return
        with suppress(OSError):
            connection.close()

    def _new(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port)


_GONE: Final = (OSError, http.client.HTTPException, ValueError)
"""No route, no name, a reset, a time-out, a certificate that is wrong, an answer that is no HTTP."""

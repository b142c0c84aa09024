"""Fetches files of the server for the proxy: into memory when small, onto the disk when a video."""

from __future__ import annotations

import http.client
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Final, Protocol
from urllib.parse import urlsplit

from device_client.http import Away
from display_client.server import AGENT

FILE_BYTES_MAX: Final = 110_000_000
"""A little more than the longest video that the server takes (`server.media`)."""
IN_MEMORY_BYTES_MAX: Final = 1_000_000
CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer; `body` is at its beginning and is closed by who asked."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: IO[bytes]


class Fetcher(Protocol):
    """Where the proxy gets what it does not have."""

    def fetch(self, target: str, *, etag: str | None, timeout_seconds: float) -> Fetched:
        """`target` is path and query. Raises Away."""
        ...


class HttpFetcher:
    """From the real server; a connection for each file, because a page is loaded once a night."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._host, self._port = parts.hostname or "", parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None

    def fetch(self, target: str, *, etag: str | None, timeout_seconds: float) -> Fetched:
        connection = self._connection(timeout_seconds)
        headers = {"User-Agent": AGENT}
        if etag is not None:
            headers["If-None-Match"] = etag
        try:
            connection.request("GET", self._prefix + target, headers=headers)
            answer = connection.getresponse()
            body = _read(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Away(str(error) or type(error).__name__) from error
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Fetched(status=answer.status, headers=found, body=body)

    def _connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout_seconds, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout_seconds)


def _read(answer: http.client.HTTPResponse) -> IO[bytes]:
    """Raises OSError when it is longer than may be, or than the disk has room for."""
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES_MAX)  # noqa: SIM115 (kept open)
    length = 0
    try:
        while chunk := answer.read(CHUNK_BYTES):
            length += len(chunk)
            if length > FILE_BYTES_MAX:
                raise OSError("the answer is too long")
            body.write(chunk)
        # `read(n)` returns short at a broken connection without saying so.
        if answer.length:
            raise OSError("the answer was cut off")
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body

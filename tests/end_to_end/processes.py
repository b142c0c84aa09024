"""Real processes for the end-to-end tests: the server under gunicorn, and a client that speaks plain HTTP."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.end_to_end.programs import OwnProcess

ANSWER_SECONDS_MAX = 15


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess(OwnProcess):
    """`nouba serve` on a data folder; killed by its process group, as a power cut would."""

    def __init__(self, data: Path, *options: str, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(data / "server.log")
        self.data = data
        self.port = free_port()
        self._options = options
        self._environ = environ

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it answers."""
        place = ["--data", str(self.data), "--port", str(self.port)]
        self.launch("nouba", ["serve", *place, *self._options], self._environ)

    def _answers(self) -> bool:
        try:
            return Program(self.port).get("/health").status == 200
        except OSError:
            return False


@contextmanager
def running(
    data: Path, *options: str, environ: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """A server that ends with the block."""
    server = ServerProcess(data, *options, environ=environ)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `body` is decoded JSON, or None for what is none."""

    status: int
    body: Any


class Program:
    """An integrator with a bearer token: one connection a request, so that a killed server leaves nothing behind."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def at(self, port: int) -> Program:
        """The same one, at another server."""
        other = Program(port)
        other._headers = self._headers
        return other

    def get(self, path: str) -> Reply:
        """Raises OSError or http.client.HTTPException when no answer comes."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, object], key: str | None = None) -> Reply:
        """With an `Idempotency-Key`; a fresh one when none is given."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or uuid4().hex}
        return self._send("POST", path, json.dumps(body), headers)

    def put(self, path: str, body: Mapping[str, object]) -> Reply:
        """Put something in the place of what is there."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
        return self._send("PUT", path, json.dumps(body), headers)

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request(method, path, body, {**self._headers, **headers})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        is_json = "json" in (answer.headers["Content-Type"] or "")
        return Reply(status=answer.status, body=json.loads(raw) if is_json and raw else None)

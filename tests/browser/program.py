"""A small display's program for the page that runs with `live=local`: passes the server's pages on, tells its news."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

HOLD_SECONDS_MAX = 0.5
"""A real program holds the question up to a second."""
STEP_SECONDS = 0.02
QUIET: Mapping[str, Any] = {
    "view": None,
    "online": True,
    "age_seconds": 0.1,
    "is_current": True,
    "announce": None,
    "identify": None,
    "reload": False,
    "version": "1",
}


@dataclass(slots=True)
class FakeProgram:
    """What a test lets the page know, and what the page told."""

    server: str
    number: int = 0
    news: dict[str, Any] = field(default_factory=lambda: dict(QUIET))
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Each question: `after` and `painted`."""
    is_mute: bool = False
    """Whether it lets questions hang, as a program that froze."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def fresh(self) -> int:
        """How many pages began to ask: each loading of the page is one."""
        return sum(after == -1 for after, _ in self.asked)

    @property
    def painted(self) -> int:
        """What the page last acknowledged."""
        return self.asked[-1][1] if self.asked else -1

    def tell(self, **news: object) -> None:
        """News from now on; what is not named stays as it was, but a view, a reload or a name is told once."""
        self.news = {**self.news, "view": None, "identify": None, "reload": False, **news}
        self.number += 1

    def answer(self, after: int, painted: int) -> dict[str, Any]:
        """At once when there is news, else after a while."""
        self.asked.append((after, painted))
        deadline = time.monotonic() + HOLD_SECONDS_MAX
        while (self.is_mute or after == self.number) and time.monotonic() < deadline:
            time.sleep(STEP_SECONDS)
        while self.is_mute:
            time.sleep(STEP_SECONDS)
        told = dict(self.news)
        if after == self.number:
            told |= {"view": None, "identify": None, "reload": False}
        return {"number": self.number, **told}


@contextmanager
def fake_program(server: str) -> Iterator[FakeProgram]:
    """Serves while the block runs."""
    program = FakeProgram(server)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/local/news":
                asked = {name: int(value[0]) for name, value in parse_qs(parts.query).items()}
                body = json.dumps(program.answer(asked["after"], asked["painted"])).encode()
                self._send(200, "application/json", body)
                return
            try:
                with urlopen(program.server + self.path) as reply:
                    self._send(reply.status, reply.headers["Content-Type"], reply.read())
            except HTTPError as error:
                self._send(error.code, "text/plain", b"")

        def _send(self, status: int, kind: str, body: bytes) -> None:
            with suppress(ConnectionError):  # a page that was loaded anew asks no more
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    program.port = http.server_address[1]
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield program
    finally:
        program.is_mute = False
        http.shutdown()
        http.server_close()

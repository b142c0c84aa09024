"""A page server for the one browser on this machine, and how one knows that the browser still lives."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Final
from urllib.request import urlopen

import structlog
from flask import Flask, abort, request
from waitress.server import create_server

HOST: Final = "127.0.0.1"
THREADS: Final = 4
"""One page polls, one tap may wait for the server; the rest is in reserve."""
ALIVE: Final = "/alive"
ALIVE_TIMEOUT_SECONDS: Final = 2.0
_log = structlog.get_logger(__name__)
_LOCAL: Final = frozenset({HOST, "localhost"})


class Attention:
    """How long ago the page asked anything: a browser that shows an error page asks nothing."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._asked = steady()

    def pay(self) -> None:
        self._asked = self._steady()

    def quiet_seconds(self) -> float:
        return self._steady() - self._asked


class PageServer:
    """Listens on this machine alone. Start `run` in a thread of its own."""

    def __init__(self, app: Flask, port: int, *, threads: int = THREADS) -> None:
        """Raises OSError when the port is taken."""
        listening = socket.create_server((HOST, port))
        self._port = int(listening.getsockname()[1])
        self._server = create_server(
            app,
            sockets=[listening],
            threads=threads,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        self._stopped = threading.Event()

    @property
    def port(self) -> int:
        return self._port

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            self._server.run()
        except Exception:
            if not self._stopped.is_set():  # else the closed socket was the way to end it
                _log.exception("pages_error")
                raise

    def stop(self) -> None:
        self._stopped.set()
        self._server.close()


def quiet_seconds_of(port: int) -> float:
    """`Attention.quiet_seconds` of a program in another process; 0 while it does not answer: that is no fault here."""
    try:
        with urlopen(f"http://{HOST}:{port}{ALIVE}", timeout=ALIVE_TIMEOUT_SECONDS) as answer:
            return float(json.load(answer)["quiet_seconds"])
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return 0.0


def refuse_strangers() -> None:
    """A page of another origin may make a browser call 127.0.0.1 under a name of its own: not this one."""
    if request.host.partition(":")[0] not in _LOCAL:
        abort(404)

"""A page server for the one browser on this machine, and how one knows that the browser still lives."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.request import urlopen

import structlog
from flask import Flask, abort, request
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

HOST: Final = "127.0.0.1"
THREADS: Final = 4
"""One page polls, one tap may wait for the server; the rest is in reserve."""
ALIVE: Final = "/alive"
ALIVE_TIMEOUT_SECONDS: Final = 2.0
LOOP_SECONDS: Final = 1.0
STOP_SECONDS_MAX: Final = 3
"""An answer that takes longer is cut off."""
REST_SECONDS_MAX: Final = 1.0
"""So is one whose reader takes it more slowly: a film that stands still."""
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
        # The types of waitress take these, and its trigger, for others.
        self._sockets: dict[int, Any] = {}
        server = create_server(
            app,
            map=self._sockets,
            sockets=[listening],
            threads=threads,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        assert isinstance(server, BaseWSGIServer), "one socket, one server"
        self._server = server
        self._trigger: Any = server.trigger
        self._lock = threading.Lock()
        self._is_running = self._is_stopped = False
        self._loop_ends = threading.Event()
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        return self._port

    def run(self) -> None:
        """Serve until `stop`."""
        with self._lock:
            if self._is_stopped:
                return
            self._is_running = True
        try:
            while not self._loop_ends.is_set():
                wasyncore.loop(timeout=LOOP_SECONDS, map=self._sockets, count=1)
            until = time.monotonic() + REST_SECONDS_MAX
            while self._has_rest() and time.monotonic() < until:
                wasyncore.loop(timeout=REST_SECONDS_MAX, map=self._sockets, count=1)
        except Exception:
            _log.exception("pages_error")
            raise
        finally:
            self._close()
            self._ended.set()

    def stop(self) -> None:
        """What is being answered is answered first: a thread that writes to what is closed logs an error."""
        with self._lock:
            was_stopped, self._is_stopped = self._is_stopped, True
        if not was_stopped:
            self._server.task_dispatcher.shutdown(timeout=STOP_SECONDS_MAX)
            if not self._is_running:
                self._close()
            elif not self._ended.is_set():
                self._trigger.pull_trigger(self._loop_ends.set)
        if self._is_running:
            self._ended.wait(STOP_SECONDS_MAX)

    def _has_rest(self) -> bool:
        """Whether a part of an answer is still to be sent."""
        channels = [each for each in self._sockets.values() if isinstance(each, HTTPChannel)]
        return any(each.total_outbufs_len for each in channels)

    def _close(self) -> None:
        """Only with the loop at its end: nobody else looks at these."""
        for each in list(self._sockets.values()):
            if isinstance(each, HTTPChannel):
                each.handle_close()  # a thread that still writes to it is told so
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

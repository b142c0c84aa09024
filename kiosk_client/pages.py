"""The kiosk's own page: the server's blueprint over the kiosk's house, for the one browser on this machine."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Final
from urllib.request import urlopen

import structlog
from flask import Flask, Response, abort, jsonify, redirect, request, url_for
from waitress.server import create_server
from werkzeug.exceptions import HTTPException

from server.domain.errors import Refusal
from server.kiosk_house import KioskHouse
from server.kiosk_pages import NAME, pages_for
from server.pages.errors import error_page, status_of
from server.pages.protection import protect_pages
from server.pages.rendering import ROOT, Renderer
from server.voice import Voice

HOST: Final = "127.0.0.1"
THREADS: Final = 4
"""One page polls, one tap may wait for the server; the rest is in reserve."""
BODY_BYTES_MAX: Final = 65_536
STATIC_CACHE_SECONDS: Final = 365 * 24 * 3600
"""Addresses of static files carry a hash of their content."""
ALIVE: Final = "/alive"
ALIVE_TIMEOUT_SECONDS: Final = 2.0
_LOCAL: Final = frozenset({HOST, "localhost"})
_log = structlog.get_logger(__name__)


class Attention:
    """How long ago the page asked anything: a browser that shows an error page asks nothing."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._asked = steady()

    def pay(self) -> None:
        self._asked = self._steady()

    def quiet_seconds(self) -> float:
        return self._steady() - self._asked


def create_app(
    house: KioskHouse,
    *,
    branch: str,
    attention: Attention,
    key: bytes,
    voice: Voice | None = None,
) -> Flask:
    """The Flask app; `branch` is where `/` leads, `key` signs its forms (`Place.page_key`)."""
    app = Flask(
        "nouba_kiosk", root_path=str(ROOT), static_folder="static", template_folder="templates"
    )
    app.config.update(
        # The same after a restart: the page asks its last tap again, and must not be taken for a stranger.
        SECRET_KEY=key,
        SESSION_COOKIE_NAME="nouba_kiosk",
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_CACHE_SECONDS,
    )
    app.before_request(_refuse_strangers)
    Renderer(app)
    protect_pages(app, https=False)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crashed)
    app.register_blueprint(pages_for(house, live="poll", voice=lambda: voice))

    @app.get("/")
    def start() -> Response:
        """The page that Chromium opens."""
        return Response(status=303, headers={"Location": url_for(f"{NAME}.start", slug=branch)})

    @app.get(ALIVE)
    def alive() -> Response:
        """For a browser's watchdog in a process of its own."""
        return jsonify(quiet_seconds=round(attention.quiet_seconds(), 1))

    @app.after_request
    def attend(answer: Response) -> Response:
        if request.path != ALIVE and not request.path.startswith("/static/"):
            attention.pay()
        return answer

    return app


class PageServer:
    """Listens on this machine alone. Start `run` in a thread of its own."""

    def __init__(self, app: Flask, port: int) -> None:
        """Raises OSError when the port is taken."""
        listening = socket.create_server((HOST, port))
        self._port = int(listening.getsockname()[1])
        self._server = create_server(
            app,
            sockets=[listening],
            threads=THREADS,
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
        except OSError:
            if not self._stopped.is_set():  # else the closed socket was the way to end it
                raise

    def stop(self) -> None:
        self._stopped.set()
        self._server.close()


def quiet_seconds_of(port: int) -> float:
    """`Attention.quiet_seconds` of a program in another process; 0 while it does not answer: that is no fault here."""
    try:
        with urlopen(f"http://{HOST}:{port}{ALIVE}", timeout=ALIVE_TIMEOUT_SECONDS) as answer:
            return float(json.load(answer)["quiet_seconds"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _refuse_strangers() -> None:
    """A page of another origin may make a browser call 127.0.0.1 under a name of its own: not this one."""
    if request.host.partition(":")[0] not in _LOCAL:
        abort(404)


def _refused(refusal: Refusal) -> Response:
    return error_page(status_of(refusal), refusal.code)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if 300 <= status < 400:  # a redirect of the router is an answer, not an error
        location = error.get_response().headers.get("Location", "/")
        return Response(redirect(location, status).get_data(), status, {"Location": location})
    return error_page(status, error.name)


def _crashed(error: Exception) -> Response:
    _log.exception("request_failed", path=request.url_rule.rule if request.url_rule else "")
    return error_page(500, "internal_error")

"""The kiosk's own page: the server's blueprint over the kiosk's house, for the one browser on this machine."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Flask, Response, jsonify, redirect, request, url_for
from werkzeug.exceptions import HTTPException

from device_client.pages import ALIVE, Attention, refuse_strangers
from server.domain.errors import Refusal
from server.kiosk_house import KioskHouse
from server.kiosk_pages import NAME, pages_for
from server.pages.errors import error_page, status_of
from server.pages.protection import protect_pages
from server.pages.rendering import ROOT, Renderer
from server.voice import Voice

BODY_BYTES_MAX: Final = 65_536
STATIC_CACHE_SECONDS: Final = 365 * 24 * 3600
"""Addresses of static files carry a hash of their content."""
_log = structlog.get_logger(__name__)


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
    app.before_request(refuse_strangers)
    Renderer(app)
    protect_pages(app, https=False)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crashed)
    app.register_blueprint(pages_for(house, live="poll", voice=lambda _slug: voice))

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

"""The display's own page server: the board by way of the proxy, and the news that the page asks for all the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, quote

import structlog
from flask import Flask, Response, jsonify, request, send_file
from werkzeug.exceptions import HTTPException

from device_client.pages import refuse_strangers
from display_client.news import News
from display_client.proxy import Passed, Proxy
from display_client.watch import SCREENSHOT_BYTES_MAX, Watch, add_routes
from server import i18n
from server.pages.rendering import ROOT, Renderer, renderer

NEWS: Final = "/local/news"
NEWS_WAIT_SECONDS: Final = 1.0
"""The page's heartbeat: it asks again at once."""
THREADS: Final = 8
"""One long question, the files of a page in parallel, a watchdog."""
LOOK_PARTS: Final = ("mode", "lines", "desk")
WAITING_STATUS: Final = 503
PLAIN_POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'"
"""Of this program's own pages; those of the server bring the server's."""
_log = structlog.get_logger(__name__)


def create_app(
    news: News,
    proxy: Proxy,
    *,
    watch: Watch,
    is_revoked: Callable[[], bool],
    name: Callable[[], str],
) -> Flask:
    """The Flask app for the one browser on this machine; `name` is what staff call this display."""
    app = Flask(
        "nouba_display", root_path=str(ROOT), static_folder=None, template_folder="templates"
    )
    app.config.update(MAX_CONTENT_LENGTH=SCREENSHOT_BYTES_MAX + 1_000)
    app.before_request(refuse_strangers)
    Renderer(app)
    add_routes(app, watch)
    app.register_error_handler(HTTPException, _http_error)

    def waiting(*, is_revoked: bool) -> Response:
        # It asks for no news, but is there again every two seconds: a browser that does is not frozen.
        watch.page_asks()
        return _plain(name(), is_revoked=is_revoked)

    @app.get("/")
    def start() -> Response:
        """The page that Chromium opens."""
        if is_revoked():
            return waiting(is_revoked=True)
        return _to_board(proxy, news)

    @app.get(NEWS)
    def tell() -> Response:
        """The long question of the page: what is new since `after`, with what it has `painted`."""
        watch.page_asks()
        found = news.for_page(
            after=_number("after", -1),
            painted=_number("painted", -1),
            wait_seconds=NEWS_WAIT_SECONDS,
            version=lambda: proxy.version,
        )
        watch.page_asks()
        answer = jsonify(found)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @app.get("/board/<path:rest>")
    @app.get("/branches/<path:rest>")
    @app.get("/static/<path:rest>")
    def board(rest: str) -> Response:
        """What the board is made of."""
        del rest
        target = _target()
        if request.path == proxy.page_path:
            if is_revoked():
                return waiting(is_revoked=True)
            if request.args.get("fragment") == "1":
                return _fragment(news)
            if not _is_our_look(news):
                return _to_board(proxy, news)
        found = proxy.get(target)
        if found is None and request.path == proxy.page_path:
            return waiting(is_revoked=False)
        return _answered(found) if found is not None else Response(status=404)

    return app


def _target() -> str:
    """Path and query as they are asked for over the wire: a name may have spaces, accents or Arabic letters."""
    query = request.query_string.decode("latin-1")
    return quote(request.path) + (f"?{query}" if query else "")


def page_target(proxy: Proxy, look: str) -> str:
    """Path and query of the board as this display shows it."""
    return f"{proxy.page_path}?live=local" + (f"&{look}" if look else "")


def _to_board(proxy: Proxy, news: News) -> Response:
    answer = Response(status=302, headers={"Location": page_target(proxy, news.look)})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_our_look(news: News) -> bool:
    """A page that was opened before the settings changed asks for another part of the board when it loads anew."""
    asked = {name: request.args.get(name, "") for name in LOOK_PARTS if request.args.get(name)}
    return request.args.get("live") == "local" and asked == dict(parse_qsl(news.look))


def _fragment(news: News) -> Response:
    """The newest that this program holds: it hears every push, the page need not ask the server."""
    painting = news.painting
    if painting is None:
        return Response(status=WAITING_STATUS)
    answer = Response(painting.html, content_type="text/html; charset=utf-8")
    answer.headers["X-Nouba-Seq"] = str(painting.seq)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _answered(passed: Passed) -> Response:
    if passed.path is None:
        answer = Response(passed.body, passed.status)
    else:
        # Answers If-None-Match and the ranges in which a browser reads a video.
        answer = send_file(
            passed.path, conditional=True, etag=False, mimetype=passed.headers.get("content-type")
        )
        answer.headers.pop("Last-Modified", None)
        answer.headers.pop("Cache-Control", None)
    for header, value in passed.headers.items():
        answer.headers[header] = value
    return _unchanged_or(answer)


def _unchanged_or(answer: Response) -> Response:
    etag = answer.headers.get("ETag")
    if answer.status_code == 200 and etag and request.headers.get("If-None-Match") == etag:
        answer.response, answer.status_code = [], 304
        answer.headers.pop("Content-Length", None)
    return answer


def _plain(name: str, *, is_revoked: bool) -> Response:
    """A page that needs nothing, and looks again by itself."""
    text = renderer().render(
        "board/waiting.html",
        "ar",
        languages=tuple(i18n.LANGUAGE_NAMES),
        name=name,
        is_revoked=is_revoked,
    )
    answer = Response(text, WAITING_STATUS, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = PLAIN_POLICY
    return answer


def _number(name: str, otherwise: int) -> int:
    return request.args.get(name, otherwise, type=int)


def _http_error(error: HTTPException) -> Response:
    return Response(status=error.code or 500)

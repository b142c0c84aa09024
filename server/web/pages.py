"""How a page with a live fragment is answered: whole, as the fragment alone, or "you have it already"."""

from __future__ import annotations

from flask import Response, request

from server.web.context import wants_fragment, web


def live_page(page: str, fragment: str, language: str, seq: int, **context: object) -> Response:
    """The page, or its fragment with `seq` as ETag when a module polls (304 when it is up to date)."""
    if not wants_fragment():
        return html(web().renderer.render(page, language, **context))
    etag = f'"{seq}"'
    # A view's text also tells the time that has passed, but the module keeps that up by itself.
    if request.method == "GET" and request.headers.get("If-None-Match") == etag:
        answer = Response(status=304)
    else:
        answer = html(web().renderer.render(fragment, language, **context))
    answer.headers["ETag"] = etag
    answer.headers["X-Nouba-Seq"] = str(seq)
    return answer


def html(text: str, status: int = 200) -> Response:
    """A page that no cache keeps: it is true now."""
    answer = Response(text, status, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer

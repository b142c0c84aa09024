"""How a page is answered: whole, as its live fragment alone, as "you have it already", or as an error for people."""

from __future__ import annotations

from flask import Response, request

from server import i18n
from server.pages.rendering import renderer


def live_page(
    page: str, fragment: str, language: str, seq: int, /, *, variant: str = "", **context: object
) -> Response:
    """The page, or its fragment with `seq` as ETag when a module polls (304 when it is up to date).

    `variant` tells apart what two fragments of one `seq` say, such as those of a kiosk with and without its server.
    """
    if not wants_fragment():
        return html(renderer().render(page, language, **context))
    etag = f'"{seq}{variant}"'
    # A view's text also tells the time of day, but the module keeps that up by itself.
    if request.method == "GET" and request.headers.get("If-None-Match") == etag:
        answer = Response(status=304)
    else:
        answer = html(renderer().render(fragment, language, **context))
    answer.headers["ETag"] = etag
    answer.headers["X-Nouba-Seq"] = str(seq)
    return answer


def html(text: str, status: int = 200) -> Response:
    """A page that no cache keeps: it is true now."""
    answer = Response(text, status, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def style_of_accent(accent: str) -> Response:
    """The branch's own colour, as a style sheet: inline styles are forbidden by the policy."""
    answer = Response(f":root{{--branch-accent:{accent}}}", content_type="text/css")
    answer.headers["Cache-Control"] = "max-age=300"
    return answer


def wants_fragment() -> bool:
    """Whether a module asks for the part of the page that pushes replace."""
    return request.args.get("fragment") == "1" or request.headers.get("X-Fragment") == "1"


def preferred_language(default: str = "ar") -> str:
    """The language a stranger's browser asks for, Arabic when it asks for none of ours."""
    asked = request.args.get("lang", "")
    if i18n.is_language(asked):
        return asked
    return request.accept_languages.best_match(list(i18n.LANGUAGE_NAMES)) or default

"""Every "no" as a page for people, and the status of each refusal: mapped to HTTP once, here."""

from __future__ import annotations

from flask import Response

from server import i18n
from server.domain.errors import (
    Conflict,
    Gone,
    Invalid,
    KeyReused,
    KioskOutOfOrder,
    NotAllowed,
    NotFound,
    Refusal,
    ServerAway,
)
from server.pages.answers import preferred_language
from server.pages.rendering import renderer

_STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Gone, 410),
    (NotAllowed, 403),
    (Invalid, 422),
    (KeyReused, 422),
)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return status_of_kind(type(refusal))


def status_of_kind(refusal: type[Refusal]) -> int:
    """The HTTP status of every refusal of a class."""
    return next(status for kind, status in _STATUS if issubclass(refusal, kind))


def error_page(status: int, code: str, message: str | None = None) -> Response:
    """An error for a person, in the language of their browser."""
    language = preferred_language()
    text = renderer().render(
        "errors/error.html",
        language,
        status=status,
        code=code,
        message=message or i18n.translate(language, _words(status, code)),
        back="/",
    )
    return Response(text, status, content_type="text/html; charset=utf-8")


def _words(status: int, code: str) -> str:
    return _OF_A_KIOSK if code in _KIOSK_CODES else _WORDS.get(status, _WORDS[500])


def _(msgid: str) -> str:
    """Marks a text for the catalogues; it is translated where the language is known."""
    return msgid


_WORDS = {
    400: _("The request could not be understood."),
    401: _("Please sign in."),
    403: _("This is not allowed here."),
    404: _("There is nothing at this address."),
    405: _("This cannot be done at this address."),
    409: _("This cannot be done now."),
    410: _("This is over."),
    413: _("That was too much at once."),
    422: _("Something in the request is not right."),
    429: _("Too many attempts. Please wait a minute."),
    500: _("Something went wrong on our side. Please ask at the desk."),
    503: _("The system is not available for a moment. Please try again."),
}
_KIOSK_CODES = frozenset({KioskOutOfOrder.code, ServerAway.code})
_OF_A_KIOSK = _("This kiosk is out of order. Please go to the reception: you will be helped there.")

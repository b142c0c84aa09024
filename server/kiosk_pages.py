"""The kiosk's pages over any `KioskHouse`: choose a language, tap a service, take the ticket.

Plain forms; the modules only make them smoother. Nothing here knows a database: the server and the program on a kiosk's
own machine serve the same pages. Whoever registers the blueprint puts its guard beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from flask import Blueprint, Response, jsonify, request, url_for

from server import i18n
from server.domain.errors import Invalid, Refusal
from server.domain.ids import Language
from server.domain.states import TicketClass
from server.kiosk_house import KioskHouse, Tap
from server.pages.answers import html, live_page, style_of_accent, wants_fragment
from server.pages.errors import status_of
from server.pages.forms import Form, field, idempotency_key
from server.pages.rendering import new_key, renderer
from server.wire import KioskView

NAME: Final = "kiosk"
"""Of the blueprint: `url_for("kiosk.start", slug=…)`."""
LANGUAGE: Final = f"<any({', '.join(i18n.LANGUAGE_NAMES)}):language>"
"""Our languages and nothing else: any other address is not found."""

ONLINE_HEADER: Final = "X-Nouba-Online"
"""`1` while the house has its server, `0` while it works alone; on 304 too."""

View = Callable[..., Response]


def unlimited(view: View) -> View:
    """For a machine whose only visitor stands before it."""
    return view


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskLimits:
    """How often strangers may ask; each wraps a view, as a decorator of Flask-Limiter does."""

    take: Callable[[View], View] = unlimited


def pages_for(
    house: KioskHouse,
    *,
    limits: KioskLimits | None = None,
    live: Literal["push", "poll"] = "push",
) -> Blueprint:
    """The pages of `house`. `live`: whether news are pushed, or asked for by the page (on the kiosk itself)."""
    blueprint = Blueprint(NAME, __name__, url_prefix="/kiosk")
    screens = _Screens(house, live)
    limits = limits or KioskLimits()
    blueprint.get("/<slug>")(screens.start)
    blueprint.get("/<slug>/accent.css")(screens.accent)
    blueprint.get(f"/<slug>/{LANGUAGE}")(screens.services)
    blueprint.post(f"/<slug>/{LANGUAGE}/tickets")(limits.take(screens.take))
    blueprint.get(f"/<slug>/{LANGUAGE}/printing/<ticket_id>")(screens.printing)
    return blueprint


class _Screens:
    """The routes; each shows one screen of the house."""

    def __init__(self, house: KioskHouse, live: Literal["push", "poll"]) -> None:
        self._house = house
        self._live = live

    def start(self, slug: str) -> Response:
        """The first screen: four languages, each in its own script."""
        view = self._house.view(slug)
        return self._live_page("start", view.branch.languages[0], view)

    def services(self, slug: str, language: str) -> Response:
        """The services to choose from."""
        return self._live_page("services", language, self._house.view(slug), key=new_key())

    def take(self, slug: str, language: str) -> Response:
        """A tap on a service; the same `key` twice is the same ticket."""
        try:
            taken = self._house.take(slug, _tap(request.form, language))
        except Refusal as refusal:
            return self._refused(slug, language, refusal)
        status = 201 if taken.is_new else 200
        return self._screen("ticket", slug, language, status, taken=taken)

    def printing(self, slug: str, language: str, ticket_id: str) -> Response:
        """How the paper of a ticket stands: the kiosk says "take it" only once it is out."""
        return jsonify(state=self._house.printing(slug, ticket_id))

    def accent(self, slug: str) -> Response:
        """The branch's own colour."""
        return style_of_accent(self._house.view(slug).branch.accent)

    def _live_page(self, screen: str, language: str, view: KioskView, **more: object) -> Response:
        """A screen that keeps itself true. The header tells a polling page whether there is a server."""
        status = self._house.status(view.branch.slug)
        answer = live_page(
            f"kiosk/{screen}.html",
            f"kiosk/_{screen}.html",
            language,
            view.seq,
            variant="" if status.is_online else "-offline",
            view=view,
            house=status,
            live=self._live,
            **more,
        )
        answer.headers[ONLINE_HEADER] = "1" if status.is_online else "0"
        return answer

    def _screen(
        self, screen: str, slug: str, language: str, status: int, **context: object
    ) -> Response:
        """A screen that answers a form: the page, or its fragment for the module."""
        template = f"kiosk/_{screen}.html" if wants_fragment() else f"kiosk/{screen}.html"
        text = renderer().render(
            template,
            language,
            view=self._house.view(slug),
            house=self._house.status(slug),
            live=self._live,
            **context,
        )
        return html(text, status)

    def _refused(self, slug: str, language: str, refusal: Refusal) -> Response:
        back = url_for(f"{NAME}.services", slug=slug, language=language)
        return self._screen(
            "refusal", slug, language, status_of(refusal), code=refusal.code, back=back
        )


def _tap(form: Form, language: str) -> Tap:
    return Tap(
        service=field(form, "service"),
        ticket_class=_ticket_class(form),
        language=Language(language),
        key=idempotency_key(form),
    )


def _ticket_class(form: Form) -> TicketClass:
    try:
        return TicketClass(form.get("class") or TicketClass.ORDINARY)
    except ValueError as error:
        raise Invalid("there is no such class", field="class") from error

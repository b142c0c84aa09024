"""The kiosk's pages over any `KioskHouse`: choose a language, tap a service, take the ticket.

Plain forms; the modules only make them smoother. Nothing here knows a database: the server and the program on a kiosk's
own machine serve the same pages. Whoever registers the blueprint puts its guard beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import structlog
from flask import Blueprint, Response, jsonify, request, url_for
from werkzeug.exceptions import HTTPException

from server import i18n
from server.domain.errors import Invalid, Refusal, UnknownTicket
from server.domain.ids import Language
from server.domain.secret_text import secret_of
from server.domain.states import TicketClass
from server.kiosk_house import HouseStatus, KioskHouse, Tap
from server.pages.answers import (
    html,
    live_page,
    preferred_language,
    style_of_accent,
    wants_fragment,
)
from server.pages.errors import error_page, status_of
from server.pages.forms import Form, field, idempotency_key
from server.pages.rendering import new_key, renderer
from server.voice import CannotSay, Voice, chime
from server.wire import KioskView

NAME: Final = "kiosk"
"""Of the blueprint: `url_for("kiosk.start", slug=…)`."""
LANGUAGE: Final = f"<any({', '.join(i18n.LANGUAGE_NAMES)}):language>"
"""Our languages and nothing else: any other address is not found."""

ONLINE_HEADER: Final = "X-Nouba-Online"
"""`1` while the house has its server, `0` while it works alone; on 304 too."""

MODES: Final = ("voice", "large", "contrast", "low")
MODES_COOKIE: Final = "nouba_modes"
"""Written by `kiosk-modes.js`, read here so that no page flashes up in the wrong mode."""
FAILURES: Final = {400: "bad_request", 413: "body_too_large", 429: "too_many_requests"}
"""Failures by status, and the code that the screen carries."""
_SOUND_SECONDS: Final = 3600
_log = structlog.get_logger(__name__)

View = Callable[..., Response]


def unlimited(view: View) -> View:
    """For a machine whose only visitor stands before it."""
    return view


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskLimits:
    """How often strangers may ask; each wraps a view, as a decorator of Flask-Limiter does."""

    take: Callable[[View], View] = unlimited
    find: Callable[[View], View] = unlimited
    """Wrong codes; an unknown one is answered 404."""
    speak: Callable[[View], View] = unlimited


def pages_for(
    house: KioskHouse,
    *,
    limits: KioskLimits | None = None,
    live: Literal["push", "poll"] = "push",
    voice: Callable[[str], Voice | None] = lambda _slug: None,
) -> Blueprint:
    """The pages of `house`. `live`: whether news are pushed, or asked for by the page (on the kiosk itself).

    `voice` is asked in each request, for the branch of this slug: None, or a voice without an engine, and nothing
    offers to speak.
    """
    blueprint = Blueprint(NAME, __name__, url_prefix="/kiosk")
    screens = _Screens(house, live, voice)
    speech = _Speech(voice)
    limits = limits or KioskLimits()
    blueprint.get("/<slug>")(screens.start)
    blueprint.get("/<slug>/accent.css")(screens.accent)
    blueprint.get(f"/<slug>/{LANGUAGE}")(screens.services)
    blueprint.post(f"/<slug>/{LANGUAGE}/tickets")(limits.take(screens.take))
    blueprint.get(f"/<slug>/{LANGUAGE}/printing/<ticket_id>")(screens.printing)
    blueprint.get(f"/<slug>/{LANGUAGE}/find")(screens.show_find)
    blueprint.post(f"/<slug>/{LANGUAGE}/find")(limits.find(screens.find))
    blueprint.get("/<slug>/voice")(speech.about)
    blueprint.get("/<slug>/voice/chime.wav")(speech.chime)
    blueprint.get(f"/<slug>/voice/{LANGUAGE}.wav")(limits.speak(speech.say))
    for status in FAILURES:
        blueprint.register_error_handler(status, screens.failed)
    return blueprint


class _Screens:
    """The routes; each shows one screen of the house."""

    def __init__(
        self,
        house: KioskHouse,
        live: Literal["push", "poll"],
        voice: Callable[[str], Voice | None],
    ) -> None:
        self._house = house
        self._live = live
        self._voice = voice

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

    def show_find(self, slug: str, language: str) -> Response:
        """Where a ticket is scanned, or its code typed."""
        return self._screen("find", slug, language, 200, is_unknown=False)

    def find(self, slug: str, language: str) -> Response:
        """The ticket behind a code. On the start screen nobody has chosen a language: the ticket's own is spoken."""
        secret = secret_of(field(request.form, "code"))
        reinstate = request.form.get("reinstate") == "1"
        try:
            if secret is None:
                raise UnknownTicket("this is no code of a ticket")
            found = self._house.find(slug, secret, reinstate=reinstate)
        except UnknownTicket:
            return self._screen("find", slug, language, 404, is_unknown=True)
        except Refusal as refusal:
            return self._refused(slug, language, refusal)
        if "any" in request.form and found.view is not None:
            language = found.view.language
        return self._screen("found", slug, language, 200, found=found, code=secret)

    def failed(self, error: HTTPException) -> Response:
        """What never reached a screen's own code: a kiosk must not end at a page without a way back.

        The guard may not have run yet, so the house is asked for nothing but what is public.
        """
        slug = str((request.view_args or {}).get("slug", ""))
        language = str((request.view_args or {}).get("language", preferred_language()))
        status = error.code or 400
        try:
            view = self._house.view(slug)
        except Refusal as refusal:
            return error_page(status_of(refusal), refusal.code)
        text = renderer().render(
            "kiosk/refusal.html",
            language,
            view=view,
            code=FAILURES[status],
            back=url_for(f"{NAME}.start", slug=slug),
            **self._frame(slug, HouseStatus(is_online=True, printer="unknown")),
        )
        return html(text, status)

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
            **self._frame(view.branch.slug, status),
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
            **self._frame(slug, self._house.status(slug)),
            **context,
        )
        return html(text, status)

    def _frame(self, slug: str, status: HouseStatus) -> dict[str, object]:
        """What the frame around every screen shows."""
        speaks = (voice := self._voice(slug)) is not None and bool(voice.languages)
        return {
            "house": status,
            "is_online": status.is_online,
            "live": self._live,
            "speaks": speaks,
            "modes": modes_asked(),
        }

    def _refused(self, slug: str, language: str, refusal: Refusal) -> Response:
        back = url_for(f"{NAME}.services", slug=slug, language=language)
        return self._screen(
            "refusal", slug, language, status_of(refusal), code=refusal.code, back=back
        )


class _Speech:
    """The spoken guidance: sentences as WAV files of this very origin."""

    def __init__(self, voice: Callable[[str], Voice | None]) -> None:
        self._voice = voice

    def about(self, slug: str) -> Response:
        """The languages in which any sentence can be said; none where there is no engine."""
        voice = self._voice(slug)
        return jsonify(languages=sorted(voice.languages) if voice else [])

    def chime(self, slug: str) -> Response:
        """What comes before a sentence in another language than the page's."""
        return _sound(chime())

    def say(self, slug: str, language: str) -> Response:
        """A sentence. 404 when there is neither a voice nor a recording for it."""
        text, voice = request.args.get("text", ""), self._voice(slug)
        try:
            if voice is None:
                raise CannotSay("there is no voice here")
            return _sound(voice.wav(language, text))
        except CannotSay:
            return _no_sound(404, "no_voice")
        except ValueError:
            return _no_sound(422, "sentence_too_long")
        except OSError as error:
            _log.error("voice_failed", error=str(error))
            return _no_sound(503, "voice_failed")


def _sound(wav: bytes) -> Response:
    answer = Response(wav, content_type="audio/wav")
    answer.headers["Cache-Control"] = f"private, max-age={_SOUND_SECONDS}"
    return answer


def _no_sound(status: int, code: str) -> Response:
    answer = jsonify(code=code)
    answer.status_code = status
    return answer


def modes_asked() -> tuple[str, ...]:
    """The ways to show a page that this visit has switched on: known words only, in their own order."""
    asked = request.cookies.get(MODES_COOKIE, "").split(".")
    return tuple(mode for mode in MODES if mode in asked)


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

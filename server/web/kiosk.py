"""The kiosk: choose a language, tap a service, take the ticket. Plain forms; the module only makes it smoother."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request, url_for

from server import i18n
from server.actions import tickets
from server.db import jobs, reads, views
from server.db.jobs import JobKind, JobState
from server.domain.errors import Invalid, Refusal
from server.domain.ids import Language, Secret, TicketId
from server.domain.roles import Right
from server.domain.states import TicketClass
from server.web import access
from server.web.context import wants_fragment, web
from server.web.forms import Form, field, idempotency_key
from server.web.limits import limiter, open_kiosk, sign_in_attempts
from server.web.pages import html, live_page
from server.web.problems import status_of
from server.web.rendering import new_key
from server.wire import KioskView

pages = Blueprint("kiosk", __name__, url_prefix="/kiosk")
sign_in = Blueprint("kiosk_sign_in", __name__, url_prefix="/kiosk")

_LANGUAGE = f"<any({', '.join(i18n.LANGUAGE_NAMES)}):language>"
"""Our languages and nothing else: any other address is not found."""
_COOKIE_DAYS = 400
"""As long as browsers keep a cookie; revoking the token is what ends it."""
_PRINTING = {JobState.PENDING: "waiting", JobState.DONE: "done", JobState.EXPIRED: "expired"}


@pages.get("/<slug>")
def start(slug: str) -> Response:
    """The first screen: four languages, each in its own script."""
    view = _view(slug)
    return live_page("kiosk/start.html", "kiosk/_start.html", _first(view), view.seq, view=view)


@pages.get(f"/<slug>/{_LANGUAGE}")
def services(slug: str, language: str) -> Response:
    """The services to choose from."""
    view = _view(slug)
    return live_page(
        "kiosk/services.html", "kiosk/_services.html", language, view.seq, view=view, key=new_key()
    )


@pages.post(f"/<slug>/{_LANGUAGE}/tickets")
@limiter.limit(open_kiosk, exempt_when=lambda: access.caller().scope.startswith("token:"))
def take(slug: str, language: str) -> Response:
    """A tap on a service; the same `key` twice is the same ticket."""
    try:
        answered = tickets.issue_ticket(
            hall=web().hall,
            caller=access.caller(),
            branch=access.guarded_branch().id,
            service=field(request.form, "service"),
            ticket_class=_ticket_class(request.form),
            language=Language(language),
            key=idempotency_key(request.form),
        )
    except Refusal as refusal:
        return _refused(slug, language, refusal)
    view = _view(slug)
    answer = answered.value
    assert answer.secret is not None, "the answer to an issue carries the secret"
    template = "kiosk/_ticket.html" if wants_fragment() else "kiosk/ticket.html"
    text = web().renderer.render(
        template,
        language,
        view=view,
        answer=answer,
        service=next(each for each in view.services if each.code == answer.service),
        url=web().ticket_url(Secret(answer.secret)),
        printing=_printing(),
    )
    return html(text, 201 if answered.is_new else 200)


@pages.get(f"/<slug>/{_LANGUAGE}/printing/<ticket_id>")
def printing(slug: str, language: str, ticket_id: str) -> Response:
    """How the paper of a ticket stands: the kiosk says "take it" only once it is out."""
    branch = access.guarded_branch()
    with web().hall.store.read() as connection:
        ticket = reads.ticket(connection, branch.id, TicketId(ticket_id))
        state = jobs.state_of(connection, JobKind.PRINT, ticket.id)
    return jsonify(state=_PRINTING[state] if state else "waiting")


@sign_in.get("/<slug>/sign-in")
def show(slug: str) -> Response:
    """Where a kiosk gets its token, once."""
    return _sign_in_page(slug, None)


@sign_in.post("/<slug>/sign-in")
@limiter.limit(sign_in_attempts)
def submit(slug: str) -> Response:
    """Keep the kiosk's token in a cookie that no script can read."""
    token = request.form.get("token", "").strip()
    found = access.find_credential(token)
    if found is None or found.branch.slug != slug:
        return _sign_in_page(slug, ("wrong_token", "this token is not one of this branch"))
    access.caller_of(found).require(Right.ISSUE)
    answer = redirect(url_for("kiosk.start", slug=slug), 303)
    answer.set_cookie(
        access.DEVICE_COOKIE,
        token,
        max_age=_COOKIE_DAYS * 24 * 3600,
        httponly=True,
        samesite="Strict",
        secure=web().config.security.https,
    )
    return Response(answer.get_data(), answer.status_code, answer.headers)


def _ticket_class(form: Form) -> TicketClass:
    try:
        return TicketClass(form.get("class") or TicketClass.ORDINARY)
    except ValueError as error:
        raise Invalid("there is no such class", field="class") from error


def _view(slug: str) -> KioskView:
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
        return views.kiosk(connection, branch, hall.clock.now())


def _first(view: KioskView) -> str:
    return view.branch.languages[0]


def _printing() -> str:
    with web().hall.store.read() as connection:
        printers = reads.printers_of(connection, access.guarded_branch().id)
    if not printers:
        return "no_printer"
    mine = access.caller().printer
    printer = next((each for each in printers if each.id == mine), printers[0])
    return "fault" if printer.shows_fault else "queued"


def _refused(slug: str, language: str, refusal: Refusal) -> Response:
    template = "kiosk/_refusal.html" if wants_fragment() else "kiosk/refusal.html"
    text = web().renderer.render(
        template,
        language,
        view=_view(slug),
        code=refusal.code,
        message=refusal.message,
        back=url_for("kiosk.services", slug=slug, language=language),
    )
    return html(text, status_of(refusal))


def _sign_in_page(slug: str, refusal: tuple[str, str] | None) -> Response:
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
    card = views.branch_card(branch)
    language = card.languages[0]
    problem = {"code": refusal[0], "message": refusal[1]} if refusal else None
    text = web().renderer.render("kiosk/sign_in.html", language, branch=card, refusal=problem)
    return html(text, 403 if refusal else 200)

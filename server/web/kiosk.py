"""The server's own kiosk: its pages over the database, and the sign-in of a kiosk's browser."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, g, redirect, request, url_for

from server.actions import tickets
from server.actions.scans import scan_ticket
from server.db import jobs, reads, views
from server.db.jobs import JobKind, JobState
from server.domain.branch import Printer
from server.domain.ids import Secret, TicketId
from server.domain.roles import Right
from server.kiosk_house import Found, HouseStatus, PrintingState, Taken, Tap
from server.kiosk_pages import NAME, KioskLimits, pages_for
from server.pages.answers import html
from server.voice import Voice
from server.web import access
from server.web.context import web
from server.web.limits import SENTENCES, limiter, look_ups, open_kiosk, sign_in_attempts
from server.wire import KioskView

sign_in = Blueprint("kiosk_sign_in", __name__, url_prefix="/kiosk")

_COOKIE_DAYS = 400
"""As long as browsers keep a cookie; revoking the token is what ends it."""
_ENDED: dict[JobState, PrintingState] = {JobState.DONE: "done", JobState.EXPIRED: "expired"}
_NO_PRINTER = "none"


class ServerHouse:
    """A `KioskHouse` that is the database. Its methods run behind the kiosk's guard: `slug` is the guarded branch."""

    def view(self, slug: str) -> KioskView:
        """The services to choose from, read once a request: whoever changes something does it before."""
        if "kiosk_view" not in g:
            hall = web().hall
            with hall.store.read() as connection:
                branch = reads.branch_by_slug(connection, slug)
                g.kiosk_view = views.kiosk(connection, branch, hall.clock.now())
        return cast(KioskView, g.kiosk_view)

    def take(self, slug: str, tap: Tap) -> Taken:
        """Give out a ticket."""
        answered = tickets.issue_ticket(
            hall=web().hall,
            caller=access.caller(),
            branch=access.guarded_branch().id,
            service=tap.service,
            ticket_class=tap.ticket_class,
            language=tap.language,
            key=tap.key,
        )
        answer = answered.value
        assert answer.secret is not None, "the answer to an issue carries the secret"
        tiles = self.view(slug).services
        return Taken(
            answer=answer,
            service=next(each for each in tiles if each.code == answer.service),
            url=web().ticket_url(Secret(answer.secret)),
            printing=_printing_by(_printer()),
            is_new=answered.is_new,
        )

    def printing(self, slug: str, ticket_id: str) -> PrintingState:
        """How the paper of a ticket stands."""
        branch = access.guarded_branch()
        with web().hall.store.read() as connection:
            ticket = reads.ticket(connection, branch.id, TicketId(ticket_id))
            state = jobs.state_of(connection, JobKind.PRINT, ticket.id)
        if state in _ENDED:
            return _ENDED[state]
        now = _printing_by(_printer())
        return "waiting" if now == "queued" else now

    def find(self, slug: str, secret: str, *, reinstate: bool) -> Found:
        """The ticket of a QR or a typed code."""
        found = scan_ticket(
            hall=web().hall,
            caller=access.caller(),
            secret=Secret(secret),
            reinstate=reinstate,
            key=None,
        )
        return Found(
            label=found.ticket.label,
            state=found.ticket.state,
            view=found.ticket,
            can_be_reinstated=found.can_be_reinstated,
            was_reinstated=found.was_reinstated,
        )

    def status(self, slug: str) -> HouseStatus:
        """Where the server is, it answers."""
        printer = _printer()
        return HouseStatus(is_online=True, printer=printer.state if printer else _NO_PRINTER)


def _printer() -> Printer | None:
    """Where the dispatcher sends this kiosk's paper; None for a paired one that prints by itself, or not at all."""
    kiosk = access.caller()
    if kiosk.device is not None and kiosk.printer is None:
        return None
    with web().hall.store.read() as connection:
        printers = reads.printers_of(connection, access.guarded_branch().id)
    mine = (each for each in printers if each.id == kiosk.printer)
    return next(mine, next(iter(printers), None))


def _printing_by(printer: Printer | None) -> PrintingState:
    if printer is None:
        return "no_printer"
    return "fault" if printer.shows_fault else "queued"


def _is_known() -> bool:
    """Whether the kiosk has a token; an open one may be anybody's browser."""
    return access.caller().scope.startswith("token:")


def _voice(slug: str) -> Voice:
    return web().voice.of(slug)


pages = pages_for(
    ServerHouse(),
    limits=KioskLimits(
        take=limiter.limit(open_kiosk, exempt_when=_is_known),
        find=look_ups,
        speak=limiter.limit(SENTENCES, exempt_when=_is_known),
    ),
    voice=_voice,
)


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
    answer = redirect(url_for(f"{NAME}.start", slug=slug), 303)
    answer.set_cookie(
        access.DEVICE_COOKIE,
        token,
        max_age=_COOKIE_DAYS * 24 * 3600,
        httponly=True,
        samesite="Strict",
        secure=web().config.security.https,
    )
    return Response(answer.get_data(), answer.status_code, answer.headers)


def _sign_in_page(slug: str, refusal: tuple[str, str] | None) -> Response:
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
    card = views.branch_card(branch)
    language = card.languages[0]
    problem = {"code": refusal[0], "message": refusal[1]} if refusal else None
    text = web().renderer.render("kiosk/sign_in.html", language, branch=card, refusal=problem)
    return html(text, 403 if refusal else 200)

"""The citizen's own ticket, by its secret: the address in the QR. Works as a plain page without a script."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for

from server import i18n
from server.actions import tickets
from server.db import reads, views
from server.domain.errors import Refusal
from server.domain.ids import Secret
from server.pages.answers import html, live_page
from server.pages.errors import status_of
from server.pages.forms import idempotency_key
from server.pages.rendering import new_key
from server.web.context import web
from server.web.limits import look_ups
from server.web.marks import mark_of
from server.wire import TicketView

pages = Blueprint("ticket", __name__)


# Upper-case too: the QR is upper-case throughout, and people type what they read.
@pages.get("/t/<secret>")
@pages.get("/T/<secret>")
@look_ups
def show(secret: str) -> Response:
    """Number, state, people ahead, desk. An unknown secret is answered like a wrong one."""
    view = _view(secret)
    language = _language(view)
    return live_page(
        "ticket/ticket.html",
        "ticket/_ticket.html",
        language,
        view.seq,
        view=view,
        mark=mark_of(view, language, web().renderer.version),
        secret=secret.upper(),
        url=web().ticket_url(Secret(secret.upper())),
        key=new_key(),
    )


@pages.post("/t/<secret>/cancellation")
@look_ups
def cancel(secret: str) -> Response:
    """Give the place up."""
    key = idempotency_key(request.form)
    language = request.args.get("lang")
    back = url_for("ticket.show", secret=secret.upper(), lang=language)
    try:
        tickets.cancel_ticket(hall=web().hall, secret=Secret(secret.upper()), key=key)
    except Refusal as refusal:
        view = _view(secret)
        text = web().renderer.render(
            "errors/error.html",
            _language(view),
            status=status_of(refusal),
            code=refusal.code,
            message=i18n.translate(_language(view), "This cannot be done now."),
            back=back,
        )
        return html(text, status_of(refusal))
    answer = redirect(back, 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)


def _view(secret: str) -> TicketView:
    hall = web().hall
    with hall.store.read() as connection:
        found = reads.ticket_by_secret(connection, Secret(secret.upper()))
        return views.ticket(connection, found, hall.clock.now())


def _language(view: TicketView) -> str:
    asked = request.args.get("lang", "")
    return asked if i18n.is_language(asked) else view.language

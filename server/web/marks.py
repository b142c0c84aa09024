"""A mark of what a phone shows: it says it when it comes back, and hears no more than what has changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgspec
from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context

from server import i18n
from server.wire import TicketView

_BYTES = 6


def mark_of(ticket: TicketView, language: str, version: str) -> str:
    """Another one for whatever a phone shows otherwise, but for its place, its wait and the hour: it puts in those.

    `version` is that of all templates and texts.
    """
    lasting = replace(ticket, seq=0, at=ticket.issued_at, ahead=None, wait=None)
    offset = i18n.offset_minutes(ticket.at, ticket.branch.zone)
    shown = msgspec.json.encode((version, language, offset, lasting))
    return hashlib.blake2b(shown, digest_size=_BYTES).hexdigest()


def install(app: Flask) -> None:
    """Let templates write the mark of the ticket that they show."""
    app.jinja_env.globals["mark_of"] = _mark_of


@pass_context
def _mark_of(context: Context, ticket: TicketView) -> str:
    return mark_of(ticket, context["language"], context["version"])

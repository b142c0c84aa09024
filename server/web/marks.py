"""A mark of what a phone shows: it says it when it comes back, and hears no more than what has changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgspec

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

"""The words of a ticket's paper in its language: the server and the kiosk write the same ones."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, cast

from server import i18n
from server.delivery.paper.ticket_paper import Language as PaperLanguage
from server.delivery.paper.ticket_paper import TicketPaper, WidthDots
from server.domain.branch import Branch, Service
from server.domain.ids import Language, in_language


class Printable(Protocol):
    """A ticket as far as its paper goes: the domain's own, or one that a kiosk gave out alone."""

    @property
    def label(self) -> str: ...
    @property
    def language(self) -> Language: ...
    @property
    def issued_at(self) -> datetime: ...


def ticket_words(
    ticket: Printable,
    branch: Branch,
    service: Service,
    *,
    ahead: int | None,
    url: str,
    width_dots: WidthDots,
    is_offline: bool = False,
) -> TicketPaper:
    """`ahead` is how many wait before this one, None when that says nothing any more.

    `is_offline` is for a ticket that a kiosk gave out alone: nobody knows its place yet, and it says so.
    Raises ValueError, naming the field, for what no paper can hold.
    """
    language = ticket.language
    tag = language.value
    zone = branch.hours.zone.key
    documents = service.documents.get(language, ())
    when = f"{i18n.local_date(tag, ticket.issued_at, zone)} · {i18n.local_time(tag, ticket.issued_at, zone)}"
    ahead_line = None if ahead is None else i18n.ahead_text(tag, ahead)
    if is_offline:
        ahead_line = i18n.translate(tag, "Your place will be confirmed")
    return TicketPaper(
        language=cast(PaperLanguage, tag),
        width_dots=width_dots,
        municipality=in_language(branch.names, language),
        service=in_language(service.names, language),
        number_caption=i18n.translate(tag, "Your number"),
        number=ticket.label,
        ahead_line=ahead_line,
        time_line=when,
        qr_url=url,
        documents_title=i18n.translate(tag, "What to bring") if documents else None,
        documents=documents,
        footer=i18n.translate(tag, "Scan to follow your turn on your phone"),
    )

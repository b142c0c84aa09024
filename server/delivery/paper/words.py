"""From what is known of a ticket to the words on its paper. Needs no database."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from server import i18n
from server.delivery.paper.ticket_paper import Language as PaperLanguage
from server.delivery.paper.ticket_paper import TicketPaper, WidthDots
from server.domain.ids import Language


def words_of(
    *,
    language: Language,
    printer_width_dots: int,
    municipality: str,
    service: str,
    documents: tuple[str, ...],
    number: str,
    issued_at: datetime,
    zone: str,
    url: str,
    ahead: int | None = None,
    is_offline: bool = False,
) -> TicketPaper:
    """A ticket's words in its language. Raises ValueError for what no paper can hold.

    `ahead` None says nothing about the place. Offline nobody knows it, and the paper says so in its stead.
    """
    tag = language.value
    when = f"{i18n.local_date(tag, issued_at, zone)} · {i18n.local_time(tag, issued_at, zone)}"
    ahead_line = None if ahead is None else i18n.ahead_text(tag, ahead)
    if is_offline:
        ahead_line = i18n.translate(tag, "Offline: your place will be confirmed")
    return TicketPaper(
        language=cast(PaperLanguage, tag),
        width_dots=cast(WidthDots, printer_width_dots),
        municipality=municipality,
        service=service,
        number_caption=i18n.translate(tag, "Your number"),
        number=number,
        ahead_line=ahead_line,
        time_line=when,
        qr_url=url,
        documents_title=i18n.translate(tag, "What to bring") if documents else None,
        documents=documents,
        footer=i18n.translate(tag, "Scan to follow your turn on your phone"),
    )

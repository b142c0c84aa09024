"""From what is known of a ticket to the words on its paper, under a branch's layout. Needs no database."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from server import i18n
from server.delivery.paper.ticket_paper import Language as PaperLanguage
from server.delivery.paper.ticket_paper import TicketPaper, WidthDots
from server.domain.ids import Language
from server.domain.paper_layout import DEFAULT_LAYOUT, PaperLayout, Part
from server.domain.secret_text import secret_of, spaced


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
    wait: i18n.WaitSpan | None = None,
    is_offline: bool = False,
    layout: PaperLayout | None = None,
) -> TicketPaper:
    """A ticket's words in its language. Raises ValueError for what no paper can hold.

    `ahead` None says nothing about the place. Offline nobody knows it, and the paper says so in its stead.
    """
    layout = layout or DEFAULT_LAYOUT
    tag = language.value
    when = f"{i18n.local_date(tag, issued_at, zone)} · {i18n.local_time(tag, issued_at, zone)}"
    caption = layout.text(Part.CAPTION, language) or i18n.translate(tag, "Your number")
    footer = layout.text(Part.FOOTER, language) or i18n.translate(
        tag, "Scan to follow your turn on your phone"
    )
    secret = secret_of(url)
    return TicketPaper(
        language=cast(PaperLanguage, tag),
        width_dots=cast(WidthDots, layout.width_dots(printer_width_dots)),
        municipality=layout.text(Part.MUNICIPALITY, language) or municipality,
        service=service,
        number_caption=caption,
        number=number,
        ahead_line=_ahead_line(tag, ahead, is_offline=is_offline),
        wait_line=None if is_offline else _wait_line(tag, wait),
        time_line=when,
        qr_url=url,
        code=None if secret is None else spaced(secret),
        documents_title=i18n.translate(tag, "What to bring") if documents else None,
        documents=documents,
        footer=footer,
        greeting=layout.text(Part.GREETING, language),
        notice=layout.text(Part.NOTICE, language),
        farewell=layout.text(Part.FAREWELL, language),
        layout=layout,
    )


def _ahead_line(tag: str, ahead: int | None, *, is_offline: bool) -> str | None:
    if is_offline:
        return i18n.translate(tag, "Offline: your place will be confirmed")
    return None if ahead is None else i18n.ahead_text(tag, ahead)


def _wait_line(tag: str, wait: i18n.WaitSpan | None) -> str | None:
    if wait is None:
        return None
    return i18n.translate(tag, "Waiting time: %(wait)s", wait=i18n.t_wait(tag, wait))

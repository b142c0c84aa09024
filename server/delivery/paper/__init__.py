"""Tickets on paper: words in, a picture or a printer's bytes out."""

from server.delivery.paper.press import PaperPress
from server.delivery.paper.ticket_paper import Language, TicketPaper, WidthDots
from server.delivery.paper.words import words_of
from server.domain.paper_layout import DEFAULT_LAYOUT, PaperLayout, from_json, to_json

__all__ = [
    "DEFAULT_LAYOUT",
    "Language",
    "PaperLayout",
    "PaperPress",
    "TicketPaper",
    "WidthDots",
    "from_json",
    "to_json",
    "words_of",
]

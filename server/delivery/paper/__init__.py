"""Tickets on paper: words in, a picture or a printer's bytes out."""

from server.delivery.paper.press import PaperPress
from server.delivery.paper.ticket_paper import Language, TicketPaper, WidthDots

__all__ = ["Language", "PaperPress", "TicketPaper", "WidthDots"]

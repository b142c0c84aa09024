"""The measures of a ticket on each width of paper, in dots of 203 dpi (8 to a millimetre)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.delivery.paper.fonts import Weight
from server.delivery.paper.lines import Style
from server.delivery.paper.ticket_paper import WidthDots


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Sizes of type and space for one width; no text is under 24 dots: stems survive one bit."""

    width_dots: WidthDots
    margin_dots: int
    gap_dots: int
    municipality: Style
    service: Style
    caption: Style
    number: Style
    ahead: Style
    time: Style
    documents_title: Style
    document: Style
    footer: Style
    qr_side_dots: int  # the QR with its quiet zone is drawn as large as fits in this…
    qr_module_dots_min: int  # …but never with smaller modules
    qr_beside_text: bool  # 80 mm has room for the QR and the words side by side

    @property
    def text_width_dots(self) -> int:
        return self.width_dots - 2 * self.margin_dots


SHEETS: Final[dict[WidthDots, Sheet]] = {
    576: Sheet(
        width_dots=576,
        margin_dots=24,
        gap_dots=28,
        municipality=Style(size_dots=34, weight=Weight.BOLD),
        service=Style(size_dots=42),
        caption=Style(size_dots=28),
        number=Style(size_dots=216, weight=Weight.BOLD),
        ahead=Style(size_dots=38, weight=Weight.BOLD),
        time=Style(size_dots=27),
        documents_title=Style(size_dots=29, weight=Weight.BOLD),
        document=Style(size_dots=27),
        footer=Style(size_dots=25),
        qr_side_dots=264,
        qr_module_dots_min=6,
        qr_beside_text=True,
    ),
    384: Sheet(
        width_dots=384,
        margin_dots=12,
        gap_dots=22,
        municipality=Style(size_dots=28, weight=Weight.BOLD),
        service=Style(size_dots=34),
        caption=Style(size_dots=25),
        number=Style(size_dots=146, weight=Weight.BOLD),
        ahead=Style(size_dots=31, weight=Weight.BOLD),
        time=Style(size_dots=25),
        documents_title=Style(size_dots=26, weight=Weight.BOLD),
        document=Style(size_dots=25),
        footer=Style(size_dots=24),
        qr_side_dots=248,
        qr_module_dots_min=4,
        qr_beside_text=False,
    ),
}

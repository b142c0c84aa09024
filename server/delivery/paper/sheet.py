"""The measures of a ticket on each width of paper, in dots of 203 dpi (8 to a millimetre)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from server.delivery.paper.fonts import Weight
from server.delivery.paper.lines import Style
from server.delivery.paper.ticket_paper import WidthDots
from server.domain.paper_layout import Part, Size

SCALES: Final[Mapping[Size, float]] = MappingProxyType(
    {Size.SMALL: 0.8, Size.NORMAL: 1.0, Size.LARGE: 1.3}
)
TEXT_SIZE_DOTS_MIN: Final = 24
"""Stems survive one bit."""
QR_BESIDE_TEXT_DOTS_MIN: Final = 240
"""Narrower columns break every second word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Sizes of type and space for one width; no text is under 24 dots: stems survive one bit."""

    width_dots: WidthDots
    margin_dots: int
    gap_dots: int
    municipality: Style
    greeting: Style
    service: Style
    caption: Style
    number: Style
    ahead: Style
    wait: Style
    time: Style
    code: Style
    documents_title: Style
    document: Style
    notice: Style
    farewell: Style
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
        greeting=Style(size_dots=30),
        service=Style(size_dots=42),
        caption=Style(size_dots=28),
        number=Style(size_dots=216, weight=Weight.BOLD),
        ahead=Style(size_dots=38, weight=Weight.BOLD),
        wait=Style(size_dots=30),
        time=Style(size_dots=27),
        code=Style(size_dots=28),
        documents_title=Style(size_dots=29, weight=Weight.BOLD),
        document=Style(size_dots=27),
        notice=Style(size_dots=29, weight=Weight.BOLD),
        farewell=Style(size_dots=30),
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
        greeting=Style(size_dots=26),
        service=Style(size_dots=34),
        caption=Style(size_dots=25),
        number=Style(size_dots=146, weight=Weight.BOLD),
        ahead=Style(size_dots=31, weight=Weight.BOLD),
        wait=Style(size_dots=26),
        time=Style(size_dots=25),
        code=Style(size_dots=26),
        documents_title=Style(size_dots=26, weight=Weight.BOLD),
        document=Style(size_dots=25),
        notice=Style(size_dots=26, weight=Weight.BOLD),
        farewell=Style(size_dots=26),
        footer=Style(size_dots=24),
        qr_side_dots=248,
        qr_module_dots_min=4,
        qr_beside_text=False,
    ),
}


def sized(sheet: Sheet, sizes: tuple[tuple[Part, Size], ...]) -> Sheet:
    """The sheet with some parts smaller or larger; no text under TEXT_SIZE_DOTS_MIN."""
    for part, size in sizes:
        if part is Part.QR:
            sheet = _sized_qr(sheet, SCALES[size])
            continue
        names = ("documents_title", "document") if part is Part.DOCUMENTS else (part.value,)
        changes: dict[str, Any] = {
            name: _scaled(getattr(sheet, name), SCALES[size]) for name in names
        }
        sheet = replace(sheet, **changes)
    return sheet


def _sized_qr(sheet: Sheet, scale: float) -> Sheet:
    side = round(sheet.qr_side_dots * scale)
    is_beside = sheet.text_width_dots - side >= QR_BESIDE_TEXT_DOTS_MIN
    return replace(sheet, qr_side_dots=side, qr_beside_text=sheet.qr_beside_text and is_beside)


def _scaled(style: Style, scale: float) -> Style:
    return replace(style, size_dots=max(TEXT_SIZE_DOTS_MIN, round(style.size_dots * scale)))

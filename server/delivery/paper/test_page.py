"""A page that shows what a printer can do: every script, a ruler along both edges, thin lines and stems, a QR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageDraw

from server.delivery.paper.fonts import Weight
from server.delivery.paper.lines import Style, Typesetter
from server.delivery.paper.qr import qr_picture
from server.delivery.paper.sheet import SHEETS
from server.delivery.paper.strips import StripDrawer, one_bit, stacked
from server.delivery.paper.ticket_paper import RIGHT_TO_LEFT_LANGUAGES, Language, WidthDots
from server.domain.paper_layout import DOTS_PER_MM

SPECIMENS: Final[tuple[tuple[Language, str], ...]] = (
    ("ar", "الحالة المدنية – رقمكم \u2066A012\u2069، أمامكم \u20663\u2069 أشخاص"),
    ("fr", "État civil – œuvre nº 4, 20 €, « à bientôt »"),
    ("zgh", "ⴰⴷⴷⴰⴷ ⴰⵖⵔⵎⴰⵏ – ⵓⵟⵟⵓⵏ A012"),
    ("en", "Civil status – your number A012, 3456789"),
)
QR_TEXT: Final = "NOUBA TEST PAGE"
QR_SIDE_DOTS: Final = 200
LINE_DOTS: Final = (1, 2, 3, 4)
"""Lines of so many dots with gaps as wide: the thinnest pair that stays two lines is what the head resolves."""
STEM_SIZES_DOTS: Final = (24, 28, 34, 42)
_LABEL: Final = Style(size_dots=24, leading=1.2)
_TICKS_DOTS: Final = {1: 8, 5: 14, 10: 22}
"""How long the mark of every millimetre, every five and every ten is."""
_RULER_DOTS: Final = 56
_GAP_DOTS: Final = 16


def draw_test_page(typesetter: Typesetter, width_dots: WidthDots, title: str) -> Image.Image:
    """The one-bit picture; `title` says which printer this should be."""
    body = stacked(list(_body(typesetter, width_dots, title)), width_dots)
    page = stacked([_across(typesetter, width_dots), body], width_dots)
    _down(ImageDraw.Draw(page), page.height)
    return page


def _body(typesetter: Typesetter, width_dots: WidthDots, title: str) -> Iterator[Image.Image]:
    left_to_right = StripDrawer(typesetter, SHEETS[width_dots], right_to_left=False)
    yield left_to_right.text(title, left_to_right.sheet.municipality, below=_GAP_DOTS)
    for language, specimen in SPECIMENS:
        is_arabic = language in RIGHT_TO_LEFT_LANGUAGES
        drawer = StripDrawer(typesetter, SHEETS[width_dots], right_to_left=is_arabic)
        for weight in Weight:
            style = Style(size_dots=drawer.sheet.document.size_dots, weight=weight)
            yield drawer.text(specimen, style)
    for size in STEM_SIZES_DOTS:
        yield left_to_right.text(f"{size}  Ill1 mwM ⵉⵍⵏ الل", Style(size_dots=size))
    yield _pairs(typesetter, width_dots)
    yield qr_picture(QR_TEXT, side_dots=QR_SIDE_DOTS, module_dots_min=4)
    yield _bar(width_dots)
    width = f"{width_dots} dots = {width_dots // DOTS_PER_MM} mm · a long mark is 10 mm"
    yield left_to_right.text(width, _LABEL)


def _across(typesetter: Typesetter, width_dots: int) -> Image.Image:
    """Millimetres from the left edge of what is printed to its right edge, both marked by a line."""
    picture = Image.new("L", (width_dots, _RULER_DOTS), 255)
    draw = ImageDraw.Draw(picture)
    for mm in range(width_dots // DOTS_PER_MM + 1):
        left = min(mm * DOTS_PER_MM, width_dots - 1)
        draw.line((left, 0, left, _tick(mm) - 1), fill=0)
        if mm % 10 == 0:
            line = typesetter.line(str(mm), _LABEL, right_to_left=False)
            place = min(max(left - line.width_dots / 2, 2), width_dots - line.width_dots - 2)
            typesetter.draw(draw, line, left=place, baseline=_RULER_DOTS - 8)
    draw.line((0, 0, 0, _RULER_DOTS - 1), fill=0)
    draw.line((width_dots - 1, 0, width_dots - 1, _RULER_DOTS - 1), fill=0)
    return one_bit(picture)


def _down(draw: ImageDraw.ImageDraw, height_dots: int) -> None:
    """Millimetres along the left edge: a drum that slips makes them uneven or the wrong length."""
    for mm in range(height_dots // DOTS_PER_MM + 1):
        top = mm * DOTS_PER_MM
        draw.line((0, top, _tick(mm) - 1, top), fill=0)


def _tick(mm: int) -> int:
    return max(length for step, length in _TICKS_DOTS.items() if mm % step == 0)


def _pairs(typesetter: Typesetter, width_dots: int) -> Image.Image:
    """Line pairs, standing and lying, each under its width in dots."""
    step = (width_dots - 2 * _RULER_DOTS) // len(LINE_DOTS)
    side = (step - 2 * _GAP_DOTS) // 2
    picture = Image.new("L", (width_dots, _LABEL.line_dots + side + 2 * _GAP_DOTS), 255)
    draw = ImageDraw.Draw(picture)
    top = _LABEL.line_dots + _GAP_DOTS // 2
    for index, dots in enumerate(LINE_DOTS):
        left = _RULER_DOTS + index * step
        label = typesetter.line(str(dots), _LABEL, right_to_left=False)
        typesetter.draw(draw, label, left=left, baseline=_LABEL.baseline_dots)
        beside = left + side + _GAP_DOTS // 2
        for start in range(0, side - dots + 1, 2 * dots):
            draw.rectangle((left + start, top, left + start + dots - 1, top + side - 1), fill=0)
            bottom = top + start + dots - 1
            draw.rectangle((beside, top + start, beside + side - 1, bottom), fill=0)
    return one_bit(picture)


def _bar(width_dots: int) -> Image.Image:
    """A black bar over the whole width: a missing dot of the head is a white line through it."""
    picture = Image.new("1", (width_dots, 5 * DOTS_PER_MM), 255)
    bar = (0, 2 * DOTS_PER_MM, width_dots - 1, 4 * DOTS_PER_MM - 1)
    ImageDraw.Draw(picture).rectangle(bar, fill=0)
    return picture

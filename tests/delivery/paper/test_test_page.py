"""The printer's test page: every script, a ruler, thin lines, a QR that a phone reads."""

from __future__ import annotations

import pytest
import zxingcpp
from PIL import ImageChops

from server.delivery.paper import WidthDots
from server.delivery.paper.test_page import QR_TEXT, SPECIMENS
from tests.delivery.paper.tickets import LANGUAGES, WIDTHS, press
from virtual_printer import Decoder

every_width = pytest.mark.parametrize("width_dots", WIDTHS)


@every_width
def test_the_printer_gets_the_page_and_a_phone_reads_its_code(width_dots: WidthDots) -> None:
    decoder = Decoder(width_dots)
    (paper,) = decoder.feed(press().test_page_escpos(width_dots, "hall"))
    assert paper.complete
    assert paper.unknown_commands == ()
    picture = paper.picture()
    drawn = press().test_page(width_dots, "hall")
    assert picture.crop((0, 0, *drawn.size)).tobytes() == drawn.tobytes()
    (code,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert code.text == QR_TEXT


@every_width
def test_the_rulers_have_a_mark_each_millimetre(width_dots: WidthDots) -> None:
    ink = ImageChops.invert(press().test_page(width_dots, "hall"))
    top = [bool(ink.getpixel((left, 2))) for left in range(width_dots)]
    assert [left for left, is_inked in enumerate(top) if is_inked] == [
        *range(0, width_dots, 8),
        width_dots - 1,
    ]
    side = [bool(ink.getpixel((3, row))) for row in range(80, ink.height)]
    marks = {row + 80 for row, is_inked in enumerate(side) if is_inked}
    assert set(range(80, ink.height, 8)) <= marks


def test_every_language_is_on_it_and_has_its_letters() -> None:
    assert tuple(language for language, _ in SPECIMENS) == LANGUAGES
    for _, text in SPECIMENS:
        assert press().missing_glyphs(text) == frozenset()

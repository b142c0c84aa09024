"""Whole tickets: what a printer gets, what a phone reads back, where things stand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
import zxingcpp
from escpos.printer import Dummy
from PIL import Image, ImageChops

from server.delivery.paper import Language, PaperPress, TicketPaper, WidthDots
from server.delivery.paper.encode import raster
from server.delivery.paper.press import PICTURE_HEIGHT_DOTS_MAX
from server.delivery.paper.zellige import zellige_band
from tests.delivery.paper.tickets import (
    FONTS_FOLDER,
    LANGUAGES,
    WIDTHS,
    long_ticket,
    press,
    short_ticket,
    ticket,
)
from virtual_printer import Decoder, Paper

every_language = pytest.mark.parametrize("language", LANGUAGES)
every_width = pytest.mark.parametrize("width_dots", WIDTHS)


def printed(data: bytes, width_dots: WidthDots) -> Paper:
    decoder = Decoder(width_dots)
    papers = decoder.feed(data)
    assert not decoder.hang_up(), "bytes after the cut"
    assert len(papers) == 1
    return papers[0]


def written_lines(words: TicketPaper) -> list[tuple[int, int, int, int]]:
    """Boxes of the lines of ink from top to bottom, without the band and the rows of the QR."""
    picture = press().draw(words)
    (code,) = zxingcpp.read_barcodes(picture.convert("L"))
    ink = ImageChops.invert(picture)
    blank = Image.new("1", (ink.width, code.position.bottom_left.y + 2 - code.position.top_left.y))
    ink.paste(blank, (0, code.position.top_left.y - 1))
    ink.paste(Image.new("1", (ink.width, 72)), (0, 0))
    inked = [
        ink.crop((0, row, ink.width, row + 1)).getbbox() is not None for row in range(ink.height)
    ]
    boxes = []
    for has_ink, group in groupby(range(ink.height), key=inked.__getitem__):
        rows = list(group)
        if has_ink:
            box = ink.crop((0, rows[0], ink.width, rows[-1] + 1)).getbbox()
            assert box is not None
            boxes.append((box[0], rows[0], box[2], rows[-1] + 1))
    return boxes


@every_width
@every_language
@pytest.mark.parametrize("length", [ticket, long_ticket, short_ticket])
def test_a_printer_gets_the_drawn_picture_and_a_phone_reads_the_address(
    length: Callable[[Language, WidthDots], TicketPaper], language: Language, width_dots: WidthDots
) -> None:
    words = length(language, width_dots)
    paper = printed(press().escpos(words), width_dots)
    assert paper.complete
    assert paper.unknown_commands == ()
    picture = paper.picture()
    drawn = press().draw(words)
    assert picture.crop((0, 0, *drawn.size)).tobytes() == drawn.tobytes()
    codes = zxingcpp.read_barcodes(picture.convert("L"))
    assert [(code.text, code.ec_level) for code in codes] == [(words.qr_url, "M")]
    assert drawn.height <= PICTURE_HEIGHT_DOTS_MAX


@every_width
@every_language
def test_qr_modules_are_large_and_the_quiet_zone_is_white(
    language: Language, width_dots: WidthDots
) -> None:
    words = ticket(language, width_dots)
    picture = press().draw(words)
    (code,) = zxingcpp.read_barcodes(picture.convert("L"))
    corners = code.position
    left, top = corners.top_left.x, corners.top_left.y
    right, bottom = corners.bottom_right.x, corners.bottom_right.y
    module_dots = (right - left + 1) / 29  # version 3
    assert module_dots >= (6 if width_dots == 576 else 4)
    zone = round(4 * module_dots) - 1
    around = picture.convert("L").crop((left - zone, top - zone, right + zone, bottom + zone))
    around.paste(255, (zone - 1, zone - 1, around.width - zone + 1, around.height - zone + 1))
    assert around.getextrema() == (255, 255)


@every_width
@every_language
def test_the_number_is_the_largest_thing_written(language: Language, width_dots: WidthDots) -> None:
    heights = sorted(box[3] - box[1] for box in written_lines(short_ticket(language, width_dots)))
    assert heights[-1] >= 2 * heights[-2]
    assert heights[-1] >= (140 if width_dots == 576 else 95)


def test_numbers_are_tabular_so_any_number_stands_where_the_last_stood() -> None:
    boxes = set()
    for number in ("A000", "A789", "A111", "A444"):
        lines = written_lines(replace(short_ticket("en", 576), number=number))
        tallest = max(lines, key=lambda box: box[3] - box[1])
        boxes.add(tallest[0])
    assert len(boxes) == 1


@every_width
def test_arabic_documents_stand_at_the_right_and_french_at_the_left(width_dots: WidthDots) -> None:
    arabic = written_lines(replace(short_ticket("ar", width_dots), documents=("نص",)))[-1]
    french = written_lines(replace(short_ticket("fr", width_dots), documents=("xx",)))[-1]
    assert arabic[0] > width_dots * 0.75
    assert arabic[2] > width_dots * 0.9
    assert french[0] < width_dots * 0.1
    assert french[2] < width_dots * 0.25


@every_language
def test_the_qr_stands_where_reading_ends(language: Language) -> None:
    (code,) = zxingcpp.read_barcodes(press().draw(ticket(language, 576)).convert("L"))
    in_left_half = code.position.bottom_right.x < 288
    assert in_left_half == (language == "ar")


@every_width
def test_the_band_repeats_and_is_faint(width_dots: WidthDots) -> None:
    band = zellige_band(width_dots).convert("L")
    assert band.size == (width_dots, 72)
    first, second = band.crop((0, 0, 48, 72)), band.crop((48, 0, 96, 72))
    assert first.tobytes() == second.tobytes()
    assert 0.04 < band.histogram()[0] / (width_dots * 72) < 0.2
    top = press().draw(ticket("ar", width_dots)).crop((0, 0, width_dots, 72)).convert("L")
    assert top.tobytes() == band.tobytes()


@every_language
def test_what_is_kept_draws_the_same(language: Language) -> None:
    fresh = PaperPress(FONTS_FOLDER)
    for number in ("A012", "B999", "A012"):
        words = replace(ticket(language), number=number)
        assert press().escpos(words) == PaperPress(FONTS_FOLDER).escpos(words)
        assert fresh.draw(words).tobytes() == press().draw(words).tobytes()


def test_raster_bytes_are_those_of_python_escpos() -> None:
    picture = press().draw(long_ticket("ar", 576))
    assert picture.height > 960  # so that it is sent in parts
    theirs = Dummy(profile="TM-T20II")
    theirs.image(picture)
    assert raster(picture) == theirs.output


def test_a_ticket_that_would_never_end_is_refused() -> None:
    wide = "W" * 120
    endless = replace(
        long_ticket("en", 384), documents=(wide,) * 12, footer="W" * 160, service="W" * 80
    )
    with pytest.raises(ValueError, match="too many words"):
        press().draw(endless)


def test_without_fonts_the_press_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ibm-plex-sans-arabic-arabic-400"):
        PaperPress(tmp_path)


def test_the_press_adds_no_log_handler() -> None:
    """python-escpos calls logging.basicConfig() when it is imported."""
    code = """
import logging, pathlib, sys
from server.delivery.paper import PaperPress
PaperPress(pathlib.Path(sys.argv[1]))
sys.exit(len(logging.getLogger().handlers))
"""
    done = subprocess.run([sys.executable, "-c", code, str(FONTS_FOLDER)], timeout=30, check=False)
    assert done.returncode == 0

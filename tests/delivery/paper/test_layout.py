"""A layout on paper: parts appear, are absent, stand in their order; the default is the ticket that always was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import zxingcpp
from PIL import Image, ImageChops

from server.delivery.paper import (
    DEFAULT_LAYOUT,
    Language,
    PaperLayout,
    PaperPress,
    TicketPaper,
    WidthDots,
    words_of,
)
from server.delivery.paper.blocks import blocks_of
from server.delivery.paper.encode import end_of_paper, raster, start_of_paper
from server.delivery.paper.fonts import FontBook
from server.delivery.paper.lines import Typesetter
from server.delivery.paper.sheet import SHEETS, TEXT_SIZE_DOTS_MIN, sized
from server.delivery.paper.strips import StripDrawer
from server.domain.ids import Language as Tongue
from server.domain.paper_layout import SIZED_PARTS, Logo, Part, Size, from_json, to_json
from server.i18n import translate
from server.wire import WaitRange
from tests.delivery.paper.tickets import (
    CODE,
    FONTS_FOLDER,
    LANGUAGES,
    URL,
    WIDTHS,
    long_ticket,
    press,
    short_ticket,
    ticket,
)
from virtual_printer import Decoder

every_language = pytest.mark.parametrize("language", LANGUAGES)
every_width = pytest.mark.parametrize("width_dots", WIDTHS)
LOGO = Logo(
    name="arms.png",
    threshold="otsu",
    width_dots=160,
    height_dots=48,
    ink=bytes(range(0, 240, 12)) * 48,
)
ALL = PaperLayout(parts=tuple(Part), logo=LOGO)
GREETINGS: dict[Language, tuple[str, str, str]] = {
    "ar": ("مرحبا بكم", "المرجو الجلوس، سننادي عليكم برقمكم", "شكرا لزيارتكم"),
    "fr": ("Bienvenue", "Asseyez-vous : votre numéro sera appelé", "Merci de votre visite"),
    "zgh": ("ⴰⵏⵙⵓⴼ ⵢⵉⵙⵡⵏ", "ⵇⵇⵉⵎⴰⵜ ⴰⵔ ⴽⵓⵏ ⵏⵖⵔ", "ⵜⴰⵏⵎⵎⵉⵔⵜ ⵏⵏⵓⵏ"),
    "en": ("Welcome", "Please sit down until you are called", "Thank you for coming"),
}


def full(language: Language, width_dots: WidthDots = 576, layout: PaperLayout = ALL) -> TicketPaper:
    """A ticket with something to say in every part."""
    greeting, notice, farewell = GREETINGS[language]
    return replace(
        ticket(language, width_dots),
        greeting=greeting,
        notice=notice,
        farewell=farewell,
        wait_line="10–15 min",
        layout=layout,
    )


def printed(words: TicketPaper) -> Image.Image:
    """What the virtual printer makes of the bytes."""
    decoder = Decoder(words.width_dots)
    (paper,) = decoder.feed(press().escpos(words))
    assert paper.unknown_commands == ()
    return paper.picture().convert("1")


def place_of(part: Image.Image, whole: Image.Image) -> int | None:
    """The row at which a strip stands in a picture; None when it is not there."""
    row_bytes = whole.width // 8
    at = whole.tobytes().find(part.tobytes())
    return None if at < 0 or at % row_bytes else at // row_bytes


def drawer(language: Language, width_dots: WidthDots) -> StripDrawer:
    typesetter = Typesetter(FontBook(FONTS_FOLDER))
    return StripDrawer(typesetter, SHEETS[width_dots], right_to_left=language == "ar")


@every_width
@every_language
@pytest.mark.parametrize("length", [ticket, long_ticket, short_ticket])
def test_without_a_layout_the_ticket_is_composed_as_ever(
    length: Callable[[Language, WidthDots], TicketPaper], language: Language, width_dots: WidthDots
) -> None:
    """Composed here by hand, strip by strip, as the press did before it knew layouts.

    Since kiosks find a ticket by its code, the code stands below the QR: who cannot show the one types the other.
    """
    words = length(language, width_dots)
    assert words.layout is DEFAULT_LAYOUT
    draw = drawer(language, width_dots)
    now = [(words.ahead_line, draw.sheet.ahead), (words.time_line, draw.sheet.time)]
    strips = [
        draw.head(words.municipality),
        draw.service(words.service),
        draw.caption(words.number_caption),
        draw.number(words.number),
        draw.qr_and_words(
            words.qr_url, [(text, style) for text, style in now if text is not None], []
        ),
    ]
    if words.code is not None:
        strips.append(draw.code(words.code))
    if words.documents:
        strips.append(draw.documents(words.documents_title, words.documents))
    if words.footer is not None:
        strips.append(draw.footer(words.footer))
    by_hand = b"".join([start_of_paper(), *map(raster, strips), end_of_paper()])
    assert press().escpos(words) == by_hand


@every_width
@every_language
def test_every_part_is_on_the_paper_in_its_order(language: Language, width_dots: WidthDots) -> None:
    words = full(language, width_dots)
    picture = printed(words)
    draw = drawer(language, width_dots)
    assert words.greeting
    assert words.notice
    assert words.farewell
    assert words.footer
    strips = [
        draw.ornament(),
        draw.logo(LOGO),
        draw.municipality(words.municipality),
        draw.greeting(words.greeting),
        draw.service(words.service),
        draw.caption(words.number_caption),
        draw.number(words.number),
        draw.code(CODE),
        draw.documents(words.documents_title, words.documents),
        draw.notice(words.notice),
        draw.farewell(words.farewell),
        draw.footer(words.footer),
    ]
    places = [place_of(strip, picture) for strip in strips]
    assert None not in places
    assert places == sorted(places, key=lambda place: place or 0)
    (code,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert code.text == words.qr_url
    assert (places[6] or 0) < code.position.top_left.y < (places[7] or 0), (
        "the code is below the QR"
    )
    for text in (words.greeting, words.notice, words.farewell):
        assert press().missing_glyphs(text) == frozenset()


@every_width
def test_parts_turned_round_are_printed_turned_round(width_dots: WidthDots) -> None:
    layout = replace(ALL, parts=tuple(reversed(Part)))
    words = full("fr", width_dots, layout)
    picture, draw = printed(words), drawer("fr", width_dots)
    (code,) = zxingcpp.read_barcodes(picture.convert("L"))
    footer = place_of(draw.footer(words.footer or ""), picture)
    number = place_of(draw.number(words.number), picture)
    ornament = place_of(draw.ornament(), picture)
    assert footer == 0
    assert number is not None
    assert ornament is not None
    assert footer < code.position.top_left.y < number < ornament


@every_width
@pytest.mark.parametrize("part", [part for part in Part if part is not Part.NUMBER])
def test_a_part_that_is_left_out_leaves_no_gap(part: Part, width_dots: WidthDots) -> None:
    layout = replace(ALL, parts=tuple(each for each in Part if each is not part))
    with_it, without = (printed(full("fr", width_dots, each)) for each in (ALL, layout))
    assert with_it.tobytes() != without.tobytes()
    beside = {Part.AHEAD, Part.WAIT, Part.TIME} if width_dots == 576 else set()
    assert without.height < with_it.height or part in beside
    codes = zxingcpp.read_barcodes(without.convert("L"))
    assert len(codes) == (0 if part is Part.QR else 1)


def test_the_number_alone_is_a_ticket() -> None:
    words = full("fr", 384, PaperLayout(parts=(Part.NUMBER,)))
    assert press().draw(words).tobytes() == drawer("fr", 384).number("A012").tobytes()


@every_width
@every_language
def test_what_has_nothing_to_say_is_as_if_left_out(
    language: Language, width_dots: WidthDots
) -> None:
    silent = replace(
        ticket(language, width_dots),
        layout=replace(DEFAULT_LAYOUT, parts=(*DEFAULT_LAYOUT.parts, Part.GREETING, Part.LOGO)),
    )
    assert press().draw(silent).tobytes() == press().draw(ticket(language, width_dots)).tobytes()


@every_width
def test_the_logo_is_printed_dot_for_dot(width_dots: WidthDots) -> None:
    picture = printed(full("ar", width_dots))
    top = place_of(drawer("ar", width_dots).logo(LOGO), picture)
    assert top is not None
    left = (width_dots - LOGO.width_dots) // 2
    box = (left, top + 14 - 3 * (width_dots == 384), left + 160)
    found = ImageChops.invert(picture).crop((*box[:2], box[2], box[1] + LOGO.height_dots))
    assert found.tobytes() == LOGO.ink


def test_a_logo_wider_than_the_text_is_narrowed() -> None:
    wide = replace(LOGO, width_dots=576, height_dots=64, ink=b"\xff" * 72 * 64)
    strip = drawer("fr", 384).logo(wide)
    box = ImageChops.invert(strip).getbbox()
    assert box is not None
    assert (box[2] - box[0], box[3] - box[1]) == (360, 40)


@every_width
@pytest.mark.parametrize("part", SIZED_PARTS)
def test_sizes_make_parts_smaller_and_larger(part: Part, width_dots: WidthDots) -> None:
    heights = []
    for size in (Size.SMALL, Size.NORMAL, Size.LARGE):
        sizes = ((part, size),) if size is not Size.NORMAL else ()
        sheet = sized(SHEETS[width_dots], sizes)
        if part is Part.QR:
            heights.append(sheet.qr_side_dots)
        else:
            name = "document" if part is Part.DOCUMENTS else part.value
            heights.append(getattr(sheet, name).size_dots)
    assert heights == sorted(heights)
    assert heights[0] < heights[2]
    assert heights[0] >= TEXT_SIZE_DOTS_MIN


@every_width
@every_language
@pytest.mark.parametrize("size", [Size.SMALL, Size.LARGE])
def test_in_every_size_the_code_is_read(
    size: Size, language: Language, width_dots: WidthDots
) -> None:
    layout = replace(ALL, sizes=tuple((part, size) for part in SIZED_PARTS))
    words = full(language, width_dots, layout)
    (code,) = zxingcpp.read_barcodes(printed(words).convert("L"))
    assert code.text == words.qr_url


def test_the_code_is_that_of_the_qr_and_a_layout_from_before_has_none() -> None:
    before = tuple(part for part in DEFAULT_LAYOUT.parts if part is not Part.CODE)
    stored = from_json({**to_json(DEFAULT_LAYOUT), "parts": [*before]})
    assert stored.parts == before
    words = words_of(
        language=Tongue.ARABIC,
        printer_width_dots=576,
        municipality="Berkane",
        service="X",
        documents=(),
        number="A912",
        issued_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        zone="Africa/Casablanca",
        url="HTTPS://NOUBA.EXAMPLE/T/7K3QX9M2PD4W5",
    )
    assert words.code == "7K3Q X9M2 PD4W5"
    with_it, without = (printed(replace(words, layout=each)) for each in (DEFAULT_LAYOUT, stored))
    strip = drawer("ar", 576).code(words.code)
    assert place_of(strip, with_it) is not None
    assert place_of(strip, without) is None


@pytest.mark.parametrize("language", list(Tongue))
def test_offline_the_paper_says_so_in_place_of_the_people_ahead(language: Tongue) -> None:
    online, offline = (
        words_of(
            language=language,
            printer_width_dots=576,
            municipality="Berkane",
            service="X",
            documents=(),
            number="A912",
            issued_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
            zone="Africa/Casablanca",
            url=URL,
            ahead=4,
            wait=WaitRange(p50_seconds=600, p90_seconds=900),
            is_offline=is_offline,
            layout=ALL,
        )
        for is_offline in (False, True)
    )
    assert offline.ahead_line == translate(language.value, "Offline: your place will be confirmed")
    assert offline.wait_line is None
    assert online.wait_line
    assert "10" in online.wait_line
    for line in (offline.ahead_line, online.ahead_line or "", online.wait_line):
        assert press().missing_glyphs(line) == frozenset()
    assert press().draw(offline).tobytes() != press().draw(online).tobytes()


def test_a_narrow_layout_is_narrow_on_a_wide_printer() -> None:
    narrow = PaperLayout(width_mm=58)
    assert [narrow.width_dots(dots) for dots in (384, 576)] == [384, 384]
    assert [DEFAULT_LAYOUT.width_dots(dots) for dots in (384, 576)] == [384, 576]


def test_a_layout_that_makes_a_ticket_too_long_is_left_for_the_default_one() -> None:
    layout = replace(ALL, sizes=((Part.DOCUMENTS, Size.LARGE),))
    words = replace(full("en", 384, layout), documents=("W" * 120,) * 7)
    with pytest.raises(ValueError, match="too many words"):
        press().escpos(words)
    assert press().ticket(words) == press().escpos(replace(words, layout=DEFAULT_LAYOUT))
    assert press().ticket(full("en")) == press().escpos(full("en"))


def test_a_kiosk_draws_tickets_without_a_database() -> None:
    code = """
import sys, server.delivery.paper
sys.exit(any(name in sys.modules for name in ("sqlalchemy", "alembic", "flask", "server.db")))
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


def test_neighbours_of_the_code_are_one_strip() -> None:
    parts = (Part.TIME, Part.NUMBER, Part.AHEAD, Part.QR, Part.WAIT, Part.FOOTER)
    assert blocks_of(parts) == (
        (Part.TIME,),
        (Part.NUMBER,),
        (Part.AHEAD, Part.QR, Part.WAIT),
        (Part.FOOTER,),
    )
    assert blocks_of(DEFAULT_LAYOUT.parts)[0] == (Part.ORNAMENT, Part.MUNICIPALITY)


@every_language
def test_a_kept_layout_prints_what_a_new_press_prints(language: Language) -> None:
    for number in ("A012", "B999"):
        words = replace(full(language), number=number)
        assert press().escpos(words) == PaperPress(FONTS_FOLDER).escpos(words)

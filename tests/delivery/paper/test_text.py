"""Text before it is a ticket: every character has a glyph, Arabic is shaped, order is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unicodedata import bidirectional

import bidi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from server.delivery.paper import Language
from server.delivery.paper.fonts import FontBook, Weight
from server.delivery.paper.lines import Line, Style, Typesetter
from server.delivery.paper.runs import Run, visual_runs
from server.delivery.paper.ticket_paper import QR_URL_CHARACTERS_MAX
from tests.delivery.paper.tickets import (
    FONTS_FOLDER,
    LANGUAGES,
    all_words,
    long_ticket,
    press,
    ticket,
)

STYLE = Style(size_dots=40)
CORPUS: dict[Language, str] = {
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأإئؤةىگپڤڭ ًٌٍَُِّْ ـ،؛؟٪"
    " 0123456789 ٠١٢٣ A012 (·) – — « » “” … / : % + 10–15",
    "fr": "ABCDEFGHIJKLMNOPQRSTUVWXYZ àâäçéèêëîïôöœùûüÿæ ÀÂÇÉÈÊËÎÏÔŒÙÛ"
    " «» ‘’ “” – — … € ° ½ nº · ? ! ; :",
    "zgh": "ⴰⴱⴳⴳⵯⴷⴹⴻⴼⴽⴽⵯⵀⵃⵄⵅⵇⵉⵊⵍⵎⵏⵓⵔⵕⵖⵙⵚⵛⵜⵟⵡⵢⵣⵥ ⵰"
    " A012 0123456789 (·) , . ? ! : ; ɣ ɛ ḍ ḥ ṛ ṣ ṭ ẓ č ǧ",
    "en": "".join(map(chr, range(0x20, 0x7F))) + "£€–—‘’“”…·•×",
}


@pytest.fixture(scope="module")
def fonts() -> FontBook:
    return FontBook(FONTS_FOLDER)


@pytest.fixture(scope="module")
def typesetter(fonts: FontBook) -> Typesetter:
    return Typesetter(fonts)


def drawn(typesetter: Typesetter, line: Line) -> Image.Image:
    picture = Image.new("L", (round(line.width_dots) + 40, 120), 255)
    typesetter.draw(ImageDraw.Draw(picture), line, left=20, baseline=80)
    return picture


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_we_write_has_a_glyph(language: Language) -> None:
    assert press().missing_glyphs(CORPUS[language]) == frozenset()
    for words in (*all_words(ticket(language)), *all_words(long_ticket(language, 384))):
        assert press().missing_glyphs(words) == frozenset()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("weight", list(Weight))
def test_no_piece_of_a_line_draws_notdef(
    fonts: FontBook, typesetter: Typesetter, language: Language, weight: Weight
) -> None:
    """Asked of the font that was chosen for each piece, not of the table that chose it."""
    line = typesetter.line(
        CORPUS[language], Style(size_dots=40, weight=weight), right_to_left=language == "ar"
    )
    for piece in line.pieces:
        font = fonts.font(piece.face.path, 40)
        notdef = bytes(font.getmask("\uffff"))
        for character in piece.text:
            assert bytes(font.getmask(character)) != notdef, f"U+{ord(character):04X}"


def test_what_no_font_holds_is_reported_and_prints_as_a_question_mark(
    typesetter: Typesetter,
) -> None:
    assert press().missing_glyphs("état 漢字 😀") == {"漢", "字", "😀"}
    strange = typesetter.line("漢", STYLE, right_to_left=False)
    plain = typesetter.line("?", STYLE, right_to_left=False)
    assert drawn(typesetter, strange).tobytes() == drawn(typesetter, plain).tobytes()
    assert press().draw(replace(ticket("fr"), service="漢字 😀")).width == 576


def test_letters_and_their_marks_apart_are_the_same_as_together(typesetter: Typesetter) -> None:
    apart = typesetter.line("e\u0301tat", STYLE, right_to_left=False)
    together = typesetter.line("état", STYLE, right_to_left=False)
    assert drawn(typesetter, apart).tobytes() == drawn(typesetter, together).tobytes()


def test_arabic_letters_are_joined(typesetter: Typesetter) -> None:
    """Joined letters are narrower than the same letters kept apart, and leave no white column."""
    joined = typesetter.line("سسس", STYLE, right_to_left=True)
    apart = typesetter.line("س\u200cس\u200cس", STYLE, right_to_left=True)  # ZWNJ forbids joining
    assert joined.width_dots < apart.width_dots * 0.9
    assert white_columns(drawn(typesetter, joined)) == 0
    assert white_columns(drawn(typesetter, apart)) > 0


def test_arabic_runs_from_the_right(typesetter: Typesetter) -> None:
    """The dot of a final ن stands left of the alif that begins the word."""
    word = drawn(typesetter, typesetter.line("ان", STYLE, right_to_left=True))
    alif = drawn(typesetter, typesetter.line("ا", STYLE, right_to_left=True))
    box = dark(alif).getbbox()
    assert box is not None
    stroke = dark(alif).crop(box)
    right_end = dark(word).getbbox()
    assert right_end is not None
    found = dark(word).crop((right_end[2] - stroke.width, box[1], right_end[2], box[3]))
    assert found.tobytes() == stroke.tobytes()


@pytest.mark.parametrize(
    ("text", "right_to_left", "runs"),
    [
        ("رقم A012", True, [("A012", False), ("رقم ", True)]),
        ("رقم \u2066A012\u2069 الآن", True, [(" الآن", True), ("A012", False), ("رقم ", True)]),
        ("\u206610–15\u2069 دقيقة", True, [(" دقيقة", True), ("10–15", False)]),
        ("10–15 دقيقة", True, [(" دقيقة", True), ("15", False), ("–", True), ("10", False)]),
        ("(نص)", True, [("(نص)", True)]),
        ("Guichet الشباك 3", False, [("Guichet ", False), ("3", False), ("الشباك ", True)]),
        (
            "Guichet \u2067الشباك\u2069 3",
            False,
            [("Guichet ", False), ("الشباك", True), (" 3", False)],
        ),
        (
            "a \u2068الشباك 3\u2069 b",
            False,
            [("a ", False), ("3", False), ("الشباك ", True), (" b", False)],
        ),
        ("never closed \u2066x", False, [("never closed ", False), ("x", False)]),
        ("م\u200cم", True, [("م\u200cم", True)]),
        ("", True, []),
    ],
)
def test_runs_stand_in_visual_order(
    text: str, right_to_left: bool, runs: list[tuple[str, bool]]
) -> None:
    found = visual_runs(text, right_to_left=right_to_left)
    assert [(run.text, run.right_to_left) for run in found] == runs


# Brackets are left out: the reference pairs them (UAX #9 N0) and python-bidi's own rules do not.
letters = st.text(alphabet="abc אבג ابت 0129 +-/:,. %$ ·–!\u0301", max_size=24)


@given(text=letters, right_to_left=st.booleans())
def test_order_agrees_with_the_reference_implementation(text: str, right_to_left: bool) -> None:
    """python-bidi also wraps the Rust crate unicode-bidi, which shares no code with what we use."""
    expected = bidi.get_display(text, base_dir="R" if right_to_left else "L")
    assert in_visual_order(visual_runs(text, right_to_left=right_to_left)) == expected


@given(
    text=st.text(
        alphabet=st.characters(exclude_categories=["Cn", "Cs", "Cc", "Zl", "Zp"]), max_size=30
    ),
    right_to_left=st.booleans(),
)
def test_no_text_loses_a_visible_character(text: str, right_to_left: bool) -> None:
    runs = visual_runs(text, right_to_left=right_to_left)
    hidden = {"BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

    def seen(characters: str) -> list[str]:
        return sorted(c for c in characters if bidirectional(c) not in hidden)

    assert seen("".join(run.text for run in runs)) == seen(text)


@given(
    words=st.lists(
        st.sampled_from(["رقم", "A012", "ⴰⵖⵔⵎⴰⵏ", "x" * 60, "·"]), min_size=1, max_size=20
    )
)
def test_lines_are_never_wider_than_asked(typesetter: Typesetter, words: list[str]) -> None:
    for balanced in (True, False):
        lines = typesetter.paragraph(
            " ".join(words), STYLE, width_dots=300, right_to_left=True, balanced=balanced
        )
        assert all(line.width_dots <= 301 for line in lines)


def test_balanced_lines_leave_no_word_alone(typesetter: Typesetter) -> None:
    text = "Gardez ce ticket et scannez-le pour suivre votre tour"
    width = round(typesetter.line(text, STYLE, right_to_left=False).width_dots * 0.9)
    greedy, balanced = (
        typesetter.paragraph(text, STYLE, width_dots=width, right_to_left=False, balanced=balanced)
        for balanced in (False, True)
    )
    assert len(greedy) == len(balanced) == 2
    assert balanced[1].width_dots > 2 * greedy[1].width_dots


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("number", "", "number: empty"),
        ("number", "A00000012", "number: 9 characters, at most 8"),
        ("municipality", "x" * 81, "municipality: 81 characters"),
        ("service", "a\nb", r"service: U\+000A cannot be printed"),
        ("service", "a\ud800", r"service: U\+D800 cannot be printed"),
        ("ahead_line", " ", "ahead_line: empty"),
        ("footer", "x" * 161, "footer: 161 characters"),
        ("documents", ("x",) * 13, "documents: 13, at most 12"),
        ("documents", ("x", "y" * 121), r"documents\[1\]: 121 characters"),
        ("language", "de", "language: 'de' is none of ar, fr, zgh, en"),
        ("width_dots", 512, "width_dots: 512 is none of 384, 576"),
        ("qr_url", "https://a.b", "no place in an upper-case QR address"),
        ("qr_url", "H" * (QR_URL_CHARACTERS_MAX + 1), "qr_url: 121 characters"),
    ],
)
def test_bad_words_are_refused_by_name(field: str, value: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        replace(ticket("fr"), **{field: value})


def dark(picture: Image.Image) -> Image.Image:
    return picture.point([255] * 128 + [0] * 128)


def white_columns(picture: Image.Image) -> int:
    """Columns without ink between the first and the last that have some."""
    ink = dark(picture)
    box = ink.getbbox()
    assert box is not None
    columns = range(box[0], box[2])
    return sum(ink.crop((x, 0, x + 1, ink.height)).getbbox() is None for x in columns)


def in_visual_order(runs: list[Run]) -> str:
    """What the shaper would show, as characters: right-to-left runs reversed."""
    return "".join(run.text[::-1] if run.right_to_left else run.text for run in runs)

"""The sentences of calls: their words for every ticket and desk, and what a person must record to say them all."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.voice import arabic, call, numbers
from server.voice.calls import Phrase, Sentence, at_desk, number, recordable, ticket
from server.voice.numbers import NUMBER_MAX
from server.voice.recordings import fragment_name
from server.voice.rendering import Order, order_of_json

LANGUAGES = ("ar", "fr", "en", "zgh")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DESKS = range(1, 100)
FRAGMENTS_MAX = {"ar": 160, "fr": 150, "en": 160, "zgh": 160}
"""A town hall with every letter and desk: still one sitting at a microphone."""


def words(sentence: Sentence) -> list[str]:
    """Clause by clause, as a listener would write it down."""
    return [" ".join(phrase.words for phrase in clause) for clause in sentence]


def joined(language: str, phrase: Phrase) -> str:
    """Its parts, one after the other, as one hears them."""
    parts = [leaf.words for leaf in phrase.leaves]
    text = " ".join(parts)
    return text.replace(" و ", " و") if language == "ar" else text


@pytest.mark.parametrize(
    ("language", "label", "desk", "said"),
    [
        ("fr", "A012", 3, ["Ticket a douze", "guichet trois"]),
        ("fr", "W271", 21, ["Ticket double vé deux cent soixante et onze", "guichet vingt et un"]),
        ("en", "A012", 3, ["Ticket A twelve", "desk three"]),
        ("en", "B205", 12, ["Ticket B two hundred and five", "desk twelve"]),
        ("ar", "A012", 3, ["التذكرة رقم آ اثنا عشر", "الشباك رقم ثلاثة"]),
        ("ar", "B205", 11, ["التذكرة رقم بي مئتان وخمسة", "الشباك رقم أحد عشر"]),
        ("zgh", "A012", 3, ["ⵜⴰⵡⵔⵉⵇⵜ A 12", "ⵜⴰⵙⵉⵔⴰ 3"]),
    ],
)
def test_a_call_is_said_as_a_person_says_it(
    language: str, label: str, desk: int, said: list[str]
) -> None:
    assert words(call(language, label, desk)) == said


@given(
    st.sampled_from(LANGUAGES),
    st.sampled_from(ALPHABET),
    st.integers(0, NUMBER_MAX),
    st.sampled_from(DESKS),
)
def test_every_call_has_its_words_and_is_made_of_what_is_recorded(
    language: str, letter: str, value: int, desk: int
) -> None:
    sentence = call(language, f"{letter}{value:03d}", desk)
    ((carrier, counted), (where,)) = sentence
    has_words = language in numbers.LETTERS
    said = numbers.number(language, value) if has_words else str(value)
    assert counted.words == said
    named = numbers.letter(language, letter) if has_words else letter
    assert carrier.words.endswith(f" {named}")
    assert where.words.endswith(numbers.number(language, desk) if has_words else str(desk))
    known = {each.words for each in recordable(language, ALPHABET, DESKS)}
    if value:
        leaves = {leaf.words for clause in sentence for each in clause for leaf in each.leaves}
        assert leaves <= known
    if has_words:
        assert joined(language, counted) == said
    if value > 100 and value % 100:
        assert len(counted.parts) == 2, "the hundreds, and the rest"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_person_records_is_little_and_each_has_its_own_file(language: str) -> None:
    found = recordable(language, ALPHABET, DESKS)
    assert len(found) <= FRAGMENTS_MAX[language]
    names = [fragment_name(each.words) for each in found]
    assert all(names)
    assert len(set(names)) == len(names)
    small = recordable(language, "AB", [1, 2])
    assert small[0].words == at_desk(language, 1).parts[0].words, "the most needed first"
    assert [each.words for each in small[2:4]] == [
        ticket(language, each).parts[1].words for each in "AB"
    ]


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_no_two_letters_share_a_name(language: str) -> None:
    """In Arabic E and O, G and J, B and P were written, and so said and recorded, alike."""
    names = [numbers.letter(language, each) for each in ALPHABET]
    assert len(set(names)) == 26
    assert len(set(arabic.LETTERS.values())) == 26


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        (1, "وَاحِد"),
        (2, "اِثْنَان"),
        (3, "ثَلَاثَه"),
        (10, "عَشَرَه"),
        (11, "أَحَدَ عَشَر"),
        (12, "اِثْنَا عَشَر"),
        (13, "ثَلَاثَةَ عَشَر"),
        (20, "عِشْرُون"),
        (21, "وَاحِدٌ وَعِشْرُون"),
        (22, "اِثْنَانِ وَعِشْرُون"),
        (99, "تِسْعَةٌ وَتِسْعُون"),
        (100, "مِئَه"),
        (101, "مِئَةٌ وَ وَاحِد"),
        (200, "مِئَتَان"),
        (212, "مِئَتَانِ وَ اِثْنَا عَشَر"),
        (835, "ثَمَانِمِئَةٍ وَ خَمْسَةٌ وَثَلَاثُون"),
    ],
)
def test_the_engine_is_told_arabic_numbers_with_their_vowels(value: int, spoken: str) -> None:
    """Nominative, the counting form: a label is the name of a number, whatever the case around it."""
    assert arabic.number(value) == spoken
    assert number("ar", value, is_last=True).spoken == spoken


def test_the_vowels_change_no_word() -> None:
    """What is said is what is shown: without its vowels the spoken number is the written one."""
    for value in range(NUMBER_MAX + 1):
        assert _bare(arabic.number(value)) == _bare(numbers.number("ar", value)), value


def _bare(text: str) -> str:
    letters = (each for each in text if not unicodedata.combining(each) and each != " ")
    same = {"ه": "ة", "أ": "ا", "إ": "ا"}
    return "".join(same.get(each, each) for each in letters)


@pytest.mark.parametrize("label", ["", "A12", "a012", "AA12", "A0123", "A٠١٢", "A012\n"])
def test_what_is_no_number_of_a_ticket_is_no_call(label: str) -> None:
    with pytest.raises(ValueError, match="ticket"):
        call("fr", label, 1)


def test_an_order_travels_as_one_line() -> None:
    order = Order(languages=("ar", "zgh"), letters=("A", "B"), desks=(1, 2), numbers_max=20)
    assert "\n" not in order.to_json()
    assert order_of_json(order.to_json()) == order
    assert len(list(order.phrases())) == 2 * (2 + 2 + 20)

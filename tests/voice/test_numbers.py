"""Numbers and letters as people say them, and sentences cut where a speaker pauses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.voice.numbers import LETTERS, NUMBER_MAX, letter, number
from server.voice.splitting import FRAGMENTS_MAX, SENTENCE_LENGTH_MAX, split

SAID = {
    "fr": {0: "zéro", 12: "douze", 21: "vingt et un", 71: "soixante et onze", 80: "quatre-vingt"}
    | {81: "quatre-vingt-un", 95: "quatre-vingt-quinze", 101: "cent un", 999: "neuf cent quatre-vingt-dix-neuf"},
    "ar": {0: "صفر", 3: "ثلاثة", 12: "اثنا عشر", 25: "خمسة وعشرون", 100: "مئة", 205: "مئتان وخمسة"},
    "en": {0: "zero", 13: "thirteen", 42: "forty-two", 110: "one hundred and ten"},
}  # fmt: skip


@pytest.mark.parametrize("language", SAID)
def test_numbers_are_said_as_people_say_them(language: str) -> None:
    assert {value: number(language, value) for value in SAID[language]} == SAID[language]


@pytest.mark.parametrize("language", SAID)
def test_no_two_numbers_sound_alike(language: str) -> None:
    words = [number(language, value) for value in range(NUMBER_MAX + 1)]
    assert len(set(words)) == len(words)
    assert not any(re.search(r"\d", word) for word in words)


@pytest.mark.parametrize("language", SAID)
def test_every_letter_has_a_name(language: str) -> None:
    assert len(LETTERS[language]) == 26
    assert letter("ar", "A") == "آ"
    assert letter("fr", "W") == "double vé"


@pytest.mark.parametrize(
    ("language", "text", "fragments"),
    [
        ("fr", "Votre numéro : A 0 1 2.", ("Votre numéro", "a", "zéro", "un", "deux")),
        ("fr", "Ticket A012, guichet 3", ("Ticket", "a", "douze", "guichet trois")),
        ("ar", "رقمكم: \u2066B 0 0 7\u2069", ("رقمكم", "بي", "صفر", "صفر", "سبعة")),
        ("en", "3 people before you. Done", ("three people before you", "Done")),
        ("ar", "أمامكم ٣ أشخاص", ("أمامكم ثلاثة أشخاص",)),
        ("zgh", "ⵓⵟⵟⵓⵏ ⵏⵏⵓⵏ: A 0 1 2", ("ⵓⵟⵟⵓⵏ ⵏⵏⵓⵏ", "A", "0", "1", "2")),
        ("fr", " … ", ()),
    ],
)
def test_a_sentence_is_cut_where_a_speaker_pauses(
    language: str, text: str, fragments: tuple[str, ...]
) -> None:
    assert split(language, text) == fragments


@given(st.text(max_size=SENTENCE_LENGTH_MAX), st.sampled_from(["ar", "fr", "en", "zgh"]))
def test_any_text_is_split_or_refused(text: str, language: str) -> None:
    try:
        fragments = split(language, text)
    except ValueError:
        return
    assert len(fragments) <= FRAGMENTS_MAX


def test_a_sentence_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="characters"):
        split("fr", "a" * (SENTENCE_LENGTH_MAX + 1))

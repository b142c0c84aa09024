"""The catalogues: every text of pages, paper and errors, in four languages, each in its own script."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from server.i18n import LANGUAGE_NAMES, TRANSLATIONS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"server": ("**.py", "python"), "templates": ("**.html", "jinja2")}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "t": (2,),
    "said": None,
    "translate": (2,),
    "ntranslate": (2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
QUOTED = re.compile(r"“[^”]*”")
"""A command is quoted as it is typed."""
SCRIPTS = {"ar": "ARABIC", "zgh": "TIFINAGH", "fr": "LATIN", "en": "LATIN"}
FOREIGN_WORDS = {
    "Nouba",
    "QR",
    "PNG",
    "Wi-Fi",
    "kiosk",
    "demo",
    "token",
    "nouba",
    "create",
    "role",
    "Esc",
}
"""Names, commands and keys that stay as they are in every language."""


@cache
def wanted() -> frozenset[str]:
    """Every msgid that the sources use, found as `pybabel extract -F babel.cfg` finds it."""
    found = set()
    for folder, method in SOURCES.items():
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, [method], keywords=KEYWORDS):
            found.add(message[0] if isinstance(message, tuple) else message)
    return frozenset(found - {""})


@cache
def catalogue(language: str) -> Catalog:
    """What translators wrote."""
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(message: Message) -> list[str]:
    """The text, or each of its plural forms."""
    text = message.string
    return [text] if isinstance(text, str) else list(text or ())


def test_the_sources_have_texts() -> None:
    assert len(wanted()) > 150
    assert "Your number" in wanted(), "of the paper"
    assert "Call next" in wanted(), "of a template"


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_nothing_is_missing(language: str) -> None:
    known = catalogue(language)
    missing = [
        msgid
        for msgid in sorted(wanted())
        if (message := known.get(msgid)) is None or message.fuzzy or not all(forms(message))
    ]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_nothing_is_left_over(language: str) -> None:
    known = {_id(message) for message in catalogue(language) if message.id}
    assert sorted(known - wanted()) == []


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_placeholders_are_kept(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        asked = set(PLACEHOLDER.findall(_id(message)))
        for form in forms(message):
            # A plural form may say "one person" without the number; nothing may be invented.
            assert set(PLACEHOLDER.findall(form)) <= asked, message.id
            if isinstance(message.id, str):
                assert set(PLACEHOLDER.findall(form)) == asked, message.id


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_each_language_is_in_its_own_script(language: str) -> None:
    for message in catalogue(language):
        for form in forms(message) if message.id else []:
            text = QUOTED.sub(" ", PLACEHOLDER.sub(" ", form))
            words = [word for word in re.findall(r"\w[\w-]*", text) if word not in FOREIGN_WORDS]
            for letter in "".join(words):
                if letter.isalpha():
                    assert SCRIPTS[language] in unicodedata.name(letter), (message.id, form)


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def test_the_list_for_amazigh_readers_is_true() -> None:
    """One row a text, four cells each, and in the words that the pages say."""
    text = (ROOT / "docs" / "amazigh-review.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(set(table)) == len(table), "nothing twice"
    for line in table[2:]:
        where, english, tifinagh, _ = (cell.strip() for cell in line.strip("|").split("|"))
        message = catalogue("zgh").get(english)
        if message is not None and not where.startswith("demo"):
            assert tifinagh in forms(message), english

"""A sentence to the fragments it is spoken in: few enough to be recorded, whole enough to sound like speech.

A sentence is split where a speaker would pause. "A 0 1 2" (single characters) is spelled, one fragment each; "A012" is
said as people call it, "A" and "douze". Other numbers become words inside their sentence.
"""

from __future__ import annotations

import re
import unicodedata

from server.voice import numbers

SENTENCE_LENGTH_MAX = 400
"""Characters; nothing that is spoken here is longer."""
FRAGMENTS_MAX = 40
_INVISIBLE = {0x200B, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Marks of direction: for the eye only."""
_PAUSE = re.compile(r"[.!?;:…,،؛؟()“”«»·\n]+(?=\s|$)|\s[–—·]\s|[()“”«»]")
_SPELLED = re.compile(r"(?<!\S)(?:[A-Z0-9] )+[A-Z0-9](?!\S)|(?<!\S)[A-Z]\d{3}(?!\d)")
_NUMBER = re.compile(r"\d+")


def split(language: str, text: str) -> tuple[str, ...]:
    """The fragments of `text` in the order they are said. Raises ValueError when it is too long."""
    if len(text) > SENTENCE_LENGTH_MAX:
        raise ValueError(f"more than {SENTENCE_LENGTH_MAX} characters")
    plain = _plain(text)
    fragments: list[str] = []
    for clause in _PAUSE.split(plain):
        place = 0
        for spelled in _SPELLED.finditer(clause):
            fragments.append(_said(language, clause[place : spelled.start()]))
            fragments += _spelled(language, spelled.group())
            place = spelled.end()
        fragments.append(_said(language, clause[place:]))
    found = tuple(each for each in fragments if any(map(str.isalnum, each)))
    if len(found) > FRAGMENTS_MAX:
        raise ValueError(f"more than {FRAGMENTS_MAX} fragments")
    return found


def _plain(text: str) -> str:
    """Without marks of direction and control characters, digits as ASCII ones."""
    kept = (each for each in unicodedata.normalize("NFC", text) if ord(each) not in _INVISIBLE)
    return "".join(
        str(unicodedata.digit(each)) if each.isdecimal() else max(each, " ") for each in kept
    )


def _said(language: str, clause: str) -> str:
    text = " ".join(clause.split())
    if language not in numbers.LETTERS:
        return text
    return _NUMBER.sub(lambda found: numbers.number(language, int(found.group())), text)


def _spelled(language: str, text: str) -> list[str]:
    """ "A 0 1 2" character by character, "A012" as a letter and a number."""
    parts = text.split() if " " in text else [text[0], text[1:]]
    if language not in numbers.LETTERS:
        return parts
    return [
        numbers.number(language, int(part)) if part.isdecimal() else numbers.letter(language, part)
        for part in parts
    ]

"""The sentence of a call, "Ticket A twelve, desk three", as phrases that are rendered whole or put together.

A speech engine says a phrase best in one breath; a person records its parts, because they are few and used again:
the words for ticket and desk, the letters, the numbers to 99 and the hundreds. So a phrase names both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.voice import arabic, numbers

LABEL = re.compile(r"([A-Z])([0-9]{3})")
"""How a ticket's number is written."""
_TICKET: Mapping[str, str] = {
    "ar": "التذكرة رقم",
    "fr": "Ticket",
    "en": "Ticket",
    "zgh": "ⵜⴰⵡⵔⵉⵇⵜ",
}
_DESK: Mapping[str, str] = {
    "ar": "الشباك رقم",
    "fr": "guichet",
    "en": "desk",
    "zgh": "ⵜⴰⵙⵉⵔⴰ",
}
_AND: Mapping[str, str] = {"ar": " و", "fr": "", "en": " and", "zgh": " ⴷ"}
"""After the hundreds, before the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """`words` as people write and record them, `spoken` as the engine is told; `parts` make the same when recorded."""

    words: str
    spoken: str
    parts: tuple[Phrase, ...] = ()

    @property
    def leaves(self) -> tuple[Phrase, ...]:
        """What a person records for it."""
        return tuple(leaf for part in self.parts for leaf in part.leaves) or (self,)


Clause = tuple[Phrase, ...]
Sentence = tuple[Clause, ...]
"""Between two clauses a speaker takes breath, between two phrases hardly."""


def call(language: str, label: str, desk: int) -> Sentence:
    """What the hall hears. Raises KeyError for an unknown language, ValueError for what is no ticket's number."""
    found = LABEL.fullmatch(label)
    if found is None:
        raise ValueError(f"{label!r} is no ticket's number")
    return (
        (ticket(language, found[1]), number(language, int(found[2]), is_last=False)),
        (at_desk(language, desk),),
    )


def ticket(language: str, letter: str) -> Phrase:
    """ "Ticket A": more follows, so the engine's voice stays up."""
    carrier = Phrase(words=_TICKET[language], spoken=_spoken_ticket(language))
    named = _letter(language, letter)
    return Phrase(
        words=f"{carrier.words} {named.words}",
        spoken=_open(language, f"{carrier.spoken} {named.spoken}"),
        parts=(carrier, named),
    )


def at_desk(language: str, value: int) -> Phrase:
    """ "Desk three"."""
    word = Phrase(
        words=_DESK[language], spoken=arabic.DESK if language == "ar" else _DESK[language]
    )
    which = number(language, value, is_last=True)
    return Phrase(
        words=f"{word.words} {which.words}",
        spoken=f"{word.spoken} {which.spoken}",
        parts=(word, which),
    )


def number(language: str, value: int, *, is_last: bool) -> Phrase:
    """A number from 0 to 999; above 100 also as its hundreds and the rest."""
    spoken = arabic.number(value) if language == "ar" else _words(language, value)
    count, rest = divmod(value, 100)
    parts: tuple[Phrase, ...] = ()
    if count and rest:
        parts = (_hundreds_and(language, count), number(language, rest, is_last=is_last))
    return Phrase(
        words=_words(language, value),
        spoken=spoken if is_last else _open(language, spoken),
        parts=parts,
    )


def recordable(language: str, letters: Iterable[str], desks: Iterable[int]) -> tuple[Phrase, ...]:
    """What a person records so that every call of a branch can be said, the most needed first."""
    wanted = [
        at_desk(language, 1).parts[0],
        ticket(language, "A").parts[0],
        *(_letter(language, each) for each in sorted(set(letters))),
        *(number(language, each, is_last=True) for each in sorted(set(desks))),
        *(number(language, each, is_last=True) for each in range(1, 101)),
        *(_hundreds_and(language, each) for each in range(1, 10)),
        *(number(language, 100 * each, is_last=True) for each in range(2, 10)),
    ]
    leaves = (leaf for phrase in wanted for leaf in phrase.leaves)
    return tuple({leaf.words: leaf for leaf in leaves}.values())


def rendered(
    language: str, letters: Iterable[str], desks: Iterable[int], number_max: int
) -> tuple[Phrase, ...]:
    """What every call up to `number_max` is put together from, in the order in which a day needs it."""
    return (
        *(at_desk(language, each) for each in sorted(set(desks))),
        *(ticket(language, each) for each in sorted(set(letters))),
        *(number(language, each, is_last=False) for each in range(1, number_max + 1)),
    )


def _letter(language: str, letter: str) -> Phrase:
    if language not in numbers.LETTERS:
        return Phrase(words=letter, spoken=letter)
    words = numbers.letter(language, letter)
    return Phrase(words=words, spoken=arabic.LETTERS[letter] if language == "ar" else words)


def _hundreds_and(language: str, count: int) -> Phrase:
    words = f"{_words(language, 100 * count)}{_AND[language]}"
    return Phrase(words=words, spoken=arabic.hundreds_and(count) if language == "ar" else words)


def _words(language: str, value: int) -> str:
    """Amazigh numbers differ from region to region: whoever records them says theirs, and the file bears digits."""
    return numbers.number(language, value) if language in numbers.LETTERS else str(value)


def _spoken_ticket(language: str) -> str:
    return arabic.TICKET if language == "ar" else _TICKET[language]


def _open(language: str, spoken: str) -> str:
    """With a comma, at which the engine's voice does not fall."""
    return f"{spoken}{'،' if language == 'ar' else ','}"

"""Identifiers and the small words that every layer shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NewType

BranchId = NewType("BranchId", int)
ServiceId = NewType("ServiceId", int)
DeskId = NewType("DeskId", int)
AgentId = NewType("AgentId", int)
DeviceId = NewType("DeviceId", int)
TicketId = NewType("TicketId", str)
"""26 characters, sorted by time of issue (the ULID layout)."""
Secret = NewType("Secret", str)
"""What the QR carries: upper-case, unguessable, the same for the whole life of a ticket."""
Label = NewType("Label", str)
"""What people read and hear: a letter and a number, `A012`."""
Seq = NewType("Seq", int)
"""The version of a branch: the number of its last event."""
SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""What may name a branch in addresses and folders, never a way out of them; and code a service."""


class Language(StrEnum):
    """A language of the pages, the paper and the voice; the value is its BCP 47 tag."""

    ARABIC = "ar"
    FRENCH = "fr"
    AMAZIGH = "zgh"
    ENGLISH = "en"

    @property
    def is_right_to_left(self) -> bool:
        return self is Language.ARABIC


Texts = Mapping[Language, str]
"""One text in several languages. Read it with `in_language`."""


def in_language(texts: Texts, language: Language) -> str:
    """The text in `language`, else in French, else in whichever language exists; never empty-handed.

    Raises ValueError when `texts` is empty.
    """
    if not texts:
        raise ValueError("a text needs at least one language")
    return texts.get(language) or texts.get(Language.FRENCH) or next(iter(texts.values()))

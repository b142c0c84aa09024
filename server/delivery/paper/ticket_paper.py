"""What is written on one ticket, already translated, and how much of it fits on a paper."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

from server.domain.paper_layout import DEFAULT_LAYOUT, PaperLayout

Language = Literal["ar", "fr", "zgh", "en"]
WidthDots = Literal[384, 576]  # 58 mm and 80 mm paper at 203 dpi

RIGHT_TO_LEFT_LANGUAGES = frozenset({"ar"})

NUMBER_CHARACTERS_MAX = 8
CAPTION_CHARACTERS_MAX = 40
CODE_CHARACTERS_MAX = 20
LINE_CHARACTERS_MAX = 80
FOOTER_CHARACTERS_MAX = 160
PARAGRAPH_CHARACTERS_MAX = 160
DOCUMENT_CHARACTERS_MAX = 120
DOCUMENTS_MAX = 12
QR_URL_CHARACTERS_MAX = 120

# QR's alphanumeric mode packs two of these in 11 bits, not 16: fewer, larger modules.
QR_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPaper:
    """The words of one ticket. Raises ValueError, naming the field, for what no paper can hold."""

    language: Language
    width_dots: WidthDots
    municipality: str
    service: str
    number_caption: str
    number: str
    ahead_line: str | None
    time_line: str
    qr_url: str
    documents_title: str | None = None
    documents: tuple[str, ...] = ()
    footer: str | None = None
    wait_line: str | None = None
    greeting: str | None = None
    notice: str | None = None
    farewell: str | None = None
    code: str | None = None
    """What the QR says beside the address, for whoever types it."""
    layout: PaperLayout = DEFAULT_LAYOUT
    """Which of these are printed, in which order and size, and the logo."""

    def __post_init__(self) -> None:
        _check_choice("language", self.language, get_args(Language))
        _check_choice("width_dots", self.width_dots, get_args(WidthDots))
        _check_text("municipality", self.municipality, LINE_CHARACTERS_MAX)
        _check_text("service", self.service, LINE_CHARACTERS_MAX)
        _check_text("number_caption", self.number_caption, CAPTION_CHARACTERS_MAX)
        _check_text("number", self.number, NUMBER_CHARACTERS_MAX)
        _check_optional("ahead_line", self.ahead_line, LINE_CHARACTERS_MAX)
        _check_text("time_line", self.time_line, LINE_CHARACTERS_MAX)
        _check_optional("documents_title", self.documents_title, LINE_CHARACTERS_MAX)
        _check_optional("footer", self.footer, FOOTER_CHARACTERS_MAX)
        _check_optional("wait_line", self.wait_line, LINE_CHARACTERS_MAX)
        _check_optional("code", self.code, CODE_CHARACTERS_MAX)
        _check_optional("greeting", self.greeting, PARAGRAPH_CHARACTERS_MAX)
        _check_optional("notice", self.notice, PARAGRAPH_CHARACTERS_MAX)
        _check_optional("farewell", self.farewell, PARAGRAPH_CHARACTERS_MAX)
        if len(self.documents) > DOCUMENTS_MAX:
            raise ValueError(f"documents: {len(self.documents)}, at most {DOCUMENTS_MAX}")
        for index, document in enumerate(self.documents):
            _check_text(f"documents[{index}]", document, DOCUMENT_CHARACTERS_MAX)
        _check_url(self.qr_url)

    @property
    def right_to_left(self) -> bool:
        return self.language in RIGHT_TO_LEFT_LANGUAGES


def _check_choice(field: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{field}: {value!r} is none of {', '.join(map(str, choices))}")


def _check_optional(field: str, text: str | None, characters_max: int) -> None:
    if text is not None:
        _check_text(field, text, characters_max)


def _check_text(field: str, text: str, characters_max: int) -> None:
    if not text.strip():
        raise ValueError(f"{field}: empty")
    if len(text) > characters_max:
        raise ValueError(f"{field}: {len(text)} characters, at most {characters_max}")
    for character in text:
        # Control characters, and the surrogates that a broken decoder leaves behind.
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise ValueError(f"{field}: U+{ord(character):04X} cannot be printed")


def _check_url(url: str) -> None:
    _check_text("qr_url", url, QR_URL_CHARACTERS_MAX)
    strangers = sorted(set(url) - QR_ALPHANUMERIC)
    if strangers:
        raise ValueError(f"qr_url: {''.join(strangers)!r} has no place in an upper-case QR address")

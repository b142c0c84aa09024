"""Tickets to draw: real words in four languages, and a press with the fonts of the checkout."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from server.delivery.paper import Language, PaperPress, TicketPaper, WidthDots

FONTS_FOLDER: Final = Path(__file__).resolve().parents[3] / "static" / "vendor"
URL: Final = "HTTPS://NOUBA.BERKANE.MA/T/7K3QX9M2PD4W"
CODE: Final = "7K3Q X9M2 PD4W5"
LANGUAGES: Final[tuple[Language, ...]] = ("ar", "fr", "zgh", "en")
WIDTHS: Final[tuple[WidthDots, ...]] = (576, 384)

_ARABIC: Final = TicketPaper(
    language="ar",
    width_dots=576,
    municipality="جماعة بركان",
    service="الحالة المدنية – عقود الازدياد",
    number_caption="رقمكم",
    number="A012",
    ahead_line="أمامكم \u20662\u2069 من الأشخاص (حوالي \u206610–15\u2069 دقيقة)",
    time_line="الإثنين 23 نونبر 2026 · 09:41",
    qr_url=URL,
    code=CODE,
    documents_title="الوثائق المطلوبة",
    documents=(
        "البطاقة الوطنية للتعريف الإلكترونية",
        "دفتر الحالة المدنية (النسخة الأصلية)",
        "طلب موقّع، نموذج \u2066EC-12\u2069",
    ),
    footer="احتفظوا بهذه التذكرة، وامسحوا الرمز لتتبع دوركم",
)
_FRENCH: Final = replace(
    _ARABIC,
    language="fr",
    municipality="Commune de Berkane",
    service="État civil – actes de naissance",
    number_caption="Votre numéro",
    ahead_line="12 personnes avant vous",
    time_line="lundi 23 novembre 2026 · 09:41",
    documents_title="Pièces à fournir",
    documents=(
        "Carte nationale d’identité",
        "Livret d’état civil « original »",
        "œuvre nº 4, 20 €",
    ),
    footer="Gardez ce ticket ; scannez-le pour suivre votre tour",
)
_AMAZIGH: Final = replace(
    _ARABIC,
    language="zgh",
    municipality="ⵜⴰⴳⵔⴰⵡⵜ ⵏ ⴱⵔⴽⴰⵏ",
    service="ⴰⴷⴷⴰⴷ ⴰⵖⵔⵎⴰⵏ",
    number_caption="ⵓⵟⵟⵓⵏ ⵏⵏⵓⵏ",
    ahead_line="12 ⵏ ⵎⵉⴷⴷⵏ ⴷⴰⵜ ⴰⵡⵏ",
    time_line="ⴰⵢⵏⴰⵙ 23 ⵏⵓⵡⴰⵏⴱⵉⵔ 2026 · 09:41",
    documents_title="ⵜⵉⵡⵔⵉⵇⵉⵏ ⵉⵜⵜⵓⵙⵔⴰⵏ",
    documents=("ⵜⴰⴽⴰⵕⴹⴰ ⵜⴰⵏⴰⵎⵓⵔⵜ (CNIE)", "ⴰⴷⵍⵉⵙ ⵏ ⵡⴰⴷⴷⴰⴷ, asekkil ḍ ɣ ṭ"),
    footer="ⵃⴹⵓ ⵜⴰⵡⵔⵉⵇⵜ ⴰⴷ, ⵙⴽⴰⵏⵉ ⵜⵜ ⴰⴼⴰⴷ ⴰⴷ ⵜⴹⴼⵓⵔⴷ ⵜⴰⵡⴰⵍⴰ ⵏⵏⴽ",
)
_ENGLISH: Final = replace(
    _ARABIC,
    language="en",
    municipality="Municipality of Berkane",
    service="Civil status – birth records",
    number_caption="Your number",
    ahead_line="12 persons before you",
    time_line="Monday 23 November 2026 · 09:41",
    documents_title="What to bring",
    documents=("National identity card", "Family booklet (original, and a copy)", "Form EC-12"),
    footer="Keep this ticket; scan it to follow your turn",
)
_TICKETS: Final = {ticket.language: ticket for ticket in (_ARABIC, _FRENCH, _AMAZIGH, _ENGLISH)}


@cache
def press() -> PaperPress:
    return PaperPress(FONTS_FOLDER)


def ticket(language: Language, width_dots: WidthDots = 576) -> TicketPaper:
    return replace(_TICKETS[language], width_dots=width_dots)


def long_ticket(language: Language, width_dots: WidthDots) -> TicketPaper:
    """Every text as long as it may be, in its own words."""
    plain = ticket(language, width_dots)

    def stretched(text: str | None, characters: int) -> str:
        return (f"{text} " * characters)[:characters].strip()

    return replace(
        plain,
        municipality=stretched(plain.municipality, 80),
        service=stretched(plain.service, 80),
        number_caption=stretched(plain.number_caption, 40),
        number="AB123456",
        ahead_line=stretched(plain.ahead_line, 80),
        time_line=stretched(plain.time_line, 80),
        qr_url=(URL * 4)[:120],
        documents_title=stretched(plain.documents_title, 80),
        documents=tuple(stretched(document, 120) for document in plain.documents * 4),
        footer=stretched(plain.footer, 160),
    )


def short_ticket(language: Language, width_dots: WidthDots) -> TicketPaper:
    """Nothing that may be left out."""
    plain = ticket(language, width_dots)
    return replace(
        plain,
        ahead_line=None,
        documents_title=None,
        documents=(),
        footer=None,
        code=None,
        qr_url="HTTP://A/B",
    )


def all_words(paper: TicketPaper) -> list[str]:
    words = [paper.municipality, paper.service, paper.number_caption, paper.number, paper.time_line]
    optional = [paper.ahead_line, paper.documents_title, paper.footer, *paper.documents]
    return words + [word for word in optional if word is not None]

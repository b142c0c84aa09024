"""How the tickets of a branch look on paper: which parts, in which order and size, in which words, under which logo.

A layout travels as plain JSON (`to_json`, `from_json`): to the database and in the catalogue that a kiosk keeps.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from server.domain.ids import Language, Texts

DOTS_PER_MM = 8
"""203 dots an inch."""
WIDTHS_MM = (58, 80)
DOTS_ACROSS: Mapping[int, int] = MappingProxyType({58: 384, 80: 576})
LOGO_WIDTH_MM_MIN = 6
LOGO_WIDTH_MM_MAX = 72
LOGO_HEIGHT_MM_MAX = 40
LOGO_NAME_LENGTH_MAX = 80
OTSU = "otsu"
"""The threshold that parts a picture's own two heaps of grey best (Otsu 1979)."""
_LOGO_DOTS_MAX = LOGO_WIDTH_MM_MAX * DOTS_PER_MM * LOGO_HEIGHT_MM_MAX * DOTS_PER_MM


class Part(StrEnum):
    """One thing on the paper, top to bottom in the order that a layout gives them."""

    ORNAMENT = "ornament"
    LOGO = "logo"
    MUNICIPALITY = "municipality"
    GREETING = "greeting"
    SERVICE = "service"
    CAPTION = "caption"
    NUMBER = "number"
    AHEAD = "ahead"
    WAIT = "wait"
    TIME = "time"
    QR = "qr"
    CODE = "code"
    DOCUMENTS = "documents"
    NOTICE = "notice"
    FAREWELL = "farewell"
    FOOTER = "footer"


class Size(StrEnum):
    """How large a part is drawn."""

    SMALL = "small"
    NORMAL = "normal"
    LARGE = "large"


SIZED_PARTS = tuple(part for part in Part if part not in {Part.ORNAMENT, Part.LOGO})
"""The band always fills the width; the logo has a width of its own."""
TEXT_LENGTHS_MAX: Mapping[Part, int] = MappingProxyType(
    {
        Part.MUNICIPALITY: 80,
        Part.GREETING: 160,
        Part.CAPTION: 40,
        Part.NOTICE: 160,
        Part.FAREWELL: 160,
        Part.FOOTER: 160,
    }
)
"""The parts whose words a layout may bring, and how many characters in one language (as `TicketPaper`)."""
DEFAULT_PARTS = (
    Part.ORNAMENT,
    Part.MUNICIPALITY,
    Part.SERVICE,
    Part.CAPTION,
    Part.NUMBER,
    Part.AHEAD,
    Part.TIME,
    Part.QR,
    Part.CODE,
    Part.DOCUMENTS,
    Part.FOOTER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture of one bit: rows of whole bytes, a set bit is ink.

    `name` and `threshold` (a number or `otsu`) tell of the file it came from: a template may keep the picture by them.
    """

    name: str
    threshold: str
    width_dots: int
    height_dots: int
    ink: bytes

    def __post_init__(self) -> None:
        """Raises ValueError for what no paper can hold."""
        if not 1 <= len(self.name) <= LOGO_NAME_LENGTH_MAX or not _is_line(self.name):
            raise ValueError(f"a logo's name is one line of 1 to {LOGO_NAME_LENGTH_MAX} characters")
        if self.threshold != OTSU and not self.threshold.isdecimal():
            raise ValueError(f"a logo's threshold is a number or {OTSU}")
        width_max = LOGO_WIDTH_MM_MAX * DOTS_PER_MM
        if not 1 <= self.width_dots <= width_max or self.width_dots % DOTS_PER_MM:
            raise ValueError(f"a logo is 1 to {LOGO_WIDTH_MM_MAX} whole millimetres wide")
        if self.height_dots < 1 or self.width_dots * self.height_dots > _LOGO_DOTS_MAX:
            raise ValueError(f"a logo has at most {_LOGO_DOTS_MAX} dots")
        if len(self.ink) != self.width_dots // 8 * self.height_dots:
            raise ValueError("a logo has one bit for each of its dots")

    @property
    def width_mm(self) -> int:
        return self.width_dots // DOTS_PER_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLayout:
    """What an administrator decides about the tickets of a branch. The default is what is printed without one."""

    width_mm: int = 80
    """The widest that is printed; a narrower printer prints narrower."""
    parts: tuple[Part, ...] = DEFAULT_PARTS
    sizes: tuple[tuple[Part, Size], ...] = ()
    """Those that are not normal; a tuple, because drawers are kept by it."""
    texts: Mapping[Part, Texts] = field(default_factory=dict)
    """Words in place of the usual ones; a part and language without any keeps those (or says nothing)."""
    logo: Logo | None = None

    def __post_init__(self) -> None:
        """Raises ValueError, naming what is wrong."""
        if self.width_mm not in WIDTHS_MM:
            raise ValueError("width_mm is 58 or 80")
        if Part.NUMBER not in self.parts:
            raise ValueError("a ticket without its number is none")
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("a part is printed once")
        if any(part not in SIZED_PARTS or size is Size.NORMAL for part, size in self.sizes):
            raise ValueError("sizes: small or large, of a part that has sizes")
        for part, texts in self.texts.items():
            if part not in TEXT_LENGTHS_MAX:
                raise ValueError(f"{part} has no words of its own")
            for text in texts.values():
                problem = text_problem(part, text)
                if problem:
                    raise ValueError(f"{part}: {problem}")

    def text(self, part: Part, language: Language) -> str | None:
        """The words of a part in exactly this language; None when the layout brings none."""
        return self.texts.get(part, {}).get(language)

    def size(self, part: Part) -> Size:
        return dict(self.sizes).get(part, Size.NORMAL)

    def width_dots(self, printer_width_dots: int) -> int:
        """How wide a ticket is drawn for a printer."""
        return min(DOTS_ACROSS[self.width_mm], printer_width_dots)


def with_logo(layout: PaperLayout, logo: Logo | None) -> PaperLayout:
    """The same layout under another logo."""
    return replace(layout, logo=logo)


def text_problem(part: Part, text: str) -> str | None:
    """Why a text cannot be the words of a part; None when it can."""
    if not text.strip():
        return "must not be blank"
    if len(text) > TEXT_LENGTHS_MAX[part]:
        return f"must have at most {TEXT_LENGTHS_MAX[part]} characters, not {len(text)}"
    if not _is_line(text):
        return "must be one line, without control characters"
    return None


def to_json(layout: PaperLayout) -> dict[str, Any]:
    """The layout as JSON's own types; `from_json` reads it back."""
    return {
        "width_mm": layout.width_mm,
        "parts": [part.value for part in layout.parts],
        "sizes": {part.value: size.value for part, size in layout.sizes},
        "texts": {
            part.value: {tag.value: text for tag, text in texts.items()}
            for part, texts in layout.texts.items()
        },
        "logo": logo_to_json(layout.logo) if layout.logo is not None else None,
    }


def from_json(raw: Mapping[str, Any]) -> PaperLayout:
    """A layout from what `to_json` wrote. Raises ValueError for anything else."""
    try:
        return PaperLayout(
            width_mm=raw["width_mm"],
            parts=tuple(Part(part) for part in raw["parts"]),
            sizes=tuple((Part(part), Size(size)) for part, size in raw["sizes"].items()),
            texts={
                Part(part): {Language(tag): text for tag, text in texts.items()}
                for part, texts in raw["texts"].items()
            },
            logo=None if raw["logo"] is None else logo_from_json(raw["logo"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"this is no paper layout: {error!r}") from error


def logo_to_json(logo: Logo) -> dict[str, Any]:
    """A logo as JSON's own types; `logo_from_json` reads it back."""
    return {
        "name": logo.name,
        "threshold": logo.threshold,
        "width_dots": logo.width_dots,
        "height_dots": logo.height_dots,
        "ink": base64.b64encode(logo.ink).decode("ascii"),
    }


def logo_from_json(raw: Mapping[str, Any]) -> Logo:
    """A logo from what `logo_to_json` wrote. Raises ValueError for anything else."""
    try:
        return Logo(
            name=raw["name"],
            threshold=raw["threshold"],
            width_dots=raw["width_dots"],
            height_dots=raw["height_dots"],
            ink=base64.b64decode(raw["ink"], validate=True),
        )
    except (AttributeError, KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"this is no logo: {error!r}") from error


def _is_line(text: str) -> bool:
    return not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in text)


DEFAULT_LAYOUT = PaperLayout()

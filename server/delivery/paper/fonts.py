"""Which font draws which character: Pillow has no font fallback, so we look before we draw."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont, features

FONTS: Final = Path(__file__).resolve().parents[3] / "static" / "vendor" / "fonts"
"""Where set-up installs them."""
PROBE_SIZE_DOTS = 24
FACES_CACHED_MAX = 64
CHARACTERS_CACHED_MAX = 4_096
SUBSTITUTE = "?"

# A noncharacter: no font maps it, so what is drawn for it is .notdef.
_UNMAPPED = "\uffff"


class Weight(Enum):
    REGULAR = 400
    BOLD = 700


# Fontsource splits each family by script; the first file that holds a character draws it. Tifinagh
# comes in one weight only, so bold is the regular with its stems thickened.
_CHAIN: Final = (
    ("ibm-plex-sans-arabic-arabic", frozenset(Weight)),
    ("ibm-plex-sans-arabic-latin", frozenset(Weight)),
    ("ibm-plex-sans-arabic-latin-ext", frozenset(Weight)),
    ("noto-sans-tifinagh-tifinagh", frozenset({Weight.REGULAR})),
    ("noto-sans-latin-ext", frozenset(Weight)),  # ḍ ɣ ṭ …: Amazigh in Latin letters
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One font file, and whether its stems must be thickened to look bold."""

    path: Path
    thickened: bool


class FontBook:
    """The fonts of the paper, found by name anywhere under one folder (`static/vendor`)."""

    def __init__(self, folder: Path) -> None:
        """Raise FileNotFoundError when a font is missing: set-up did not run."""
        if not features.check_feature("raqm"):
            raise RuntimeError("this Pillow has no raqm: Arabic would print reversed and disjoint")
        files = {path.name: path for path in folder.rglob("*.woff2")}
        self._chains = {weight: tuple(_chain(files, weight, folder)) for weight in Weight}
        self.font = lru_cache(maxsize=FACES_CACHED_MAX)(_open)
        self._holds = lru_cache(maxsize=CHARACTERS_CACHED_MAX)(self._draws)

    def face(self, character: str, weight: Weight, *, before: Face | None = None) -> Face:
        """The face that draws this character; `before` when it can, so words stay in one font."""
        if before is not None and self._holds(before, character):
            return before
        face = self._find_face(character, weight)
        assert face is not None, f"U+{ord(character):04X} was not replaced by printable()"
        return face

    def missing_glyphs(self, text: str) -> frozenset[str]:
        """The characters that none of our fonts can draw."""
        composed = unicodedata.normalize("NFC", text)
        return frozenset(
            character
            for character in set(composed)
            if not _is_invisible(character) and self._find_face(character, Weight.REGULAR) is None
        )

    def printable(self, text: str) -> str:
        """The text with "?" for what no font holds: a ticket is never refused for a letter."""
        composed = unicodedata.normalize("NFC", text)
        for character in self.missing_glyphs(composed):
            composed = composed.replace(character, SUBSTITUTE)
        return composed

    def _find_face(self, character: str, weight: Weight) -> Face | None:
        return next((face for face in self._chains[weight] if self._holds(face, character)), None)

    def _draws(self, face: Face, character: str) -> bool:
        # Pillow does not show a font's character map, but it does show what it would draw.
        if _is_invisible(character):
            return True
        font = self.font(face.path, PROBE_SIZE_DOTS)
        return _picture(font, character) != _picture(font, _UNMAPPED)


def _chain(files: dict[str, Path], weight: Weight, folder: Path) -> Iterator[Face]:
    for stem, weights in _CHAIN:
        value = (weight if weight in weights else Weight.REGULAR).value
        name = f"{stem}-{value}-normal.woff2"
        if name not in files:
            raise FileNotFoundError(f"{name} is nowhere under {folder}; run scripts/run once")
        yield Face(path=files[name], thickened=weight not in weights)


def _open(path: Path, size_dots: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_dots, layout_engine=ImageFont.Layout.RAQM)


def _picture(font: ImageFont.FreeTypeFont, character: str) -> tuple[object, ...]:
    mask = font.getmask(character)
    return font.getbbox(character), mask.size, bytes(mask)


def _is_invisible(character: str) -> bool:
    # Joiners, marks of direction and isolates: the shaper obeys them and draws nothing.
    return unicodedata.category(character) == "Cf"

"""Measuring, breaking and drawing lines of mixed scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw

from server.delivery.paper.fonts import Face, FontBook, Weight
from server.delivery.paper.runs import Run, visual_runs

LINES_CACHED_MAX = 2_048

# How much thicker Tifinagh is drawn for bold, in sizes: what Plex's stems gain.
_THICKENING = 0.022

_SOFT_BREAK = (
    " · "  # "Monday 23 November 2026 · 09:41": where a line breaks first, and needs no dot then
)

_ISOLATE_DEPTH = {"\u2066": 1, "\u2067": 1, "\u2068": 1, "\u2069": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How large and how heavy; `leading` is the height of a line in sizes."""

    size_dots: int
    weight: Weight = Weight.REGULAR
    leading: float = 1.42

    @property
    def line_dots(self) -> int:
        return round(self.size_dots * self.leading)

    @property
    def baseline_dots(self) -> int:
        """From the top of the line to its baseline: Arabic hangs lower than Latin."""
        return round(self.size_dots * (0.96 + (self.leading - 1.42) / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text of one direction in one face, with its distance from the line's left end."""

    text: str
    face: Face
    right_to_left: bool
    left_dots: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    pieces: tuple[Piece, ...]
    style: Style
    width_dots: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    text: str
    width_dots: float


class Typesetter:
    """Sets text in a paragraph direction with the fonts of one book."""

    def __init__(self, fonts: FontBook) -> None:
        self._fonts = fonts
        self._kept = lru_cache(maxsize=LINES_CACHED_MAX)(self._set)

    def line(self, text: str, style: Style, *, right_to_left: bool) -> Line:
        """One line, however wide. Kept: the words of one ticket are mostly those of the last."""
        return self._kept(text, style, right_to_left)

    def _set(self, text: str, style: Style, right_to_left: bool) -> Line:  # noqa: FBT001
        pieces: list[Piece] = []
        left = 0.0
        for run in visual_runs(self._fonts.printable(text), right_to_left=right_to_left):
            for face, part in self._faces(run, style.weight):
                pieces.append(
                    Piece(text=part, face=face, right_to_left=run.right_to_left, left_dots=left)
                )
                left += self._length(pieces[-1], style)
        return Line(pieces=tuple(pieces), style=style, width_dots=left)

    def paragraph(
        self, text: str, style: Style, *, width_dots: int, right_to_left: bool, balanced: bool
    ) -> list[Line]:
        """Lines no wider than `width_dots`, broken at " · " first, then at spaces.

        A word is broken only when it alone is too wide. Balanced lines are about equally long: no
        last word stands alone.
        """
        line = self.line(text, style, right_to_left=right_to_left)
        if line.width_dots <= width_dots:
            return [line]
        lines: list[Line] = []
        for part in text.split(_SOFT_BREAK):
            words = list(self._measured_words(part, style, width_dots, right_to_left))
            column: float = width_dots
            if balanced:
                column = _narrowest(words, width_dots, self._space_dots(style))
            lines += [
                self.line(words_of_line, style, right_to_left=right_to_left)
                for words_of_line in _broken(words, column, self._space_dots(style))
            ]
        return lines

    def draw(self, draw: ImageDraw.ImageDraw, line: Line, *, left: float, baseline: float) -> None:
        """Draw in black with the line's left end and its baseline at the given dots."""
        for piece in line.pieces:
            size = line.style.size_dots
            draw.text(
                (left + piece.left_dots, baseline),
                piece.text,
                font=self._fonts.font(piece.face.path, size),
                anchor="ls",
                direction="rtl" if piece.right_to_left else "ltr",
                fill=0,
                stroke_width=size * _THICKENING if piece.face.thickened else 0,
                stroke_fill=0,
            )

    def _measured_words(
        self,
        text: str,
        style: Style,
        width_dots: int,
        right_to_left: bool,  # noqa: FBT001
    ) -> Iterator[Word]:
        # Words are measured once each: a space never joins letters, so widths add up.
        for word in _words(text):
            rest = word
            while rest:
                part = self._fitting_start(rest, style, width_dots, right_to_left)
                width = self.line(part, style, right_to_left=right_to_left).width_dots
                yield Word(text=part, width_dots=width)
                rest = rest[len(part) :]

    def _fitting_start(
        self,
        word: str,
        style: Style,
        width_dots: int,
        right_to_left: bool,  # noqa: FBT001
    ) -> str:
        """As much of the word as fits, at least one character."""
        end = len(word)
        while end > 1:
            if self.line(word[:end], style, right_to_left=right_to_left).width_dots <= width_dots:
                break
            end -= 1
        return word[:end]

    def _space_dots(self, style: Style) -> float:
        return self.line("\u00a0", style, right_to_left=False).width_dots

    def _faces(self, run: Run, weight: Weight) -> list[tuple[Face, str]]:
        """The run's parts of one face each, from left to right."""
        parts: list[tuple[Face, str]] = []
        face: Face | None = None
        for character in run.text:
            chosen = self._fonts.face(character, weight, before=face)
            if parts and chosen == face:
                parts[-1] = (chosen, parts[-1][1] + character)
            else:
                parts.append((chosen, character))
            face = chosen
        return parts[::-1] if run.right_to_left else parts

    def _length(self, piece: Piece, style: Style) -> float:
        font = self._fonts.font(piece.face.path, style.size_dots)
        return font.getlength(piece.text, direction="rtl" if piece.right_to_left else "ltr")


def _words(text: str) -> Iterator[str]:
    """Split at spaces, but not at those within an isolate: it must keep both of its ends."""
    word, depth = "", 0
    for part in re.split("([ \u2066-\u2069])", text):
        depth = max(0, depth + _ISOLATE_DEPTH.get(part, 0))
        if part == " " and depth == 0:
            if word:
                yield word
            word = ""
        else:
            word += part
    if word:
        yield word


def _broken(words: list[Word], width_dots: float, space_dots: float) -> list[str]:
    """As many words on each line as fit."""
    lines: list[str] = []
    room = 0.0
    for word in words:
        needed = space_dots + word.width_dots
        if lines and needed <= room:
            lines[-1] += f" {word.text}"
            room -= needed
        else:
            lines.append(word.text)
            room = width_dots - word.width_dots
    return lines


def _narrowest(words: list[Word], width_dots: int, space_dots: float) -> float:
    """The narrowest column, to four dots, that needs no more lines than the widest."""
    lines = len(_broken(words, width_dots, space_dots))
    fits, too_narrow = float(width_dots), max((word.width_dots for word in words), default=0.0) - 1
    while fits - too_narrow > 4:
        middle = (fits + too_narrow) / 2
        if len(_broken(words, middle, space_dots)) > lines:
            too_narrow = middle
        else:
            fits = middle
    return fits

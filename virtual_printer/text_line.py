"""A line of plain text or bit images, as a printer gathers it before it prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FONT_A_DOTS: Final = (12, 24)
FONT_B_DOTS: Final = (9, 17)
GLYPH_DOTS: Final = (6, 11)  # of Pillow's own bitmap font
LINE_PIECES_MAX = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMode:
    """What `ESC !`, `GS !`, `ESC E`, `ESC M` and `ESC -` set."""

    small_font: bool = False
    bold: bool = False
    underlined: bool = False
    columns: int = 1
    rows: int = 1


class TextLine:
    """Pieces side by side, standing on one line."""

    def __init__(self, width_dots: int) -> None:
        self._width_dots = width_dots
        self._font = ImageFont.load_default_imagefont()
        self._pieces: list[Image.Image] = []
        self._used_dots = 0

    def holds(self, picture: Image.Image) -> bool:
        return (
            self._used_dots + picture.width <= self._width_dots
            and len(self._pieces) < LINE_PIECES_MAX
        )

    def add(self, ink: Image.Image) -> None:
        self._pieces.append(ink)
        self._used_dots += ink.width

    def tab(self, cell_dots: int) -> None:
        """White up to the next eighth column."""
        step = 8 * cell_dots
        width = step - self._used_dots % step
        self.add(Image.new("1", (width, 1)))

    def clear(self) -> None:
        self._pieces.clear()
        self._used_dots = 0

    def picture(self) -> Image.Image | None:
        """The line in ink, cut at the paper's width; None when nothing stands on it."""
        if not self._pieces:
            return None
        width = min(self._used_dots, self._width_dots)
        height = max(piece.height for piece in self._pieces)
        line = Image.new("1", (max(1, width), height))
        left = 0
        for piece in self._pieces:
            line.paste(piece, (left, height - piece.height))
            left += piece.width
        return line

    def character(self, character: str, mode: TextMode) -> Image.Image:
        """One cell in ink."""
        shown = character if character.isprintable() and ord(character) < 256 else "?"
        ink = Image.new("1", GLYPH_DOTS)
        ImageDraw.Draw(ink).text((0, 0), shown, font=self._font, fill=1)
        width, height = FONT_B_DOTS if mode.small_font else FONT_A_DOTS
        cell = ink.resize((width * mode.columns, height * mode.rows), Image.Resampling.NEAREST)
        if mode.bold:
            cell.paste(1, (1, 0), cell.copy())
        if mode.underlined:
            cell.paste(1, (0, cell.height - 2, cell.width, cell.height))
        return cell


def column_image(data: bytes, *, column_bytes: int, widen: int, heighten: int) -> Image.Image:
    """The picture of an `ESC *` bit image: bytes run down each column, then to the right."""
    columns = len(data) // column_bytes
    on_its_side = Image.frombytes("1", (column_bytes * 8, columns), data)
    upright = on_its_side.transpose(Image.Transpose.TRANSPOSE)
    size = (columns * widen, column_bytes * 8 * heighten)
    return upright.resize(size, Image.Resampling.NEAREST)

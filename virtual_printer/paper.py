"""One piece of printed paper, and the roll it is printed on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PIL import Image, ImageChops

DOTS_PER_MM = 8  # 203 dpi
PAPER_HEIGHT_DOTS_MAX = 8_000  # one metre: what is longer is taken off and a new piece begins


class Ending(Enum):
    CUT = "cut"
    TORN = "torn"  # the sender hung up, or the printer was switched off, before it was cut
    RAN_OUT = "ran_out"  # the roll ended
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """`rows` holds one bit for each dot, 1 is ink, `width_dots` / 8 bytes for each row."""

    width_dots: int
    rows: bytes
    byte_count: int
    ending: Ending
    unknown_commands: tuple[tuple[str, int], ...]  # name and how often, for what was not drawn

    @property
    def height_dots(self) -> int:
        return len(self.rows) * 8 // self.width_dots

    @property
    def complete(self) -> bool:
        return self.ending is Ending.CUT

    def picture(self) -> Image.Image:
        """One-bit, black on white."""
        ink = Image.frombytes("1", (self.width_dots, self.height_dots), self.rows)
        return ImageChops.invert(ink)


class Roll:
    """The paper under the print head: rows are added, then it is taken off."""

    def __init__(self, width_dots: int) -> None:
        assert width_dots % 8 == 0
        self.width_dots = width_dots
        self._row_bytes = width_dots // 8
        self._rows = bytearray()
        self._rows_taken_off = 0

    @property
    def rows_printed(self) -> int:
        """Since the printer was switched on."""
        return self._rows_taken_off + self.height_dots

    @property
    def height_dots(self) -> int:
        return len(self._rows) // self._row_bytes

    @property
    def full(self) -> bool:
        return self.height_dots >= PAPER_HEIGHT_DOTS_MAX

    def feed(self, dots: int) -> None:
        """White rows, as many as there is room for."""
        room = PAPER_HEIGHT_DOTS_MAX - self.height_dots
        self._rows += bytes(self._row_bytes * max(0, min(dots, room)))

    def add_row(self, ink: bytes, *, left_dots: int = 0) -> None:
        """One row of dots; what hangs over the right edge is lost, as on a real head."""
        if not self.full:
            bits = int.from_bytes(ink, "big")
            shift = self.width_dots - left_dots - len(ink) * 8
            shifted = bits << shift if shift >= 0 else bits >> -shift
            inside = shifted & ((1 << self.width_dots) - 1)
            self._rows += inside.to_bytes(self._row_bytes, "big")

    def add_picture(self, ink: Image.Image, *, left_dots: int) -> None:
        """A one-bit picture in which 1 is ink."""
        data = ink.tobytes()
        stride = (ink.width + 7) // 8
        for start in range(0, len(data), stride):
            self.add_row(data[start : start + stride], left_dots=left_dots)

    def take_off(self) -> bytes:
        rows = bytes(self._rows)
        self._rows_taken_off += self.height_dots
        self._rows.clear()
        return rows

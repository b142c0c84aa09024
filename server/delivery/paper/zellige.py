"""The star-and-cross band of a zellige wall, as thin lines: the paper's top edge."""

from __future__ import annotations

from math import ceil, cos, pi, sin

from PIL import Image, ImageDraw

STAR_DOTS = 48  # 6 mm: a whole number of stars on both widths of paper
ROWS = 1.5  # the upper row is cut through its middle, as where a wall begins

_OVERSAMPLING = 4  # drawn large, then reduced: slanted lines of one bit stay even
_LINE_DOTS = 1.6
_HALF_COVERED = 128
_INNER_STAR = 0.56
_NOTCH = cos(pi / 4) / cos(pi / 8)  # inner to outer radius of the star that two squares make


def zellige_band(width_dots: int) -> Image.Image:
    """A one-bit band of eight-pointed stars with crosses between them, 1.5 stars high."""
    star = STAR_DOTS * _OVERSAMPLING
    large = Image.new("L", (star * 3, round(star * ROWS)), 255)
    draw = ImageDraw.Draw(large)
    for row in range(ceil(ROWS)):
        for column in range(3):
            centre = (star * (column + 0.5), star * row)
            _outline(draw, centre, star / 2)
            _outline(draw, centre, star / 2 * _INNER_STAR)
            _spokes(draw, centre, star / 2)
    # The middle star has its neighbours' edges, so it repeats without a seam.
    tile = large.crop((star, 0, 2 * star, large.height)).reduce(_OVERSAMPLING)
    tile = tile.point([0] * _HALF_COVERED + [255] * (256 - _HALF_COVERED), "1")
    band = Image.new("1", (width_dots, tile.height))
    for left in range(0, width_dots, STAR_DOTS):
        band.paste(tile, (left, 0))
    return band


def _outline(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float) -> None:
    """The sixteen edges of an eight-pointed star with tips on the axes."""
    corners = [
        _at(centre, radius * (_NOTCH if corner % 2 else 1), corner * pi / 8) for corner in range(16)
    ]
    draw.line([*corners, corners[0]], fill=0, width=_line_width(), joint="curve")


def _spokes(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float) -> None:
    """From the notches of the outer star to those of the inner one."""
    for corner in range(1, 16, 2):
        ends = [_at(centre, radius * _NOTCH * part, corner * pi / 8) for part in (_INNER_STAR, 1)]
        draw.line(ends, fill=0, width=_line_width())


def _at(centre: tuple[float, float], radius: float, angle: float) -> tuple[float, float]:
    return centre[0] + radius * cos(angle), centre[1] + radius * sin(angle)


def _line_width() -> int:
    return round(_LINE_DOTS * _OVERSAMPLING)

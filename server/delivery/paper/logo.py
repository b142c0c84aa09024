"""A picture file to a logo of one bit. It comes from a stranger to this code: everything about it is bounded."""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image, UnidentifiedImageError

from server.domain.paper_layout import DOTS_PER_MM, LOGO_HEIGHT_MM_MAX, OTSU, Logo
from server.domain.paper_template import LogoWish

LOGO_BYTES_MAX: Final = 512 * 1024
LOGO_PIXELS_MAX: Final = 4_000_000
"""Told by the file's header, before a single pixel is decoded: a small file can claim a huge picture."""
FORMATS: Final = ("PNG", "JPEG")
_GREYS: Final = 256


class LogoUnusable(Exception):
    """`message` is a msgid of the catalogues, with `values` for its gaps; `field` is the key of the template."""

    def __init__(self, message: str, *, field: str = "file", **values: str | int) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.field = field
        self.values = values


def _(msgid: str) -> str:
    """Marks a text for the catalogues; it is translated where the language is known."""
    return msgid


def read_logo(data: bytes, wish: LogoWish) -> Logo:
    """The logo in `data`, as wide as the template wants it. Raises LogoUnusable."""
    if len(data) > LOGO_BYTES_MAX:
        raise LogoUnusable(_("is larger than %(most)s KiB"), most=LOGO_BYTES_MAX // 1024)
    grey = _grey(data)
    width = wish.width_mm * DOTS_PER_MM
    height = max(1, round(grey.height * width / grey.width))
    if height > LOGO_HEIGHT_MM_MAX * DOTS_PER_MM:
        message = _("would be higher than %(most)s mm on the paper: make it narrower")
        raise LogoUnusable(message, field="width_mm", most=LOGO_HEIGHT_MM_MAX)
    # Box, not Lanczos: no rings of light around edges, which one bit turns into dirt.
    small = grey.resize((width, height), Image.Resampling.BOX)
    threshold = otsu(small) if wish.threshold == OTSU else int(wish.threshold)
    # In "1", set is white; on paper, a set bit is ink.
    ink = small.point([255 if level < threshold else 0 for level in range(_GREYS)], "1")
    if ink.getbbox() is None:
        message = _("nothing of the picture would be printed: choose a larger threshold")
        raise LogoUnusable(message, field="threshold")
    return Logo(
        name=wish.file,
        threshold=wish.threshold,
        width_dots=width,
        height_dots=height,
        ink=ink.tobytes(),
    )


def otsu(grey: Image.Image) -> int:
    """The level that parts the two heaps of grey best: what is below it is dark (Otsu 1979).

    Maximises the variance between the two; of equally good levels the middle one, as between pure black and white.
    """
    heap = grey.histogram()
    total = sum(heap)
    total_light = sum(level * count for level, count in enumerate(heap))
    dark, dark_light = 0, 0
    best, levels = 0.0, [_GREYS // 2]
    for level in range(1, _GREYS):
        dark += heap[level - 1]
        dark_light += (level - 1) * heap[level - 1]
        light = total - dark
        if dark == 0 or light == 0:
            continue
        apart = dark_light / dark - (total_light - dark_light) / light
        between = dark * light * apart * apart
        if between > best:
            best, levels = between, [level]
        elif between == best:
            levels.append(level)
    return levels[len(levels) // 2]


def _grey(data: bytes) -> Image.Image:
    """The picture on white, in greys. Raises LogoUnusable."""
    try:
        with warnings.catch_warnings():
            # Ours is the smaller bound, and it speaks in our words.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > LOGO_PIXELS_MAX:
            most = LOGO_PIXELS_MAX // 1_000_000
            raise LogoUnusable(_("has more than %(most)s megapixels"), most=most)
        # Sixteen bits of grey have no way of their own to colours.
        coloured = (picture.convert("L") if picture.mode.startswith("I") else picture).convert(
            "RGBA"
        )
    except UnidentifiedImageError as error:
        raise LogoUnusable(_("is no “PNG” or “JPEG” picture")) from error
    except Image.DecompressionBombError as error:
        most = LOGO_PIXELS_MAX // 1_000_000
        raise LogoUnusable(_("has more than %(most)s megapixels"), most=most) from error
    # What Pillow's decoders raise for broken files: no one class covers them.
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise LogoUnusable(_("is damaged")) from error
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("L")

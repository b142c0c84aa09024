"""The press: a ticket's words in, a picture or a printer's bytes out, keeping what stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ParamSpec

from PIL import Image

from server.delivery.paper.encode import end_of_paper, raster, start_of_paper
from server.delivery.paper.fonts import FontBook
from server.delivery.paper.lines import Typesetter
from server.delivery.paper.sheet import SHEETS
from server.delivery.paper.strips import StripDrawer, stacked
from server.delivery.paper.ticket_paper import TicketPaper, WidthDots

PICTURE_HEIGHT_DOTS_MAX = 4_000  # half a metre: more is a mistake, not a ticket
STRIPS_CACHED_MAX = 256  # about 10 KB each with their bytes

P = ParamSpec("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A part of the paper over its full width, drawn and encoded."""

    picture: Image.Image
    data: bytes


class PaperPress:
    """Draws and encodes tickets; built once, with the folder that holds the fonts."""

    def __init__(self, fonts_folder: Path) -> None:
        """Raise FileNotFoundError when a font is missing under the folder."""
        self._fonts = FontBook(fonts_folder)
        self._typesetter = Typesetter(self._fonts)
        self._drawer = lru_cache(maxsize=None)(self._new_drawer)  # two widths, two directions
        self._kept = lru_cache(maxsize=STRIPS_CACHED_MAX)(_strip)
        self._start = start_of_paper()
        self._end = end_of_paper()

    def draw(self, paper: TicketPaper) -> Image.Image:
        """The one-bit picture of a ticket, `paper.width_dots` wide.

        Raises ValueError when the words need more than PICTURE_HEIGHT_DOTS_MAX of paper.
        """
        return stacked([strip.picture for strip in self._strips(paper)], paper.width_dots)

    def escpos(self, paper: TicketPaper) -> bytes:
        """The same picture for a printer: initialise, raster, feed, cut. Raises as `draw`."""
        return b"".join([self._start, *(strip.data for strip in self._strips(paper)), self._end])

    def missing_glyphs(self, text: str) -> frozenset[str]:
        """The characters that would print as "?": what settings pages warn about."""
        return self._fonts.missing_glyphs(text)

    def _strips(self, paper: TicketPaper) -> list[Strip]:
        strips = list(self._parts(paper))
        height = sum(strip.picture.height for strip in strips)
        if height > PICTURE_HEIGHT_DOTS_MAX:
            raise ValueError(
                f"ticket of {height} dots, at most {PICTURE_HEIGHT_DOTS_MAX}: too many words"
            )
        return strips

    def _parts(self, paper: TicketPaper) -> Iterator[Strip]:
        drawer = self._drawer(paper.width_dots, paper.right_to_left)
        yield self._kept(drawer.head, paper.municipality)
        yield self._kept(drawer.service, paper.service)
        yield self._kept(drawer.caption, paper.number_caption)
        # These two are another ticket's next time: keeping them would only push out what stays.
        yield _strip(drawer.number, paper.number)
        yield _strip(drawer.qr_and_words, paper.qr_url, paper.ahead_line, paper.time_line)
        if paper.documents:
            yield self._kept(drawer.documents, paper.documents_title, paper.documents)
        if paper.footer is not None:
            yield self._kept(drawer.footer, paper.footer)

    def _new_drawer(self, width_dots: WidthDots, right_to_left: bool) -> StripDrawer:  # noqa: FBT001
        return StripDrawer(self._typesetter, SHEETS[width_dots], right_to_left=right_to_left)


def _strip(draw: Callable[P, Image.Image], *args: P.args, **kwargs: P.kwargs) -> Strip:
    picture = draw(*args, **kwargs)
    return Strip(picture=picture, data=raster(picture))

"""The press: a ticket's words in, a picture or a printer's bytes out, keeping what stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ParamSpec

from PIL import Image

from server.delivery.paper.blocks import BESIDE_QR, HEAD, blocks_of
from server.delivery.paper.encode import end_of_paper, raster, start_of_paper
from server.delivery.paper.fonts import FontBook
from server.delivery.paper.lines import Typesetter
from server.delivery.paper.sheet import SHEETS, sized
from server.delivery.paper.strips import SetText, StripDrawer, stacked
from server.delivery.paper.test_page import draw_test_page
from server.delivery.paper.ticket_paper import TicketPaper, WidthDots
from server.domain.paper_layout import DEFAULT_LAYOUT, Part, Size

PICTURE_HEIGHT_DOTS_MAX = 4_000  # half a metre: more is a mistake, not a ticket
STRIPS_CACHED_MAX = 256  # about 10 KB each with their bytes
DRAWERS_CACHED_MAX = 32  # two widths, two directions, and the sizes of each branch
_CHANGING = frozenset({Part.NUMBER, Part.CODE, *BESIDE_QR})

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
        self._drawer = lru_cache(maxsize=DRAWERS_CACHED_MAX)(self._new_drawer)
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

    def ticket(self, paper: TicketPaper) -> bytes:
        """As `escpos`, but under the default layout where its own makes the paper too long.

        A service may get more to bring after the layout was looked at; its ticket matters more than its look.
        """
        try:
            return self.escpos(paper)
        except ValueError:
            if paper.layout == DEFAULT_LAYOUT:
                raise
            return self.escpos(replace(paper, layout=DEFAULT_LAYOUT))

    def test_page(self, width_dots: WidthDots, title: str) -> Image.Image:
        """The picture of a page that shows what a printer can do; `title` says which printer it should be."""
        return draw_test_page(self._typesetter, width_dots, title)

    def test_page_escpos(self, width_dots: WidthDots, title: str) -> bytes:
        """The same page for a printer."""
        return b"".join([self._start, raster(self.test_page(width_dots, title)), self._end])

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
        drawer = self._drawer(paper.width_dots, paper.right_to_left, paper.layout.sizes)
        for block in blocks_of(paper.layout.parts):
            if _CHANGING & set(block):
                # Another ticket's next time: keeping these would only push out what stays.
                yield from _changing(drawer, paper, block)
            elif block == HEAD:
                yield self._kept(drawer.head, paper.municipality)
            else:
                (part,) = block
                yield from self._staying(drawer, paper, part)

    def _staying(self, drawer: StripDrawer, paper: TicketPaper, part: Part) -> Iterator[Strip]:
        """A part that the next ticket of this service has too; nothing when there is nothing to say."""
        if part is Part.ORNAMENT:
            yield self._kept(drawer.ornament)
        elif part is Part.LOGO:
            if paper.layout.logo is not None:
                yield self._kept(drawer.logo, paper.layout.logo)
        elif part is Part.DOCUMENTS:
            if paper.documents:
                yield self._kept(drawer.documents, paper.documents_title, paper.documents)
        else:
            draw, text = _words(drawer, paper, part)
            if text is not None:
                yield self._kept(draw, text)

    def _new_drawer(
        self,
        width_dots: WidthDots,
        right_to_left: bool,  # noqa: FBT001
        sizes: tuple[tuple[Part, Size], ...],
    ) -> StripDrawer:
        sheet = sized(SHEETS[width_dots], sizes)
        return StripDrawer(self._typesetter, sheet, right_to_left=right_to_left)


def _words(
    drawer: StripDrawer, paper: TicketPaper, part: Part
) -> tuple[Callable[[str], Image.Image], str | None]:
    """How a part of one text is drawn, and its text."""
    match part:
        case Part.MUNICIPALITY:
            return drawer.municipality, paper.municipality
        case Part.GREETING:
            return drawer.greeting, paper.greeting
        case Part.SERVICE:
            return drawer.service, paper.service
        case Part.CAPTION:
            return drawer.caption, paper.number_caption
        case Part.NOTICE:
            return drawer.notice, paper.notice
        case Part.FAREWELL:
            return drawer.farewell, paper.farewell
        case Part.FOOTER:
            return drawer.footer, paper.footer
        case _:
            raise AssertionError(f"{part} is no part of one text")


def _changing(drawer: StripDrawer, paper: TicketPaper, block: tuple[Part, ...]) -> Iterator[Strip]:
    """The number, the code, or what is true only now with the QR among it."""
    if block == (Part.NUMBER,):
        yield _strip(drawer.number, paper.number)
    elif block == (Part.CODE,):
        if paper.code is not None:
            yield _strip(drawer.code, paper.code)
    elif Part.QR in block:
        place = block.index(Part.QR)
        before = _set_texts(drawer, paper, block[:place])
        yield _strip(
            drawer.qr_and_words, paper.qr_url, before, _set_texts(drawer, paper, block[place:])
        )
    elif words := _set_texts(drawer, paper, block):
        yield _strip(drawer.words, words)


def _set_texts(drawer: StripDrawer, paper: TicketPaper, parts: tuple[Part, ...]) -> list[SetText]:
    """The texts of those among `parts` that have one."""
    found = {
        Part.AHEAD: (paper.ahead_line, drawer.sheet.ahead),
        Part.WAIT: (paper.wait_line, drawer.sheet.wait),
        Part.TIME: (paper.time_line, drawer.sheet.time),
    }
    texts = [found[part] for part in parts if part in found]
    return [(text, style) for text, style in texts if text is not None]


def _strip(draw: Callable[P, Image.Image], *args: P.args, **kwargs: P.kwargs) -> Strip:
    picture = draw(*args, **kwargs)
    return Strip(picture=picture, data=raster(picture))

"""The strips that a ticket is made of, top to bottom: one-bit pictures of the full width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PIL import Image, ImageChops, ImageDraw

from server.delivery.paper.lines import Line, Style, Typesetter
from server.delivery.paper.qr import qr_picture
from server.delivery.paper.sheet import Sheet
from server.delivery.paper.zellige import zellige_band
from server.domain.paper_layout import Logo

Align = Literal["centre", "start"]

# Ink where at least this part of a dot is covered (of 255): a little under half, since heat
# spreads less than a thin stem needs.
INK_COVERAGE_MIN = 112
_TO_ONE_BIT = [0] * (256 - INK_COVERAGE_MIN) + [255] * INK_COVERAGE_MIN

TICK_BOX_DOTS = 18
RULE_DOTS = 2
FRAME_DOTS = 3
NOTICE_PADDING_DOTS = 14
_HALF_INK = [0] * 128 + [255] * 128

SetText = tuple[str, Style]
"""Words and how they are set."""


class StripDrawer:
    """Draws strips for one sheet and one direction of reading."""

    def __init__(self, typesetter: Typesetter, sheet: Sheet, *, right_to_left: bool) -> None:
        self._type = typesetter
        self.sheet = sheet
        self._right_to_left = right_to_left

    def head(self, municipality: str) -> Image.Image:
        """The zellige band and the municipality's name."""
        return stacked([self.ornament(), self.municipality(municipality)], self.sheet.width_dots)

    def ornament(self) -> Image.Image:
        """The zellige band alone."""
        return zellige_band(self.sheet.width_dots)

    def municipality(self, municipality: str) -> Image.Image:
        """Whose ticket it is."""
        return self.text(municipality, self.sheet.municipality, above=self.sheet.gap_dots // 2)

    def logo(self, logo: Logo) -> Image.Image:
        """The logo in the middle, with white above and below; cut at the width of the text."""
        sheet = self.sheet
        ink = Image.frombytes("1", (logo.width_dots, logo.height_dots), logo.ink)
        width = min(ink.width, sheet.text_width_dots // 8 * 8)
        if width < ink.width:
            size = (width, max(1, round(ink.height * width / ink.width)))
            # One bit has no greys to mix: grow them, shrink, and cut again.
            ink = ink.convert("L").resize(size, Image.Resampling.BOX).point(_HALF_INK, "1")
        picture = Image.new("1", (sheet.width_dots, ink.height + 2 * (sheet.gap_dots // 2)), 255)
        place = ((sheet.width_dots - ink.width) // 2, sheet.gap_dots // 2)
        picture.paste(ImageChops.invert(ink), place)
        return picture

    def greeting(self, text: str) -> Image.Image:
        """A word of welcome."""
        return self.text(text, self.sheet.greeting, above=self.sheet.gap_dots // 2)

    def farewell(self, text: str) -> Image.Image:
        """A last word."""
        gap = self.sheet.gap_dots // 2
        return self.text(text, self.sheet.farewell, above=gap, below=gap)

    def notice(self, text: str) -> Image.Image:
        """What everybody must know, in a frame."""
        sheet = self.sheet
        gap = sheet.gap_dots // 2
        lines = self._lines(text, sheet.notice, sheet.text_width_dots - 2 * NOTICE_PADDING_DOTS)
        inner = len(lines) * sheet.notice.line_dots + 2 * NOTICE_PADDING_DOTS
        picture, draw = self._blank(gap + inner + gap)
        right = sheet.width_dots - sheet.margin_dots - 1
        frame = (sheet.margin_dots, gap, right, gap + inner - 1)
        draw.rectangle(frame, outline=0, width=FRAME_DOTS)
        top = gap + NOTICE_PADDING_DOTS
        self._draw_lines(draw, lines, top=top, left=sheet.margin_dots, align="centre")
        return one_bit(picture)

    def text(self, text: str, style: Style, *, above: int = 0, below: int = 0) -> Image.Image:
        """Centred lines with white space above and below."""
        lines = self._lines(text, style, self.sheet.text_width_dots)
        picture, draw = self._blank(above + len(lines) * style.line_dots + below)
        self._draw_lines(draw, lines, top=above, left=self.sheet.margin_dots, align="centre")
        return one_bit(picture)

    def service(self, service: str) -> Image.Image:
        """What the citizen came for."""
        return self.text(service, self.sheet.service, above=self.sheet.gap_dots // 3)

    def caption(self, caption: str) -> Image.Image:
        """The words over the number."""
        return self.text(caption, self.sheet.caption, above=self.sheet.gap_dots)

    def number(self, number: str) -> Image.Image:
        """The number, as large as the style allows and the width holds, close cut."""
        line = self._label(number, self.sheet.number)
        height, baseline = round(line.style.size_dots * 1.04), round(line.style.size_dots * 0.84)
        return self._centred(line, height=height, baseline=baseline)

    def code(self, code: str) -> Image.Image:
        """What the QR says, for whoever types it; its groups run from left to right in every language."""
        line = self._label(code, self.sheet.code)
        height = line.style.line_dots + self.sheet.gap_dots // 2
        return self._centred(line, height=height, baseline=line.style.baseline_dots)

    def words(self, words: Sequence[SetText]) -> Image.Image:
        """What is true only now, below each other: on paper without a QR beside it."""
        return stacked([self.text(*each) for each in words], self.sheet.width_dots)

    def qr_and_words(
        self, url: str, before: Sequence[SetText], after: Sequence[SetText]
    ) -> Image.Image:
        """The QR with its neighbours: beside it on wide paper, above and below it on narrow paper."""
        sheet = self.sheet
        code = qr_picture(
            url, side_dots=sheet.qr_side_dots, module_dots_min=sheet.qr_module_dots_min
        )
        if sheet.qr_beside_text:
            return self._beside(code, [*before, *after])
        above, below = ([self.text(*each) for each in words] for words in (before, after))
        return stacked([*above, code, *below], sheet.width_dots)

    def documents(self, title: str | None, documents: tuple[str, ...]) -> Image.Image:
        """What to bring, as a list to tick off, set from the side where reading starts."""
        sheet = self.sheet
        indent = TICK_BOX_DOTS + 16
        gap = 6
        head = self._lines(title, sheet.documents_title, sheet.text_width_dots) if title else []
        items = [
            self._lines(document, sheet.document, sheet.text_width_dots - indent, balanced=False)
            for document in documents
        ]
        height = (
            RULE_DOTS
            + sheet.gap_dots // 2
            + len(head) * sheet.documents_title.line_dots
            + sum(gap + len(lines) * sheet.document.line_dots for lines in items)
            + sheet.gap_dots
        )
        picture, draw = self._blank(height)
        self._rule(draw, top=0)
        top = RULE_DOTS + sheet.gap_dots // 2
        top = self._draw_lines(draw, head, top=top, left=sheet.margin_dots, align="start")
        left = sheet.margin_dots + (0 if self._right_to_left else indent)
        for lines in items:
            top += gap
            self._tick_box(draw, top=top)
            top = self._draw_lines(
                draw, lines, top=top, left=left, align="start", width=sheet.text_width_dots - indent
            )
        return one_bit(picture)

    def footer(self, text: str) -> Image.Image:
        """A rule and a last word."""
        sheet = self.sheet
        words = self.text(text, sheet.footer, above=sheet.gap_dots // 2, below=sheet.gap_dots // 2)
        draw = ImageDraw.Draw(words)
        self._rule(draw, top=0)
        return words

    def _label(self, text: str, style: Style) -> Line:
        """Letters and digits in one line from left to right, smaller where the width does not hold them."""
        width = self.sheet.text_width_dots
        line = self._type.line(text, style, right_to_left=False)
        if line.width_dots <= width:
            return line
        size = int(style.size_dots * width / line.width_dots)
        return self._type.line(
            text, Style(size_dots=size, weight=style.weight), right_to_left=False
        )

    def _centred(self, line: Line, *, height: int, baseline: int) -> Image.Image:
        picture, draw = self._blank(height)
        left = (self.sheet.width_dots - line.width_dots) / 2
        self._type.draw(draw, line, left=left, baseline=baseline)
        return one_bit(picture)

    def _beside(self, code: Image.Image, words: Sequence[SetText]) -> Image.Image:
        sheet = self.sheet
        gap = sheet.margin_dots
        width = sheet.text_width_dots - code.width
        texts = [self._lines(text, style, width) for text, style in words]
        words_height = sum(line.style.line_dots for lines in texts for line in lines)
        words_height += gap * max(0, len(texts) - 1)
        height = max(code.height, words_height + gap)
        picture, draw = self._blank(height)
        # The quiet zone is white space already: the code's ink ends at the margin of the text.
        code_left = 0 if self._right_to_left else sheet.width_dots - code.width
        picture.paste(code, (code_left, (height - code.height) // 2))
        left = code.width + sheet.margin_dots if self._right_to_left else sheet.margin_dots
        top = (height - words_height) // 2
        for lines in texts:
            top = self._draw_lines(draw, lines, top=top, left=left, align="start", width=width)
            top += gap
        return one_bit(picture)

    def _lines(
        self, text: str, style: Style, width_dots: int, *, balanced: bool = True
    ) -> list[Line]:
        return self._type.paragraph(
            text,
            style,
            width_dots=width_dots,
            right_to_left=self._right_to_left,
            balanced=balanced,
        )

    def _draw_lines(
        self,
        draw: ImageDraw.ImageDraw,
        lines: list[Line],
        *,
        top: int,
        left: int,
        align: Align,
        width: int | None = None,
    ) -> int:
        """Draw the lines in a column and return where the next one would start."""
        column = self.sheet.text_width_dots if width is None else width
        for line in lines:
            room = column - line.width_dots
            start = room if self._right_to_left else 0
            shift = room / 2 if align == "centre" else start
            baseline = top + line.style.baseline_dots
            self._type.draw(draw, line, left=left + shift, baseline=baseline)
            top += line.style.line_dots
        return top

    def _tick_box(self, draw: ImageDraw.ImageDraw, *, top: int) -> None:
        sheet = self.sheet
        left = sheet.margin_dots
        if self._right_to_left:
            left = sheet.width_dots - sheet.margin_dots - TICK_BOX_DOTS
        bottom = top + sheet.document.baseline_dots + 1
        box = (left, bottom - TICK_BOX_DOTS, left + TICK_BOX_DOTS - 1, bottom - 1)
        draw.rectangle(box, outline=0, width=2)

    def _rule(self, draw: ImageDraw.ImageDraw, *, top: int) -> None:
        margin = self.sheet.margin_dots
        right = self.sheet.width_dots - margin - 1
        draw.rectangle((margin, top, right, top + RULE_DOTS - 1), fill=0)

    def _blank(self, height_dots: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        picture = Image.new("L", (self.sheet.width_dots, height_dots), 255)
        return picture, ImageDraw.Draw(picture)


def stacked(strips: list[Image.Image], width_dots: int) -> Image.Image:
    """One picture of the strips below each other, narrower ones centred."""
    height = sum(strip.height for strip in strips)
    picture = Image.new("1", (width_dots, height), 255)
    top = 0
    for strip in strips:
        picture.paste(strip, ((width_dots - strip.width) // 2, top))
        top += strip.height
    return picture


def one_bit(picture: Image.Image) -> Image.Image:
    """Greys to ink or no ink, by how much of a dot is covered."""
    return picture.point(_TO_ONE_BIT, "1")

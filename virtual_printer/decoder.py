"""ESC/POS bytes to paper: pure and incremental, however the bytes are cut up on their way.

Real-time requests (`DLE EOT`) are recognised between commands only: within raster data they are
data, where some real printers take them for a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image

from virtual_printer.commands import (
    DC4,
    DLE,
    EOT,
    ESC,
    FIXED_ARGUMENTS,
    FS,
    GS,
    PREFIXES,
    PULSE_ARGUMENTS,
    name,
)
from virtual_printer.mechanics import Mechanics, Sound
from virtual_printer.paper import Ending, Paper, Roll
from virtual_printer.text_line import FONT_A_DOTS, TextLine, TextMode, column_image

LINE_SPACING_DOTS = 30
BARCODE_BYTES_MAX = 255
TABS_MAX = 32
REQUESTS_KEPT_MAX = 64

_LINE_FEED, _CARRIAGE_RETURN, _TAB, _CANCEL, _FORM_FEED = 0x0A, 0x0D, 0x09, 0x18, 0x0C

_ALIGNMENTS: Final = {0: 0, 1: 1, 2: 2, 48: 0, 49: 1, 50: 2}  # halves of the free room, on the left

# ESC * mode: bytes in a column, and how many dots wide each column is printed.
_BIT_IMAGE_MODES: Final = {0: (1, 2, 3), 1: (1, 1, 3), 32: (3, 2, 1), 33: (3, 1, 1)}

_DOUBLED_BITS: Final = [
    sum(0b11 << 2 * bit for bit in range(8) if value >> bit & 1).to_bytes(2, "big")
    for value in range(256)
]


@dataclass(slots=True, kw_only=True)
class _Raster:
    """What is still to come of a `GS v 0`."""

    row_bytes: int
    rows_left: int
    doubled_width: bool
    doubled_height: bool


class Decoder:
    """The printer's brain; `feed` it bytes and take the papers it finished. What cannot be done now is held."""

    def __init__(self, width_dots: int, mechanics: Mechanics | None = None) -> None:
        self._width_dots = width_dots
        self._mechanics = mechanics or Sound()
        self.bytes_worked = 0
        self._buffer = bytearray()
        self._roll = Roll(width_dots)
        self._line = TextLine(width_dots)
        self._raster: _Raster | None = None
        self._skip_bytes = 0
        self._byte_count = 0
        self._unknown: Counter[str] = Counter()
        self._requests: list[bytes] = []
        self._done: list[Paper] = []
        self._reset()

    def feed(self, data: bytes) -> list[Paper]:
        """The papers that these bytes, and those held before them, finished."""
        self._buffer += data
        while self._buffer and self._mechanics.may_go():
            used = self._step()
            if used == 0:
                break
            self._byte_count += used
            self.bytes_worked += used
            del self._buffer[:used]
            if self._ended is Ending.CUT and not self._mechanics.cut():
                break
            if self._ended is not None or self._roll.full:
                self._take_off(self._ended or Ending.TOO_LONG)
        done, self._done = self._done, []
        return done

    @property
    def bytes_held(self) -> int:
        """Received and not worked through."""
        return len(self._buffer)

    @property
    def rows_printed(self) -> int:
        """Rows of dots since the printer was switched on."""
        return self._roll.rows_printed

    def take_off(self, ending: Ending) -> list[Paper]:
        """Take what hangs out of the printer; what it holds comes out on the paper after it."""
        self._take_off(ending)
        done, self._done = self._done, []
        return done

    def hang_up(self) -> list[Paper]:
        """The sender is gone: what hangs out of the printer uncut is torn off."""
        self._byte_count += len(self._buffer)
        self._buffer.clear()
        self._print_line(feed_dots=0)
        self._take_off(Ending.TORN)
        self._raster, self._skip_bytes = None, 0
        self._reset()
        done, self._done = self._done, []
        return done

    def take_requests(self) -> list[bytes]:
        """The status requests since the last time, as they were sent, oldest first."""
        requests, self._requests = self._requests, []
        return requests

    def _reset(self) -> None:
        self._mode = TextMode()
        self._align = 0
        self._line_spacing_dots = LINE_SPACING_DOTS
        self._ended: Ending | None = None
        self._line.clear()

    def _step(self) -> int:
        """Obey what is at the front of the buffer; how many bytes it took, 0: not all here."""
        if self._skip_bytes:
            used = min(self._skip_bytes, len(self._buffer))
            self._skip_bytes -= used
            return used
        if self._raster is not None:
            return self._raster_row(self._raster)
        if self._buffer[0] in PREFIXES:
            return self._command()
        return self._plain(self._buffer[0])

    def _plain(self, code: int) -> int:
        if code == _LINE_FEED:
            self._print_line(feed_dots=self._line_spacing_dots)
        elif code == _TAB:
            self._line.tab(FONT_A_DOTS[0] * self._mode.columns)
        elif code in (_CANCEL, _FORM_FEED):
            self._line.clear()
        elif code >= 0x20:
            self._add(self._line.character(bytes([code]).decode("cp437"), self._mode))
        elif code not in (0, _CARRIAGE_RETURN):
            self._unknown[name(bytes([code]))] += 1
        return 1

    def _command(self) -> int:
        if len(self._buffer) < 2:
            return 0
        command = bytes(self._buffer[:2])
        long_command = self._LONG.get(command)
        if long_command is not None:
            return long_command(self)
        count = FIXED_ARGUMENTS.get(command)
        if count is None:
            self._unknown[name(command)] += 1
            return 2
        if len(self._buffer) < 2 + count:
            return 0
        obey = self._SHORT.get(command)
        if obey is not None:
            obey(self, bytes(self._buffer[2 : 2 + count]))
        elif command in (DLE + EOT, GS + b"r"):
            self._request(bytes(self._buffer[: 2 + count]))
        return 2 + count

    # ------------------------------------------------------------ commands of fixed length

    def _initialise(self, _: bytes) -> None:
        self._reset()

    def _set_align(self, arguments: bytes) -> None:
        self._align = _ALIGNMENTS.get(arguments[0], 0)

    def _set_print_mode(self, arguments: bytes) -> None:
        bits = arguments[0]
        self._mode = TextMode(
            small_font=bool(bits & 0x01),
            bold=bool(bits & 0x08),
            rows=2 if bits & 0x10 else 1,
            columns=2 if bits & 0x20 else 1,
            underlined=bool(bits & 0x80),
        )

    def _set_size(self, arguments: bytes) -> None:
        columns, rows = (arguments[0] >> 4 & 7) + 1, (arguments[0] & 7) + 1
        self._mode = replace(self._mode, columns=columns, rows=rows)

    def _set_bold(self, arguments: bytes) -> None:
        self._mode = replace(self._mode, bold=bool(arguments[0] & 1))

    def _set_underlined(self, arguments: bytes) -> None:
        self._mode = replace(self._mode, underlined=arguments[0] in (1, 2, 49, 50))

    def _set_font(self, arguments: bytes) -> None:
        self._mode = replace(self._mode, small_font=arguments[0] in (1, 49))

    def _set_line_spacing(self, arguments: bytes) -> None:
        self._line_spacing_dots = arguments[0] if arguments else LINE_SPACING_DOTS

    def _feed_lines(self, arguments: bytes) -> None:
        self._print_line(feed_dots=arguments[0] * self._line_spacing_dots)

    def _feed_dots(self, arguments: bytes) -> None:
        self._print_line(feed_dots=arguments[0])

    def _old_cut(self, _: bytes) -> None:
        self._cut(feed_dots=0)

    # ------------------------------------------------------------ commands that tell their length

    def _start_raster(self) -> int:
        head = self._buffer[:8]
        if len(head) < 3:
            return 0
        if head[2:3] != b"0":
            self._unknown[name(bytes(head[:3]))] += 1
            return 3
        if len(head) < 8:
            return 0
        self._print_line(feed_dots=0)
        self._raster = _Raster(
            row_bytes=head[4] + 256 * head[5],
            rows_left=head[6] + 256 * head[7],
            doubled_width=bool(head[3] & 1),
            doubled_height=bool(head[3] & 2),
        )
        self._end_raster_if_done()
        return 8

    def _raster_row(self, raster: _Raster) -> int:
        if len(self._buffer) < raster.row_bytes:
            return 0
        row = bytes(self._buffer[: raster.row_bytes])
        if raster.doubled_width:
            row = b"".join(_DOUBLED_BITS[value] for value in row)
        left = self._left(len(row) * 8)
        for _ in range(2 if raster.doubled_height else 1):
            self._roll.add_row(row, left_dots=left)
        raster.rows_left -= 1
        self._end_raster_if_done()
        return raster.row_bytes

    def _end_raster_if_done(self) -> None:
        if self._raster and (self._raster.rows_left == 0 or self._raster.row_bytes == 0):
            self._raster = None

    def _cut_variants(self) -> int:
        if len(self._buffer) < 3:
            return 0
        mode = self._buffer[2]
        if mode in (0, 1, 48, 49):
            self._cut(feed_dots=0)
            return 3
        if mode not in (65, 66, 97, 98, 103, 104):
            self._unknown[name(bytes(self._buffer[:3]))] += 1
            return 3
        if len(self._buffer) < 4:
            return 0
        self._cut(feed_dots=self._buffer[3])
        return 4

    def _bit_image(self) -> int:
        if len(self._buffer) < 5:
            return 0
        mode = _BIT_IMAGE_MODES.get(self._buffer[2])
        if mode is None:
            self._unknown[name(bytes(self._buffer[:3]))] += 1
            return 5
        column_bytes, widen, heighten = mode
        end = 5 + column_bytes * (self._buffer[3] + 256 * self._buffer[4])
        if len(self._buffer) < end:
            return 0
        if end > 5:
            data = bytes(self._buffer[5:end])
            self._add(column_image(data, column_bytes=column_bytes, widen=widen, heighten=heighten))
        return end

    def _set_tabs(self) -> int:
        return self._until_zero(start=2, bytes_max=TABS_MAX)

    def _barcode(self) -> int:
        if len(self._buffer) < 4:
            return 0
        if self._buffer[2] <= 6:
            used = self._until_zero(start=3, bytes_max=BARCODE_BYTES_MAX)
        else:
            used = 4 + self._buffer[3] if len(self._buffer) >= 4 + self._buffer[3] else 0
        if used:
            self._unknown[name(bytes(self._buffer[:2]))] += 1
        return used

    def _block(self) -> int:
        """`GS (` and `ESC (`: a function letter, a length, and data that we do not draw."""
        if len(self._buffer) < 5:
            return 0
        self._unknown[name(bytes(self._buffer[:3]))] += 1
        self._skip_bytes = self._buffer[3] + 256 * self._buffer[4]
        return 5

    def _pulse(self) -> int:
        if len(self._buffer) < 3:
            return 0
        end = 3 + PULSE_ARGUMENTS.get(self._buffer[2], 0)
        return end if len(self._buffer) >= end else 0

    def _until_zero(self, *, start: int, bytes_max: int) -> int:
        end = self._buffer.find(0, start, start + bytes_max + 1)
        if end >= 0:
            return end + 1
        return start + bytes_max + 1 if len(self._buffer) > start + bytes_max else 0

    # ------------------------------------------------------------ paper

    def _add(self, ink: Image.Image) -> None:
        if not self._line.holds(ink):
            self._print_line(feed_dots=self._line_spacing_dots)
        self._line.add(ink)

    def _print_line(self, *, feed_dots: int) -> None:
        """Print what stands on the line, then feed; a line is as high as what stands on it."""
        picture = self._line.picture()
        if picture is not None:
            self._roll.add_picture(picture, left_dots=self._left(picture.width))
            feed_dots -= picture.height
        self._line.clear()
        self._roll.feed(feed_dots)

    def _left(self, width_dots: int) -> int:
        return max(0, self._width_dots - width_dots) * self._align // 2

    def _cut(self, *, feed_dots: int) -> None:
        self._print_line(feed_dots=feed_dots)
        self._ended = Ending.CUT

    def _take_off(self, ending: Ending) -> None:
        self._ended = None
        rows = self._roll.take_off()
        if rows:
            paper = Paper(
                width_dots=self._width_dots,
                rows=rows,
                byte_count=self._byte_count,
                ending=ending,
                unknown_commands=tuple(sorted(self._unknown.items())),
            )
            self._done.append(paper)
        self._byte_count = 0
        self._unknown.clear()

    def _request(self, request: bytes) -> None:
        if len(self._requests) < REQUESTS_KEPT_MAX:
            self._requests.append(request)

    _SHORT: Final[dict[bytes, Callable[[Decoder, bytes], None]]] = {
        ESC + b"@": _initialise,
        ESC + b"a": _set_align,
        ESC + b"!": _set_print_mode,
        GS + b"!": _set_size,
        ESC + b"E": _set_bold,
        ESC + b"G": _set_bold,
        ESC + b"-": _set_underlined,
        ESC + b"M": _set_font,
        ESC + b"2": _set_line_spacing,
        ESC + b"3": _set_line_spacing,
        ESC + b"d": _feed_lines,
        ESC + b"J": _feed_dots,
        ESC + b"i": _old_cut,
        ESC + b"m": _old_cut,
    }
    _LONG: Final[dict[bytes, Callable[[Decoder], int]]] = {
        GS + b"v": _start_raster,
        GS + b"V": _cut_variants,
        GS + b"k": _barcode,
        GS + b"(": _block,
        FS + b"(": _block,
        ESC + b"(": _block,
        ESC + b"*": _bit_image,
        ESC + b"D": _set_tabs,
        DLE + DC4: _pulse,
    }

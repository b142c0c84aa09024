"""The decoder against python-escpos, every way of cutting bytes up, and nonsense."""

from __future__ import annotations

import itertools

import pytest
from escpos.printer import Dummy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from virtual_printer import Decoder, Ending, Paper
from virtual_printer.paper import PAPER_HEIGHT_DOTS_MAX

WIDTH_DOTS = 384
CUT = b"\x1dV\x00"


def decoded(data: bytes, *, hang_up: bool = True) -> list[Paper]:
    decoder = Decoder(WIDTH_DOTS)
    return decoder.feed(data) + (decoder.hang_up() if hang_up else [])


def raster(width_bytes: int, rows: int, fill: int = 0xFF, mode: int = 0) -> bytes:
    size = width_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little")
    return b"\x1dv0" + bytes([mode]) + size + bytes([fill]) * (width_bytes * rows)


def drawing(width: int, height: int) -> Image.Image:
    picture = Image.new("1", (width, height), 255)
    ImageDraw.Draw(picture).ellipse((3, 3, width - 20, height - 5), fill=0)
    ImageDraw.Draw(picture).line((0, 0, width, height), fill=0, width=3)
    return picture


def ink_box(paper: Paper) -> tuple[int, int, int, int] | None:
    return ImageChops.invert(paper.picture()).getbbox()


@pytest.mark.parametrize("way", ["bitImageRaster", "bitImageColumn"])
def test_pictures_of_python_escpos_come_out_as_they_went_in(way: str) -> None:
    picture = drawing(384, 192)
    printer = Dummy(profile="TM-T20II")
    printer.hw("INIT")
    printer.image(picture, impl=way)
    printer.cut(mode="FULL", feed=True)
    (paper,) = decoded(printer.output)
    assert paper.ending is Ending.CUT
    assert paper.unknown_commands == ()
    assert paper.byte_count == len(printer.output)
    assert paper.picture().crop((0, 0, 384, 192)).tobytes() == picture.tobytes()


def test_text_of_python_escpos_is_ink_and_nothing_is_unknown() -> None:
    printer = Dummy(profile="TM-T20II")
    printer.hw("INIT")
    printer.set(align="center", bold=True, underline=1, double_height=True, double_width=True)
    printer.textln("Nouba é")
    printer.set_with_default()
    printer.textln("x" * 100)
    printer.cashdraw(2)
    printer.cut()
    (paper,) = decoded(printer.output)
    assert paper.unknown_commands == ()
    assert ink_box(paper) is not None
    assert paper.height_dots >= 48 + 4 * 30


def test_a_cut_ends_a_paper_and_the_next_begins_clean() -> None:
    one, two = decoded(raster(48, 10) + CUT + raster(48, 5) + b"\x1bi")
    assert (one.height_dots, two.height_dots) == (10, 5)
    assert one.byte_count == 8 + 480 + 3


@pytest.mark.parametrize(
    ("cut", "fed_dots"),
    [(b"\x1dV\x00", 0), (b"\x1dV1", 0), (b"\x1dVB\x00", 0), (b"\x1dVA\x28", 40), (b"\x1bm", 0)],
)
def test_every_cut_is_a_cut(cut: bytes, fed_dots: int) -> None:
    (paper,) = decoded(raster(48, 10) + cut, hang_up=False)
    assert paper.height_dots == 10 + fed_dots


@pytest.mark.parametrize(
    ("feed", "dots"),
    [(b"\n", 30), (b"\x1bd\x04", 120), (b"\x1bJ\x15", 21), (b"\x1b3\x0a\n\x1b2\n", 40)],
)
def test_feeds(feed: bytes, dots: int) -> None:
    (paper,) = decoded(raster(48, 1) + feed + CUT)
    assert paper.height_dots == 1 + dots


@pytest.mark.parametrize(("align", "left"), [(b"\x00", 0), (b"\x01", 152), (b"2", 304)])
def test_alignment(align: bytes, left: int) -> None:
    (paper,) = decoded(b"\x1ba" + align + raster(10, 4) + CUT)
    assert ink_box(paper) == (left, 0, left + 80, 4)


def test_doubled_rasters() -> None:
    (paper,) = decoded(raster(10, 4, mode=3) + CUT)
    assert ink_box(paper) == (0, 0, 160, 8)


def test_what_hangs_over_the_edge_is_lost() -> None:
    (paper,) = decoded(raster(60, 2) + CUT)
    assert ink_box(paper) == (0, 0, WIDTH_DOTS, 2)


def test_a_sender_that_hangs_up_leaves_a_torn_paper() -> None:
    whole = raster(48, 100) + CUT
    (paper,) = decoded(whole[: 8 + 48 * 40 + 7])
    assert paper.ending is Ending.TORN
    assert not paper.complete
    assert paper.height_dots == 40
    assert paper.byte_count == 8 + 48 * 40 + 7


def test_nothing_printed_is_no_paper() -> None:
    assert decoded(b"\x1b@") == []
    assert decoded(b"\x10\x04\x01") == []


def test_unknown_commands_are_counted_by_name_and_the_rest_still_prints() -> None:
    (paper,) = decoded(b"\x1b\x01\x1b\x01\x1dv9\x07" + raster(48, 3) + b"\x1d(k\x03\x00abc" + CUT)
    assert dict(paper.unknown_commands) == {"ESC 0x01": 2, "GS v 9": 1, "0x07": 1, "GS ( k": 1}
    assert paper.height_dots == 3


def test_status_requests_are_taken_between_commands_but_not_from_a_raster() -> None:
    decoder = Decoder(WIDTH_DOTS)
    decoder.feed(b"\x10\x04\x01\x10\x04")
    assert decoder.take_requests() == [b"\x10\x04\x01"]
    decoder.feed(b"\x04" + b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01\x1dr\x01")
    assert decoder.take_requests() == [b"\x10\x04\x04", b"\x1dr\x01"]


def test_endless_paper_is_cut_into_metres() -> None:
    papers = decoded(raster(48, 60_000, fill=1) + b"\x1bd\xff" * 40)
    assert {paper.ending for paper in papers[:-1]} == {Ending.TOO_LONG}
    assert max(paper.height_dots for paper in papers) == PAPER_HEIGHT_DOTS_MAX


COMMANDS = st.one_of(
    st.sampled_from(
        [
            *(b"\x1b@", b"\n", b"\r", b"\t", b"\x18", CUT, b"\x1dVB\x10", b"\x1bi"),
            *(b"\x1ba\x01", b"\x1b!\x38", b"\x1d!\x11", b"\x1bE\x01", b"\x1b3\x05", b"\x1b2"),
            *(b"\x10\x04\x01", b"\x1dr\x01", b"\x10\x14\x01\x00\x02", b"\x10\x05\x01"),
            *(b"\x1dk\x04ABC\x00", b"\x1dkI\x03ABC", b"\x1d(L\x02\x00xx", b"\x1bD\x08\x10\x00"),
            *(b"\x1b*\x21\x02\x00abcdef", b"\x1b*\x00\x03\x00abc", b"\x1b*\x05\x03\x00abc"),
            *(raster(3, 4, 0xA5), raster(48, 2), raster(2, 3, 0x0F, mode=3), raster(0, 9)),
            *(raster(9, 0), "Arabic? é".encode("cp437"), b"x" * 60),
        ]
    ),
    st.binary(max_size=12),
)


@settings(deadline=None)
@given(pieces=st.lists(COMMANDS, max_size=12), cuts=st.lists(st.integers(0, 600), max_size=12))
def test_however_the_bytes_are_split_the_papers_are_the_same(
    pieces: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(pieces)
    whole = Decoder(WIDTH_DOTS)
    expected = whole.feed(data) + whole.hang_up()
    parts = Decoder(WIDTH_DOTS)
    found: list[Paper] = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in itertools.pairwise(edges):
        found += parts.feed(data[start:end])
    found += parts.hang_up()
    assert found == expected
    assert parts.take_requests() == whole.take_requests()


@settings(deadline=None)
@given(data=st.binary(max_size=2_000))
def test_nonsense_never_stops_the_printer(data: bytes) -> None:
    decoder = Decoder(WIDTH_DOTS)
    decoder.feed(data)
    decoder.hang_up()
    papers = decoder.feed(b"\x1b@" + raster(48, 7) + CUT)
    assert [paper.height_dots for paper in papers] == [7]

"""Jobs cut into pieces print what they would have printed whole."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from server.delivery.channels.pieces import BAND_BYTES_MAX, pieces, rows_of
from virtual_printer import Decoder, Paper

HEAD, TAIL = b"\x1b@", b"\x1bd\x06\x1dV\x01"
REAL_TIME = re.compile(rb"\x10[\x04\x05\x14]")


def raster(row_bytes: int, picture: bytes) -> bytes:
    rows = len(picture) // row_bytes
    size = row_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little")
    return b"\x1dv0\x00" + size + picture[: rows * row_bytes]


def printed(data: bytes) -> list[Paper]:
    return Decoder(576).feed(data)


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 48, 72]), st.binary(min_size=72, max_size=6_000)),
        min_size=1,
        max_size=3,
    )
)
def test_bands_abut(pictures: list[tuple[int, bytes]]) -> None:
    rasters = [raster(row_bytes, REAL_TIME.sub(b"\x10\xff", data)) for row_bytes, data in pictures]
    job = HEAD + b"".join(rasters) + TAIL
    cut = pieces(job)
    assert (cut.head, cut.tail) == (HEAD, TAIL)
    assert all(len(band) <= BAND_BYTES_MAX + 8 for band in cut.ink)
    (whole,), (banded,) = printed(job), printed(b"".join([cut.head, *cut.ink, cut.tail]))
    assert whole.rows == banded.rows
    assert sum(map(rows_of, cut.ink)) == sum(len(each) // size for size, each in pictures)


@given(st.binary(max_size=400))
def test_no_picture_looks_like_a_question(noise: bytes) -> None:
    picture = b"\x10\x04\x01" + noise + b"\x10\x05\x01\x10\x14\x08" + bytes(72)
    cut = pieces(HEAD + raster(72, picture) + TAIL)
    assert not REAL_TIME.search(b"".join(band[8:] for band in cut.ink))
    assert b"\x10\x0c\x01" in cut.ink[0], "one dot more"


@given(st.binary(max_size=600))
def test_what_is_not_understood_is_sent_as_it_is(data: bytes) -> None:
    cut = pieces(data)
    if b"\x1dv0" not in data:
        assert cut.head + b"".join(cut.ink) + cut.tail == data


def test_a_picture_that_lacks_rows_is_not_cut() -> None:
    data = HEAD + raster(72, bytes(720))[:-10] + TAIL
    cut = pieces(data)
    assert cut.head + b"".join(cut.ink) + cut.tail == data

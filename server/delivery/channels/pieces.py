"""Cuts a job into pieces between which a printer may be asked how it is.

A question inside raster data is data, and raster data may look like a question. So pictures travel in
bands, each a command of its own, and a pair of bytes that some printers obey even inside a picture gets
one dot more. On paper nothing changes: bands abut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

BAND_BYTES_MAX = 1_800
"""Two bands fit into the 4 KB that the smallest printers hold: a question is heard even when paper is out."""

BROKEN_BAND: Final = bytes(BAND_BYTES_MAX)
"""Fills up a picture that was broken off, in white; between commands a printer ignores it."""

_RASTER: Final = b"\x1dv0"
_HEAD_BYTES = 8
_REAL_TIME: Final = re.compile(rb"\x10([\x04\x05\x14])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A job in order: what sets the printer up, the ink in bands, and what feeds and cuts."""

    head: bytes
    ink: tuple[bytes, ...]
    tail: bytes


def pieces(data: bytes) -> Pieces:
    """Cut at the pictures' commands; a job without pictures is one band of ink, whole."""
    start = data.find(_RASTER)
    if start < 0:
        return Pieces(head=b"", ink=(data,) if data else (), tail=b"")
    bands: list[bytes] = []
    at = start
    while data.startswith(_RASTER, at) and len(data) >= at + _HEAD_BYTES:
        row_bytes = int.from_bytes(data[at + 4 : at + 6], "little")
        rows = int.from_bytes(data[at + 6 : at + 8], "little")
        end = at + _HEAD_BYTES + row_bytes * rows
        if row_bytes == 0 or end > len(data):
            break
        bands += _bands(data[at:end], row_bytes)
        at = end
    if _RASTER in data[at:]:
        # Not the press' own bytes: what cannot be cut safely is not cut.
        return Pieces(head=data[:start], ink=(*bands, data[at:]), tail=b"")
    return Pieces(head=data[:start], ink=tuple(bands), tail=data[at:])


def rows_of(band: bytes) -> int:
    """How many rows of dots a band prints; 0 when it is no picture."""
    return int.from_bytes(band[6:8], "little") if band.startswith(_RASTER) else 0


def _bands(command: bytes, row_bytes: int) -> list[bytes]:
    head, picture = command[:4], command[_HEAD_BYTES:]
    rows_max = max(1, BAND_BYTES_MAX // row_bytes)
    step = rows_max * row_bytes
    bands = []
    for top in range(0, len(picture), step):
        part = picture[top : top + step]
        size = row_bytes.to_bytes(2, "little") + (len(part) // row_bytes).to_bytes(2, "little")
        bands.append(head + size + _REAL_TIME.sub(_one_dot_more, part))
    return bands


def _one_dot_more(found: re.Match[bytes]) -> bytes:
    return b"\x10" + bytes([found[1][0] | 0x08])

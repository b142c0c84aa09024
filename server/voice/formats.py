"""What a WAV file holds, as 16-bit samples: whatever a sound editor or a telephone writes uncompressed.

Not by `wave`: espeak-ng writes to a pipe and cannot know its length beforehand, and `wave` reads no floats.
"""

from __future__ import annotations

import struct
import sys
from array import array

CHANNELS_MAX = 8
RATE_MIN, RATE_MAX = 4000, 192_000
"""Samples a second."""
_PCM, _EXTENSIBLE = 1, 0xFFFE
_SUBFORMAT = slice(24, 26)
"""Where an extensible header says which of the two it is."""
_FULL = 32767


def samples_of(wav: bytes) -> tuple[int, int, array[int]]:
    """Channels, samples a second, and the samples of all channels in turn. Raises ValueError."""
    kind, channels, rate, bits, data = _chunks(wav)
    if not 1 <= channels <= CHANNELS_MAX or not RATE_MIN <= rate <= RATE_MAX:
        raise ValueError("this many channels or samples a second are not speech")
    whole = data[: len(data) // (bits // 8) * (bits // 8)] if bits in (16, 24, 32) else b""
    match kind, bits:
        case (1, 16):
            return channels, rate, _words(whole)
        case (1, 24 | 32):
            # The two most significant bytes of each sample: they come last.
            size = bits // 8
            high = bytearray(len(whole) // size * 2)
            high[0::2], high[1::2] = whole[size - 2 :: size], whole[size - 1 :: size]
            return channels, rate, _words(bytes(high))
        case (3, 32):
            return channels, rate, _floats(whole)
    raise ValueError("only uncompressed WAV can be read: PCM of 16, 24 or 32 bits, or floats")


def _words(data: bytes) -> array[int]:
    samples: array[int] = array("h")
    samples.frombytes(data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _floats(data: bytes) -> array[int]:
    values: array[float] = array("f")
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    # A comparison with what is no number is false, so that such a sample becomes silence.
    return array(
        "h",
        [int(max(-1.0, min(1.0, each)) * _FULL) if abs(each) < 1e9 else 0 for each in values],
    )


def _chunks(wav: bytes) -> tuple[int, int, int, int, bytes]:
    """Kind, channels, rate, bits and data."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise ValueError("this is no WAV file")
    place, form = 12, None
    while place + 8 <= len(wav):
        name, length = wav[place : place + 4], struct.unpack_from("<I", wav, place + 4)[0]
        body = wav[place + 8 : place + 8 + length]
        if name == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == _EXTENSIBLE:
                kind = int.from_bytes(body[_SUBFORMAT], "little") or _PCM
            form = (kind, channels, rate, bits)
        elif name == b"data" and form is not None:
            return (*form, body)
        place += 8 + length + length % 2
    raise ValueError("this WAV file holds no sound")

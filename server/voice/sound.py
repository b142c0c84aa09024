"""Sound as 16-bit mono samples: read from WAV, trimmed, made equally loud, joined without a click, written as WAV.

Plain Python on `array`: a fragment lasts a second or two and is made once, and a kiosk has little memory to spare.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from array import array
from collections.abc import Iterable, Sequence

RATE = 22050
"""Samples a second: what espeak-ng renders."""
FULL = 32767
LOUDNESS = 0.14
"""Root mean square of what is voiced, of 1: about -17 dB of full scale."""
PEAK_MAX = 0.9
"""Of full scale; what would go beyond is turned down as a whole, never clipped."""
FADE_SECONDS = 0.006
"""At both ends of a fragment: a sound that starts or ends at zero does not click."""
_QUIET = 0.02
"""Of a fragment's own peak: below this its beginning and end are silence."""
_MARGIN_SECONDS = 0.012
"""Kept around it: consonants begin softly."""
_CHIME = ((659.25, 0.0), (523.25, 0.28))
"""Frequency in Hz and start in seconds."""
_CHIME_SECONDS = 0.9


def read(wav: bytes) -> array[int]:
    """The samples of a 16-bit PCM WAV at `RATE`. Raises ValueError for anything else."""
    channels, rate, data = _chunks(wav)
    samples: array[int] = array("h")
    samples.frombytes(data[: len(data) // 2 * 2])
    if channels > 1:
        samples = array(
            "h",
            (
                sum(samples[place : place + channels]) // channels
                for place in range(0, len(samples) - channels + 1, channels)
            ),
        )
    return samples if rate == RATE else _resampled(samples, rate)


def write(samples: array[int]) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def prepared(samples: array[int]) -> array[int]:
    """Trimmed, as loud as every other fragment, silent at both ends. Empty when there is nothing to hear."""
    trimmed = _trimmed(samples)
    if not trimmed:
        return trimmed
    peak = max(abs(each) for each in trimmed)
    voiced = [each for each in trimmed if abs(each) > peak * _QUIET]
    loudness = math.sqrt(sum(each * each for each in voiced) / len(voiced)) / FULL
    gain = min(LOUDNESS / loudness, PEAK_MAX * FULL / peak)
    length, fade = len(trimmed), min(round(FADE_SECONDS * RATE), len(trimmed) // 2)
    return array(
        "h",
        (
            round(each * gain * min(1.0, place / fade, (length - 1 - place) / fade))
            for place, each in enumerate(trimmed)
        ),
    )


def joined(parts: Sequence[array[int]], pause_seconds: float) -> array[int]:
    """One after the other with silence between."""
    silence: array[int] = array("h", bytes(2 * round(pause_seconds * RATE)))
    whole: array[int] = array("h")
    for index, part in enumerate(parts):
        if index:
            whole.extend(silence)
        whole.extend(part)
    return whole


def chime() -> array[int]:
    """Two falling tones: somebody is about to speak."""
    count = round(_CHIME_SECONDS * RATE)
    return prepared(array("h", (round(FULL * 0.4 * _tone(place / RATE)) for place in range(count))))


def _tone(seconds: float) -> float:
    return sum(
        math.sin(2 * math.pi * pitch * (seconds - start)) * math.exp(-5 * (seconds - start))
        for pitch, start in _CHIME
        if seconds >= start
    )


def _trimmed(samples: array[int]) -> array[int]:
    peak = max((abs(each) for each in samples), default=0)
    limit = max(peak * _QUIET, 1)
    heard = [place for place, each in enumerate(samples) if abs(each) >= limit]
    if not heard:
        return array("h")
    margin = round(_MARGIN_SECONDS * RATE)
    return samples[max(heard[0] - margin, 0) : heard[-1] + margin + 1]


def _resampled(samples: array[int], rate: int) -> array[int]:
    """By straight lines between neighbours: recordings of speech lose nothing that matters."""
    count = len(samples) * RATE // rate
    return array("h", _between(samples, (place * rate / RATE for place in range(count))))


def _between(samples: array[int], places: Iterable[float]) -> Iterable[int]:
    last = len(samples) - 1
    for place in places:
        index = min(int(place), last)
        after = samples[min(index + 1, last)]
        yield round(samples[index] + (after - samples[index]) * (place - index))


def _chunks(wav: bytes) -> tuple[int, int, bytes]:
    """Channels, rate and data. Not by `wave`: espeak-ng writes to a pipe and cannot know its length beforehand."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise ValueError("this is no WAV file")
    place, form = 12, None
    while place + 8 <= len(wav):
        name, length = wav[place : place + 4], struct.unpack_from("<I", wav, place + 4)[0]
        body = wav[place + 8 : place + 8 + length]
        if name == b"fmt " and len(body) >= 16:
            form = struct.unpack_from("<HHIIHH", body)
        elif name == b"data" and form is not None:
            kind, channels, rate, _, _, bits = form
            if (
                kind not in (1, 0xFFFE)
                or bits != 16
                or not 1 <= channels <= 8
                or not 4000 <= rate <= 192_000
            ):
                raise ValueError("only 16-bit PCM can be read")
            return channels, rate, body
        place += 8 + length + length % 2
    raise ValueError("this WAV file holds no sound")

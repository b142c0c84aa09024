"""Sound as 16-bit mono samples: read from WAV, trimmed, made equally loud, joined without a click, written as WAV.

Plain Python on `array`: a fragment lasts a second or two and is made once, and a kiosk has little memory to spare.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import mul

from server.voice import formats

RATE = 22050
"""Samples a second: what espeak-ng renders."""
FULL = 32767
LOUDNESS = 0.14
"""Root mean square of what is voiced, of 1: about -17 dB of full scale."""
KNEE = 0.7
PEAK_MAX = 0.9
"""Of full scale; what would go beyond the knee is bent so that it never reaches this, never clipped."""
FADE_SECONDS = 0.006
"""At both ends of a fragment: a sound that starts or ends at zero does not click."""
_QUIET = 0.02
"""Of a fragment's own peak: below this its beginning and end are silence."""
_QUIET_MAX = 0.1
"""A tone without a pause has no room around it: never is more than this taken for silence."""
_STRIDE = 2
"""Every second sample says as well how loud it is, in half the time."""
_ABOVE_ROOM = 3
_BLOCK_SECONDS = 0.02
_MARGIN_SECONDS = 0.012
"""Kept around it: consonants begin softly."""
_CHIME = ((659.25, 0.0), (523.25, 0.28))
"""Frequency in Hz and start in seconds."""
_CHIME_SECONDS = 0.9


def read(wav: bytes) -> array[int]:
    """The samples of a PCM WAV at `RATE`: 16, 24 or 32 bits, or floats. Raises ValueError for anything else."""
    channels, rate, samples = formats.samples_of(wav)
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
    gain = LOUDNESS * FULL / loudness(trimmed)
    louder = _turned(trimmed, gain)
    fade, last = min(round(FADE_SECONDS * RATE), len(louder) // 2), len(louder) - 1
    for place in range(fade):
        louder[place] = round(louder[place] * place / fade)
        louder[last - place] = round(louder[last - place] * place / fade)
    return louder


def loudness(samples: array[int]) -> float:
    """Root mean square of what is voiced. `samples` must hold something that can be heard."""
    limit = _peak(samples) * _QUIET
    voiced = [each for each in samples[::_STRIDE] if each > limit or each < -limit]
    return math.sqrt(sum(map(mul, voiced, voiced)) / len(voiced)) if voiced else limit


def _turned(samples: array[int], gain: float) -> array[int]:
    """Louder or softer. What would go beyond the knee is bent, as a hard consonant near a microphone would."""
    if _peak(samples) * gain <= KNEE * FULL:
        return array("h", [int(each * gain) for each in samples])
    knee, room = KNEE * FULL, (PEAK_MAX - KNEE) * FULL
    bent = array("h")
    for each in samples:
        loud = abs(each) * gain
        if loud > knee:
            loud = knee + room * (1 - knee / loud)
        bent.append(int(math.copysign(loud, each)))
    return bent


def _peak(samples: array[int]) -> int:
    return max(max(samples, default=0), -min(samples, default=0))


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
    limit = max(_floor(samples), 1)
    first = next((place for place, each in enumerate(samples) if not -limit < each < limit), None)
    if first is None:
        return array("h")
    last = next(
        place for place in range(len(samples) - 1, -1, -1) if not -limit < samples[place] < limit
    )
    margin = round(_MARGIN_SECONDS * RATE)
    return samples[max(first - margin, 0) : last + margin + 1]


def _floor(samples: array[int]) -> float:
    """Below this there is nothing but the room in which it was recorded."""
    peak, length = _peak(samples), round(_BLOCK_SECONDS * RATE)
    blocks = (samples[place : place + length] for place in range(0, len(samples), length))
    room = min(
        (math.sqrt(sum(map(mul, each, each)) / len(each)) for each in blocks if any(each)),
        default=0,
    )
    return min(max(peak * _QUIET, room * _ABOVE_ROOM), peak * _QUIET_MAX)


def _resampled(samples: array[int], rate: int) -> array[int]:
    """Down by the mean of what falls together, so that no hiss folds back as a whistle; up by straight lines."""
    count = len(samples) * RATE // rate
    if rate < RATE:
        return array("h", _between(samples, (place * rate / RATE for place in range(count))))
    sums = [0, *accumulate(samples)]
    ends = [place * rate // RATE for place in range(count + 1)]
    return array("h", [(sums[b] - sums[a]) // (b - a) for a, b in pairwise(ends)])


def _between(samples: array[int], places: Iterable[float]) -> Iterable[int]:
    last = len(samples) - 1
    for place in places:
        index = min(int(place), last)
        after = samples[min(index + 1, last)]
        yield round(samples[index] + (after - samples[index]) * (place - index))

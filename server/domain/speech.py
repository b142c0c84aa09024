"""Who speaks a call in a room: one display, once; another takes over when it dies in the middle of a sentence.

A grant lives for `GRANT` and is kept alive by "going"; while it lives, no other call begins
in that room. Said to its end, a call is said in that room for good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from server.domain.ids import DeviceId
from server.wire_displays import SpeechAnswer, SpeechStep

GRANT = timedelta(seconds=5)
"""A speaker says "going" every 1.5 seconds: one may be lost, with the second the sentence ends."""
SPEECH_KEPT = timedelta(days=1)
"""No display asks for a call of yesterday."""
RETRY_SECONDS_MIN = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One call in one room: who speaks it, since when, until when unless it is heard of, and when it was said."""

    device: DeviceId
    begun_at: datetime
    until: datetime
    said_at: datetime | None = None


def decided(
    present: Speech | None,
    *,
    device: DeviceId,
    step: SpeechStep,
    now: datetime,
    other: Speech | None = None,
) -> Speech | None:
    """The speech after one display's step; the same object when nothing changed, None when there is none.

    `other` is what another display is saying in the room, of another call: see `is_in_the_way`.
    """
    match step:
        case "begin":
            return _begun(present, device, now, other)
        case "going":
            # Later than its grant lived, while nobody else began: the sentence is still its own.
            if present is None or present.device != device or present.said_at is not None:
                return present
            if present.until <= now and is_in_the_way(other, device, now):
                return present
            return replace(present, until=now + GRANT)
        case "said":
            if present is None or present.said_at is not None:
                return present
            if present.device != device:
                # Told late: another took the call over meanwhile. It has been heard whole, so nobody begins it again;
                # who sounds at this moment stops at its next word, and until then the room is still its.
                return replace(present, said_at=now)
            return replace(present, until=now, said_at=now)
        case _:
            assert_never(step)


def is_in_the_way(other: Speech | None, device: DeviceId, now: datetime) -> bool:
    """Whether another display is being heard in the room: two voices at once are as useless as none."""
    return other is not None and other.device != device and _lives(other, now)


def _lives(speech: Speech, now: datetime) -> bool:
    """Whether its grant does. One that ends later than any can was given before the clock was set back."""
    return now < speech.until <= now + GRANT


def _begun(
    present: Speech | None, device: DeviceId, now: datetime, other: Speech | None
) -> Speech | None:
    if present is not None and present.said_at is not None:
        return present
    if present is not None and present.device != device and _lives(present, now):
        return present
    if present is not None and present.device == device and _lives(present, now):
        # Asked again, because the reply was lost.
        return replace(present, until=now + GRANT)
    if is_in_the_way(other, device, now):
        return present
    return Speech(device=device, begun_at=now, until=now + GRANT)


def answer(
    after: Speech | None,
    *,
    device: DeviceId,
    now: datetime,
    leader: DeviceId | None,
    other: Speech | None = None,
) -> SpeechAnswer:
    """What the display is told. `leader` is who spoke last in the room, `other` as in `decided`."""
    is_said = after is not None and after.said_at is not None
    is_granted = after is not None and not is_said and after.device == device and _lives(after, now)
    retry = 0.0
    if after is not None and not is_said and not is_granted:
        retry = max((after.until - now).total_seconds(), RETRY_SECONDS_MIN)
    if other is not None and not is_said and not is_granted and is_in_the_way(other, device, now):
        retry = max(retry, (other.until - now).total_seconds(), RETRY_SECONDS_MIN)
    return SpeechAnswer(is_granted=is_granted, is_said=is_said, leader=leader, retry_seconds=retry)


def may_not(leader: DeviceId | None) -> SpeechAnswer:
    """To a display that was told to be silent a moment ago."""
    return SpeechAnswer(
        is_granted=False, is_said=False, leader=leader, retry_seconds=GRANT.total_seconds()
    )

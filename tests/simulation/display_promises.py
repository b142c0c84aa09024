"""Judges what a hall has heard by docs/decisions/0019: what is promised under which fault, and no excuse but that.

A room's machines may be dead, cut off or mute; what only such a machine could have done is excused, nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from server.domain.speech import GRANT
from tests.simulation.hearing import Called, Hearing, Sound, Span

FRESH = timedelta(seconds=60)
ENOUGH = timedelta(seconds=25)
"""In so much time of a room's own a display that is able has said a call: 5 s until it knows of it although pushes were
lost, 5 s that a dead speaker's grant lives, 3 s until it asks again, 3 s for lost words, 9 s for the sentence."""
ASKED = timedelta(seconds=16)
"""The same without the sentence: in so much time it has asked for the call, whoever says it."""
TAKEN_OVER = timedelta(seconds=10)
"""From a sentence that broke off to the next that begins it anew."""
TOLD = timedelta(seconds=3.5)
"""In so much time without a fault the server is told that a call was said: it is tried each second, for two."""


def judge(hearing: Hearing, now: datetime) -> None:
    """Raises AssertionError for a promise that was not kept."""
    check_said_once(hearing)
    check_one_voice(hearing)
    check_broken_off(hearing)
    check_asked(hearing, now)
    check_all_said(hearing, now)
    check_taken_over(hearing, now)


def check_said_once(hearing: Hearing) -> None:
    """Said to its end, a call is not begun again in its room, unless no word of it could reach the server in time."""
    for room in hearing.rooms:
        sounds = hearing.in_room(room)
        for index, first in enumerate(sounds):
            for second in sounds[index + 1 :]:
                if first.is_whole and first.key == second.key:
                    assert _was_untellable(hearing, first, second), f"said twice: {first}, {second}"
                    hearing.met["said again by who was not told"] += 1


def _was_untellable(hearing: Hearing, first: Sound, second: Sound) -> bool:
    """From the end of the first sentence on, to the beginning of the other."""
    if first.speaker == second.speaker or first.ended is None:
        return False
    told = [
        each
        for each in hearing.asked
        if (each.machine, each.key, each.step) == (first.speaker, first.key, "said")
        and first.ended <= each.at <= second.began
    ]
    troubles = hearing.troubles[first.speaker]
    cuts = {at for at, step, key in troubles.lost if (step, key) == ("said", first.key)}
    able = [
        end - begin
        for start, stop in troubles.able(first.ended, second.began)
        for begin, end in pairwise([start, *sorted(at for at in cuts if start < at < stop), stop])
    ]
    return not told and (not able or max(able) < TOLD)


def check_one_voice(hearing: Hearing) -> None:
    """Whatever fails: while one display of a room sounds, no other one begins."""
    for room in hearing.rooms:
        for first, second in pairwise(hearing.in_room(room)):
            is_over = first.ended is not None and first.ended <= second.began
            assert is_over, f"two voices at once: {first}, {second}"


def check_broken_off(hearing: Hearing) -> None:
    """A sentence ends before its end only by a fault of the machine that says it."""
    for sound in hearing.sounds:
        if sound.is_whole or sound.ended is None:
            continue
        troubles = hearing.troubles[sound.speaker]
        lost = [at for at, _, key in troubles.lost if key == sound.key and at >= sound.began]
        is_fault = troubles.any_in(sound.began, sound.ended) or len(lost) > 1
        # Another one that had said it whole could tell so at last.
        is_fault = is_fault or any(
            each.key == sound.key and each.is_whole and each.began < sound.began
            for each in hearing.in_room(sound.room)
        )
        assert is_fault, f"broke off: {sound}"
        hearing.met["broken off"] += 1


def check_asked(hearing: Hearing, now: datetime) -> None:
    """Each display that is able asks for each call, though another one of its room says it."""
    for key, called in hearing.calls.items():
        for room, machines in hearing.rooms.items():
            for machine in machines:
                if not _had_its_turn(hearing, room, machine, key, _standing(called, now), ASKED):
                    continue
                steps = {(each.machine, each.key) for each in hearing.asked}
                assert (machine, key) in steps, f"never asked: {machine} for {key} in {room}"
                hearing.met["asked"] += 1


def check_all_said(hearing: Hearing, now: datetime) -> None:
    """Each call is said to its end where one machine was able to for long enough while it stood."""
    for key, called in hearing.calls.items():
        span = _standing(called, now)
        for room, machines in hearing.rooms.items():
            if any(each.key == key and each.is_whole for each in hearing.in_room(room)):
                hearing.met["said"] += 1
            elif any(_had_its_turn(hearing, room, each, key, span, ENOUGH) for each in machines):
                raise AssertionError(f"never said: {key} in {room}")
            else:
                hearing.met["nobody was able"] += 1


def check_taken_over(hearing: Hearing, now: datetime) -> None:
    """A sentence that broke off is begun anew within ten seconds, where another machine was able to all that time."""
    for sound in hearing.sounds:
        said = [it for it in hearing.in_room(sound.room) if it.key == sound.key and it.is_whole]
        is_done = sound.is_whole or any(it.began < sound.began for it in said)
        if is_done or sound.ended is None or sound.key not in hearing.calls:
            continue
        until = sound.ended + TAKEN_OVER + GRANT * _fruitless(hearing, sound)
        others = [each for each in hearing.rooms[sound.room] if each != sound.speaker]
        span = (sound.began, until)
        if until > _standing(hearing.calls[sound.key], now)[1] or not any(
            _had_its_turn(hearing, sound.room, each, sound.key, span, until - sound.began)
            for each in others
        ):
            continue
        is_anew = any(
            each.key == sound.key and sound.ended <= each.began <= until
            for each in hearing.in_room(sound.room)
        )
        assert is_anew, f"not taken over: {sound}"
        hearing.met["taken over"] += 1


def _fruitless(hearing: Hearing, sound: Sound) -> int:
    """How many words of others that cannot speak may have taken the grant in the ten seconds: each may hold it once."""
    assert sound.ended is not None, "it broke off"
    first, last = sound.ended, sound.ended + TAKEN_OVER
    return sum(
        first <= each.at <= last
        and each.key == sound.key
        and each.step != "said"
        and hearing.troubles[each.machine].any_in(each.at, each.at)
        for each in hearing.asked
    )


def _standing(called: Called, now: datetime) -> Span:
    """While a call was news and not answered."""
    return called.at, max(called.at, min(called.over or now, called.at + FRESH))


def _had_its_turn(
    hearing: Hearing, room: str, machine: int, key: str, span: Span, enough: timedelta
) -> bool:
    """Whether there was a stretch in which it was able, and which other calls left it."""
    return any(
        stretch[1] - stretch[0] - hearing.busy(room, key, stretch) >= enough
        for stretch in hearing.troubles[machine].able(*span, hearing=True)
    )

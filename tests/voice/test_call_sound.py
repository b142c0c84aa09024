"""Calls, decoded: pauses as a speaker makes them, no click, one loudness; and what recordings do to them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.voice import Origin, Voice, call, fragment_name, sound
from server.voice.keeping import Kept
from server.voice.rendering import Order, order_of_json, render
from server.voice.sound import FULL, RATE
from server.voice.speaking import CLAUSE_PAUSE_SECONDS, PHRASE_PAUSE_SECONDS, CannotSay
from server.voice.warming import Warmer
from tests.voice.test_speaking import Tone, decoded, espeak, record

SILENCE = 0.01 * FULL
PHRASE_SILENCE = (0.04, 0.12)
CLAUSE_SILENCE = (0.2, 0.4)
"""Seconds that are heard as silence: within a phrase as between words, between clauses as a breath."""
LOUDNESS_DIFFERENCE_MAX = 1.5
"""Decibels between any two fragments."""
STEP_MAX = 0.01 * FULL
"""Between two samples at a joint: more is heard as a click."""
GAP_SECONDS_MAX = 0.6


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Voice:
    folder = tmp_path_factory.mktemp("voice")
    return Voice(espeak(), folder / "cache", folder / "recordings")


@pytest.mark.voice
@settings(max_examples=12)
@given(
    st.sampled_from(["ar", "fr", "en"]),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    st.integers(0, 999),
    st.integers(1, 99),
)
def test_any_call_sounds_like_speech(
    spoken: Voice, language: str, letter: str, value: int, desk: int
) -> None:
    plan = spoken.plan(language, call(language, f"{letter}{value:03d}", desk))
    whole = decoded(spoken.say(plan))
    assert 1.5 < len(whole) / RATE < 12
    assert max(map(abs, whole)) < 0.95 * FULL
    ((first, second), (third,)) = (
        [spoken._sound(language, piece) for piece in clause] for clause in plan.clauses
    )
    parts = (first, second, third)
    joints = [
        (len(first), PHRASE_PAUSE_SECONDS, PHRASE_SILENCE),
        (
            len(first) + round(PHRASE_PAUSE_SECONDS * RATE) + len(second),
            CLAUSE_PAUSE_SECONDS,
            CLAUSE_SILENCE,
        ),
    ]
    for place, pause, (least, most) in joints:
        assert least < silence_around(whole, place, place + round(pause * RATE)) < most
    assert all(each[0] == each[-1] == 0 for each in parts)
    steps = (abs(each[place] - each[place - 1]) for each in parts for place in (1, -1))
    assert max(steps) < STEP_MAX
    assert spread([decibels(each) for each in parts]) < LOUDNESS_DIFFERENCE_MAX


@pytest.mark.voice
@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_a_recording_is_as_loud_as_the_engine(tmp_path: Path, rate: int) -> None:
    voice = Voice(espeak(), tmp_path / "cache", tmp_path / "recordings")
    record(tmp_path / "recordings" / "fr" / "douze.wav", rate=rate, channels=2)
    plan = voice.plan("fr", call("fr", "A012", 3))
    parts = [voice._sound("fr", piece) for clause in plan.clauses for piece in clause]
    assert spread([decibels(each) for each in parts]) < LOUDNESS_DIFFERENCE_MAX


def test_recordings_replace_the_engine_one_by_one(tmp_path: Path) -> None:
    engine = Tone()
    voice = Voice(engine, tmp_path / "cache", tmp_path / "recordings")
    sentence = call("fr", "A234", 3)

    def made_of() -> list[tuple[str, Origin]]:
        return [(each.words, each.origin) for each in voice.call_fragments("fr", sentence)]

    machine = Origin.SYNTHETIC
    assert made_of() == [
        ("Ticket a", machine),
        ("deux cent trente-quatre", machine),
        ("guichet trois", machine),
    ]
    first = voice.plan("fr", sentence)
    record(tmp_path / "recordings" / "fr" / "guichet.wav")
    record(tmp_path / "recordings" / "fr" / "trente-quatre.wav")
    assert made_of() == [
        ("Ticket a", machine),
        ("deux cent", machine),
        ("trente-quatre", Origin.RECORDING),
        ("guichet", Origin.RECORDING),
        ("trois", machine),
    ]
    second = voice.plan("fr", sentence)
    assert second.etag != first.etag
    assert voice.say(second) != voice.say(first)
    record(tmp_path / "recordings" / "fr" / "guichet-trois.wav")
    assert made_of()[-1] == ("guichet trois", Origin.RECORDING)


def test_branches_share_what_is_kept_and_never_hear_each_others_recordings(tmp_path: Path) -> None:
    engine = Tone()
    folder = tmp_path / "recordings"
    voice = Voice(engine, tmp_path / "cache", folder)
    sentence = call("fr", "A012", 3)
    branches = [voice.of(slug) for slug in ("berkane", "oujda", "taza")]
    assert len({each.say(each.plan("fr", sentence)) for each in branches}) == 1
    assert len(engine.rendered) == 3, "made once for all of them"
    for slug, pitch in (("berkane", 40), ("oujda", 20)):
        file = folder / slug / "fr" / "guichet-trois.wav"
        file.parent.mkdir(parents=True)
        tone = (round(9000 * math.sin(place / pitch)) for place in range(RATE))
        file.write_bytes(sound.write(array("h", tone)))
        # As a copy of a folder leaves them: alike in name, size and time.
        os.utime(file, ns=(10**18, 10**18))
    plans = [each.plan("fr", sentence) for each in branches]
    assert len({each.etag for each in plans}) == 3
    said = [each.say(each.plan("fr", sentence)) for each in branches]
    assert len(set(said)) == 3
    # From the disk, by a process that has nothing in its memory.
    again = Voice(engine, voice.cache, folder).of("oujda")
    assert again.say(again.plan("fr", sentence)) == said[1]
    assert len(engine.rendered) == 3


def test_what_a_branch_needs_beside_its_own_recordings_is_rendered_ahead(tmp_path: Path) -> None:
    engine = Tone()
    voice = Voice(engine, tmp_path / "cache", tmp_path / "recordings")
    order = Order(
        languages=("fr",), letters=("A",), desks=(1,), numbers_max=1, branches=("berkane", "oujda")
    )
    assert order_of_json(order.to_json()) == order
    made = render(voice, order, pause_seconds=0)
    record(tmp_path / "recordings" / "berkane" / "fr" / "guichet.wav")
    assert render(voice, order, pause_seconds=0) == 1, "guichet: un is there, for tickets"
    engine.rendered.clear()
    assert voice.of("berkane").say(voice.of("berkane").plan("fr", call("fr", "A001", 1)))
    assert engine.rendered == []
    assert made == 3


def test_a_broken_recording_never_silences_the_hall(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    sentence = call("fr", "A012", 3)
    before = voice.say(voice.plan("fr", sentence))
    file = tmp_path / "recordings" / "fr" / "guichet-trois.wav"
    file.parent.mkdir(parents=True)
    for damage in (b"", b"ID3", sound.write(array("h", bytes(2000)))):
        file.write_bytes(damage)
        assert voice.say(voice.plan("fr", sentence)) == before
        (*_, last) = voice.call_fragments("fr", sentence)
        assert (last.origin, last.is_broken) == (Origin.SYNTHETIC, True)


def test_a_recording_taken_away_in_between_is_no_silence(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    file = tmp_path / "recordings" / "fr" / "douze.wav"
    record(file)
    plan = voice.plan("fr", call("fr", "A012", 3))
    file.unlink()
    assert decoded(voice.say(plan))


def test_amazigh_is_said_once_all_of_it_is_recorded(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    sentence = call("zgh", "A112", 3)
    leaves = ["ⵜⴰⵡⵔⵉⵇⵜ", "A", "100 ⴷ", "12", "ⵜⴰⵙⵉⵔⴰ", "3"]
    for words in leaves:
        assert not voice.can_say("zgh", sentence)
        with pytest.raises(CannotSay):
            voice.plan("zgh", sentence)
        missing = [
            each.words
            for each in voice.call_fragments("zgh", sentence)
            if each.origin is Origin.MISSING
        ]
        assert words in missing
        record(tmp_path / "recordings" / "zgh" / f"{fragment_name(words)}.wav")
    assert voice.can_say("zgh", sentence)
    whole = decoded(voice.say(voice.plan("zgh", sentence)))
    pauses = 4 * PHRASE_PAUSE_SECONDS + CLAUSE_PAUSE_SECONDS
    assert len(whole) / RATE == pytest.approx(6 + pauses, abs=0.1)


def test_an_engine_that_hangs_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    """Others are said from what is kept while one is being rendered; twenty who want it have it made once."""
    going, begun = threading.Event(), threading.Event()

    class Slow(Tone):
        def render(self, language: str, words: str) -> bytes:
            if "quatre" in words:
                begun.set()
                assert going.wait(10)
            return super().render(language, words)

    engine = Slow()
    voice = Voice(engine, tmp_path / "cache", tmp_path / "recordings")
    known = voice.plan("fr", call("fr", "A012", 3))
    before = voice.say(known)
    slow = voice.plan("fr", call("fr", "A012", 4))
    threads = [threading.Thread(target=voice.say, args=(slow,)) for _ in range(20)]
    for each in threads:
        each.start()
    assert begun.wait(10)
    assert voice.say(known) == before
    assert voice.say(voice.plan("fr", call("fr", "A012", 5)))
    going.set()
    for each in threads:
        each.join()
    assert engine.rendered.count("guichet quatre") == 1


def test_under_gevent_the_server_goes_on_while_the_engine_works(tmp_path: Path) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\nsleep 1\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    code = f"""
from gevent import monkey
monkey.patch_all()
import gevent, time
from pathlib import Path
from server.voice import Espeak, Voice, call
folder = Path({str(tmp_path)!r})
voice = Voice(Espeak(path=folder / "espeak-ng"), folder / "cache", folder / "recordings")
gaps, last = [], time.monotonic()
asked = [gevent.spawn(lambda: voice.say(voice.plan("fr", call("fr", "A012", 3))))]
def failed(job):
    return isinstance(job.exception, OSError)
while not all(job.dead for job in asked):
    gevent.sleep(0.01)
    gaps.append(time.monotonic() - last)
    last = time.monotonic()
assert all(map(failed, asked)), [job.exception for job in asked]
assert sum(gaps) > 0.9, sum(gaps)
print(max(gaps))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert float(done.stdout) < GAP_SECONDS_MAX, "seconds in which nobody else had a turn"


@pytest.mark.voice
def test_what_calls_need_is_rendered_ahead_once(tmp_path: Path) -> None:
    espeak()
    complaints: list[str] = []

    class Log:
        def warning(self, event: str, **values: object) -> None:
            complaints.append(f"{event} {values}")

    order = Order(languages=("fr", "zgh"), letters=("A",), desks=(1,), numbers_max=2)
    warmer = Warmer(tmp_path, lambda: order, Log())
    assert warmer.look()
    assert len(list((tmp_path / "voice" / "fr").glob("*.wav"))) == 4
    assert not warmer.look(), "nothing has changed"
    record(tmp_path / "recordings" / "fr" / "guichet.wav")
    assert warmer.look()
    assert len(list((tmp_path / "voice" / "fr").glob("*.wav"))) == 6, "guichet, un"
    warmer.stop()
    assert complaints == []


def test_memory_is_bounded() -> None:
    kept: Kept[bytes] = Kept(1000, len)
    for number in range(50):
        kept.made(str(number), lambda: bytes(100))
    assert [number for number in range(50) if kept.get(str(number))] == list(range(40, 50))
    assert kept.made("49", lambda: b"other") == bytes(100)
    with pytest.raises(OSError, match="no"):
        kept.made("new", _fails)
    assert kept.made("new", lambda: b"now") == b"now", "a failure is not kept"


def _fails() -> bytes:
    raise OSError("no")


def silence_around(samples: array[int], start: int, end: int) -> float:
    """Seconds without anything to hear around a joint."""
    while start > 0 and abs(samples[start - 1]) < SILENCE:
        start -= 1
    while end < len(samples) and abs(samples[end]) < SILENCE:
        end += 1
    return (end - start) / RATE


def decibels(samples: array[int]) -> float:
    """The loudness of what is heard, of full scale; measured apart from the code under test."""
    heard = [each for each in samples if abs(each) > SILENCE]
    return 10 * math.log10(sum(each * each for each in heard) / len(heard) / FULL**2)


def spread(values: list[float]) -> float:
    """From the least to the most."""
    return max(values) - min(values)

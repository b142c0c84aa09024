"""The sound itself, decoded: how long, how loud, silent between fragments, never clipped, never a click."""

from __future__ import annotations

import io
import math
import os
import struct
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from server.voice import CannotSay, Espeak, Origin, Voice, chime, find_espeak, sound
from server.voice.recordings import fragment_name
from server.voice.sound import FULL, RATE
from server.voice.speaking import PAUSE_SECONDS
from tests.databases import required

SENTENCES = {
    "ar": "رقمكم: A 0 1 2. أمامكم 3 أشخاص",
    "fr": "Votre numéro : A 0 1 2. 3 personnes avant vous",
    "en": "Your number: A 0 1 2. 3 people before you",
}
QUIET = 0.01
"""Of full scale."""


class Tone:
    """An engine that needs no program: a tone as long as its words, with a click at its start and a loud end."""

    name = "tone"
    languages = frozenset({"ar", "fr", "en"})

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def render(self, language: str, words: str) -> bytes:
        self.rendered.append(words)
        count = RATE * (2 + len(words)) // 20
        volume = 0.05 + 0.9 * (len(words) % 2)
        tone = array("h", (round(FULL * volume * math.cos(place / 9)) for place in range(count)))
        return sound.write(array("h", bytes(4000)) + tone + array("h", bytes(9000)))


def test_a_fragment_is_rendered_once(tmp_path: Path) -> None:
    engine = Tone()
    voice = Voice(engine, tmp_path / "cache", tmp_path / "recordings")
    first = voice.wav("fr", "Bonjour. Au revoir.")
    assert voice.wav("fr", "Bonjour. Au revoir.") == first
    again = Voice(engine, tmp_path / "cache", tmp_path / "recordings")
    assert again.wav("fr", "Bonjour. Au revoir.") == first
    assert engine.rendered == ["Bonjour", "Au revoir"]
    assert not list((tmp_path / "cache").glob("*/.*")), "nothing unfinished is left behind"


def test_fragments_are_equally_loud_and_start_and_end_in_silence(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    for words in ("un", "deux et demi", "trois quarts"):
        samples = decoded(voice.wav("fr", words))
        assert samples[0] == samples[-1] == 0, "no click"
        assert max(map(abs, samples)) < 0.95 * FULL, "nothing is clipped"
        assert 0.1 < loudness(samples) < 0.2


def test_between_fragments_there_is_silence_and_no_more(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    parts = [len(decoded(voice.wav("fr", words))) for words in ("un", "deux", "trois")]
    whole = decoded(voice.wav("fr", "un, deux, trois"))
    pause = round(PAUSE_SECONDS * RATE)
    assert len(whole) == sum(parts) + 2 * pause
    start = parts[0]
    assert not any(whole[start : start + pause])


def test_a_recording_replaces_the_engine(tmp_path: Path) -> None:
    engine = Tone()
    voice = Voice(engine, tmp_path / "cache", tmp_path / "recordings")
    before = voice.wav("fr", "Guichet")
    record(tmp_path / "recordings" / "fr" / "guichet.wav", rate=44100, channels=2)
    assert [each.origin for each in voice.fragments("fr", "Guichet")] == [Origin.RECORDING]
    samples = decoded(voice.wav("fr", "Guichet"))
    assert voice.wav("fr", "Guichet") != before
    assert len(samples) / RATE == pytest.approx(1.0, abs=0.05)
    assert 0.1 < loudness(samples) < 0.2, "as loud as the engine"


def test_a_recording_that_cannot_be_read_silences_nothing(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    before = voice.wav("fr", "Guichet")
    file = tmp_path / "recordings" / "fr" / "guichet.wav"
    file.parent.mkdir(parents=True)
    for damage in (
        b"",
        b"RIFF",
        b"ID3 this is an mp3",
        sound.write(array("h"))[:40],
        b"RIFF\0\0\0\0WAVEfmt \x02",
    ):
        file.write_bytes(damage)
        assert voice.wav("fr", "Guichet") == before


def test_amazigh_has_recordings_or_nothing(tmp_path: Path) -> None:
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    with pytest.raises(CannotSay):
        voice.wav("zgh", "ⴰⵣⵓⵍ")
    assert [each.origin for each in voice.fragments("zgh", "ⴰⵣⵓⵍ")] == [Origin.MISSING]
    record(tmp_path / "recordings" / "zgh" / f"{fragment_name('ⴰⵣⵓⵍ')}.wav")
    assert voice.wav("zgh", "ⴰⵣⵓⵍ")


def test_without_an_engine_nothing_is_promised(tmp_path: Path) -> None:
    voice = Voice(None, tmp_path / "cache", tmp_path / "recordings")
    assert not voice.languages
    with pytest.raises(CannotSay):
        voice.wav("fr", "Bonjour")


def test_a_cache_that_cannot_be_written_is_no_reason_for_silence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("this is no folder", encoding="utf-8")
    voice = Voice(Tone(), tmp_path / "cache", tmp_path / "recordings")
    assert decoded(voice.wav("fr", "Bonjour"))


def test_the_names_of_recordings_are_names_of_files() -> None:
    assert fragment_name("Votre numéro") == "votre-numéro"
    assert fragment_name("../../etc/passwd") == "etc-passwd"
    long = fragment_name("mot " * 60)
    assert len(long.encode()) < 200


def test_the_chime_is_short_and_soft() -> None:
    samples = decoded(chime())
    assert 0.5 < len(samples) / RATE < 1
    assert max(map(abs, samples)) < 0.95 * FULL


@pytest.mark.voice
@pytest.mark.parametrize("language", SENTENCES)
def test_espeak_says_it(language: str, tmp_path: Path) -> None:
    voice = Voice(espeak(), tmp_path / "cache", tmp_path / "recordings")
    samples = decoded(voice.wav(language, SENTENCES[language]))
    assert 2 < len(samples) / RATE < 12
    assert max(map(abs, samples)) < 0.95 * FULL
    for fragment in voice.fragments(language, SENTENCES[language]):
        part = decoded(voice.wav(language, fragment.words))
        assert 0.1 < len(part) / RATE < 4, fragment.words
        assert 0.05 < loudness(part) < 0.2, fragment.words
        assert edges(part) < QUIET, fragment.words


@pytest.mark.voice
def test_words_are_never_options(tmp_path: Path) -> None:
    """A name of a service is an operator's text: it must not reach the program as anything but words."""
    engine = espeak()
    marker = tmp_path / "written"
    assert engine.render("fr", f"-w {marker} --version; touch {marker}")
    assert not marker.exists()


def test_an_engine_that_fails_says_so(tmp_path: Path) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(OSError, match="espeak-ng"):
        Espeak(path=program).render("fr", "Bonjour")


def espeak() -> Espeak:
    """The machine's engine; without one the test is left out, or fails where it is required."""
    found = find_espeak()
    if found is None:
        if "voice" in required():
            pytest.fail("no espeak-ng on this machine")
        pytest.skip("no espeak-ng: install the package `espeak-ng`")
    return found


def decoded(wav: bytes) -> array[int]:
    """By the standard library's reader, which knows nothing of ours."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        samples: array[int] = array("h")
        samples.frombytes(file.readframes(file.getnframes()))
    return samples


def loudness(samples: Sequence[int]) -> float:
    """Root mean square of what is heard, of full scale."""
    heard = [each for each in samples if abs(each) > QUIET * FULL]
    return math.sqrt(sum(each * each for each in heard) / len(heard)) / FULL


def edges(samples: Sequence[int]) -> float:
    """How loud the first and the last sample are, of full scale."""
    return max(abs(samples[0]), abs(samples[-1])) / FULL


def record(file: Path, *, rate: int = RATE, channels: int = 1) -> None:
    """A second of a deep tone, as a microphone would write it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    frames = b"".join(
        struct.pack("<h", round(9000 * math.sin(place / 40))) * channels for place in range(rate)
    )
    with wave.open(os.fspath(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(frames)

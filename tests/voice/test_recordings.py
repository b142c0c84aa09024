"""Recordings as people make them: other rates and depths, noise around the voice, a hard consonant, no sound at all."""

from __future__ import annotations

import math
import random
import struct
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.voice import recordings, sound
from server.voice.recordings import RECORDING_BYTES_MAX, Recordings
from server.voice.sound import FULL, RATE


def a_wav(
    data: bytes, *, kind: int = 1, bits: int = 16, rate: int = RATE, extra: bytes = b""
) -> bytes:
    """A WAV file with this header."""
    form = struct.pack("<HHIIHH", kind, 1, rate, rate * bits // 8, bits // 8, bits) + extra
    chunks = (b"fmt ", form), (b"LIST", b"odd"), (b"data", data)
    body = b"".join(
        name + struct.pack("<I", len(each)) + each + bytes(len(each) % 2) for name, each in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def wave(count: int, pitch: float, rate: int = RATE) -> list[float]:
    return [0.5 * math.sin(2 * math.pi * pitch * place / rate) for place in range(count)]


def test_every_depth_is_read_alike() -> None:
    values = wave(4000, 300)
    plain = sound.read(a_wav(array("h", (round(each * FULL) for each in values)).tobytes()))
    whole = [round(each * 2**31) for each in values]
    others = {
        "24": a_wav(b"".join(struct.pack("<i", each)[1:] for each in whole), bits=24),
        "32": a_wav(struct.pack(f"<{len(whole)}i", *whole), bits=32),
        "float": a_wav(struct.pack(f"<{len(values)}f", *values), kind=3, bits=32),
        "extensible": a_wav(
            struct.pack(f"<{len(values)}f", *values),
            kind=0xFFFE,
            bits=32,
            extra=struct.pack("<HHIH", 22, 32, 0, 3) + bytes(14),
        ),
    }
    for name, wav in others.items():
        read = sound.read(wav)
        assert len(read) == len(plain), name
        assert max(abs(a - b) for a, b in zip(read, plain, strict=True)) <= 1, name


@pytest.mark.parametrize(
    "wav",
    [
        a_wav(bytes(100), bits=8),
        a_wav(bytes(100), kind=7, bits=8),
        a_wav(bytes(100), kind=0x55),
        a_wav(bytes(100), rate=1),
        a_wav(bytes(100), rate=10**6),
        a_wav(bytes(64_000)),
        b"RIFF\0\0\0\0WAVE",
        b"",
    ],
)
def test_what_holds_no_voice_is_refused(wav: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        recordings.read(wav)


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    for wav in (data, a_wav(data), a_wav(data, kind=3, bits=32), a_wav(data)[:60] + data):
        try:
            found = recordings.read(wav)
        except ValueError:
            continue
        assert max(map(abs, found)) <= FULL


def test_a_low_voice_stays_and_hiss_does_not_become_whistling() -> None:
    def of(pitch: float) -> float:
        values = wave(48_000, pitch, 48_000)
        wav = a_wav(array("h", (round(each * FULL) for each in values)).tobytes(), rate=48_000)
        return sound.loudness(sound.read(wav))

    assert of(300) == pytest.approx(0.35 * FULL, rel=0.05)
    assert of(20_000) < 0.3 * of(300)


def test_the_room_around_a_voice_is_cut() -> None:
    room = random.Random(4)
    noise = array("h", (round(room.gauss(0, 250)) for _ in range(RATE)))
    voice = array("h", (round(each * FULL * 0.6) for each in wave(RATE // 2, 200)))
    heard = sound.prepared(noise + voice + noise)
    assert len(heard) / RATE == pytest.approx(0.52, abs=0.1)


def test_a_hard_consonant_is_bent_and_does_not_make_the_rest_soft() -> None:
    voice = array("h", (round(each * FULL * 0.1) for each in wave(RATE, 200)))
    voice[5000:5020] = array("h", [FULL] * 20)
    heard = sound.prepared(voice)
    assert max(map(abs, heard)) < 0.95 * FULL
    rest = heard[8000:12000]
    assert sound.loudness(rest) > 0.09 * FULL


def test_a_branch_hears_its_own_before_those_of_all_and_changes_no_others(tmp_path: Path) -> None:
    everybody = Recordings(tmp_path)
    berkane, oujda = everybody.of("berkane"), everybody.of("oujda")
    tone = a_wav(array("h", (round(each * FULL) for each in wave(4000, 300))).tobytes())
    everybody.put("fr", "Guichet", tone)
    for branch in (berkane, oujda):
        found = branch.find("fr", "Guichet")
        assert found is not None
        assert not found.is_own
        assert not branch.remove("fr", "Guichet"), "what all branches hear"
    before = everybody.signature()
    berkane.put("fr", "Guichet", tone)
    assert everybody.signature() != before
    assert (tmp_path / "berkane" / "fr" / "guichet.wav").read_bytes() == tone
    own, others = berkane.find("fr", "Guichet"), oujda.find("fr", "Guichet")
    assert own is not None
    assert others is not None
    assert (own.is_own, others.is_own) == (True, False)
    assert (berkane.has_own, oujda.has_own, everybody.has_own) == (True, False, False)
    own.file.write_bytes(b"RIFF")
    found = berkane.find("fr", "Guichet")
    assert found is not None
    assert not found.is_own, "a file that cannot be read hides nothing"
    assert [each.is_broken for each in berkane.all_of("fr", "Guichet")] == [True, False]
    assert berkane.remove("fr", "Guichet")
    assert (tmp_path / "fr" / "guichet.wav").read_bytes() == tone
    for wrong in ("", "..", "a/b", "Oujda", "../oujda"):
        with pytest.raises(AssertionError):
            everybody.of(wrong)


def test_a_recording_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = Recordings(tmp_path / "recordings")
    tone = a_wav(array("h", (round(each * FULL) for each in wave(4000, 300))).tobytes())
    folder.put("fr", "Guichet", tone)
    assert folder.find("fr", "guichet")
    before = folder.signature()
    for wrong in (b"", b"ID3", bytes(RECORDING_BYTES_MAX + 1)):
        with pytest.raises(ValueError, match=r"\w"):
            folder.put("fr", "Guichet", wrong)
    with pytest.raises(ValueError, match="words"):
        folder.put("fr", "…", tone)
    assert [each.name for each in (tmp_path / "recordings" / "fr").iterdir()] == ["guichet.wav"]
    assert folder.remove("fr", "Guichet")
    assert not folder.remove("fr", "Guichet")
    assert folder.signature() != before

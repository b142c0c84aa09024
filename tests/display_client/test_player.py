"""Playing sound: what is heard, and how it is noticed that nothing is."""

from __future__ import annotations

import stat
from array import array
from pathlib import Path

import pytest

from display_client.player import (
    OVERTIME_SECONDS,
    CommandPlayer,
    NoPlayer,
    PlayerFailed,
    RecordingPlayer,
    find_player,
    one_stream,
    recorded,
    seconds_of,
)
from server.voice import sound


def wav(seconds: float, level: int = 8000) -> bytes:
    return sound.write(array("h", [level]) * round(seconds * sound.RATE))


def program(folder: Path, script: str, name: str = "a-player") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_program_gets_the_whole_sound_as_loud_as_asked(tmp_path: Path) -> None:
    player = CommandPlayer(program(tmp_path, f'cat "$1" > {tmp_path}/heard.wav; sleep 0.2'))
    playing = player.start(wav(0.3), volume_percent=50, title="")
    assert playing.wait(5)
    heard = sound.read((tmp_path / "heard.wav").read_bytes())
    assert len(heard) == round(0.3 * sound.RATE)
    assert set(heard) == {2000}, "half the volume is a quarter of the amplitude"


def test_a_program_that_fails_is_a_fault_in_its_own_words(tmp_path: Path) -> None:
    player = CommandPlayer(program(tmp_path, "echo no such device >&2; exit 1"))
    with pytest.raises(PlayerFailed, match="no such device"):
        player.start(wav(0.3), volume_percent=100, title="").wait(5)
    with pytest.raises(PlayerFailed):
        player.check()


def test_a_program_that_ends_before_its_sound_has_played_nothing(tmp_path: Path) -> None:
    player = CommandPlayer(program(tmp_path, "exit 0"))
    with pytest.raises(PlayerFailed, match="before its sound"):
        player.start(wav(2.0), volume_percent=100, title="").wait(5)


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    player = CommandPlayer(program(tmp_path, "exec sleep 60"))
    playing = player.start(wav(0.2), volume_percent=100, title="")
    assert not playing.wait(0.3)
    with pytest.raises(PlayerFailed, match="hangs"):
        playing.wait(OVERTIME_SECONDS + 0.5)


def test_a_machine_without_an_audio_device_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound servers take every sound into a dummy, and say that all is well."""
    program(tmp_path, "echo auto_null", name="pactl")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    player = CommandPlayer(program(tmp_path, "sleep 0.4", name="pw-play"))
    with pytest.raises(PlayerFailed, match="no audio device"):
        player.start(wav(0.3), volume_percent=100, title="")


def test_nothing_here_is_always_a_fault() -> None:
    assert find_player("there-is-no-such-player") is None
    with pytest.raises(PlayerFailed):
        NoPlayer("none is here").check()


def test_a_recording_takes_its_time_and_is_written_down(tmp_path: Path) -> None:
    player = find_player(f"file:{tmp_path}/sounds")
    assert isinstance(player, RecordingPlayer)
    playing = player.start(wav(0.3), volume_percent=100, title="A012 ar")
    assert not playing.wait(0.05)
    assert playing.wait(5)
    log = recorded(tmp_path / "sounds")
    assert [(each.event, each.title) for each in log] == [
        ("began", "A012 ar"),
        ("ended", "A012 ar"),
    ]
    assert log[1].at - log[0].at == pytest.approx(0.3, abs=0.15)
    assert seconds_of((tmp_path / "sounds" / log[0].file).read_bytes()) == pytest.approx(0.3)


def test_several_sounds_are_one_stream_with_pauses() -> None:
    whole = one_stream((wav(0.2), wav(0.3)), 0.5)
    samples = sound.read(whole)
    assert seconds_of(whole) == pytest.approx(1.0)
    assert not any(samples[round(0.21 * sound.RATE) : round(0.69 * sound.RATE)])

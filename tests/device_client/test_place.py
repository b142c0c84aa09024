"""What every device has: its folder, its lock, its token's file, its settings' keys."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from device_client.place import DevicePlace, Identity, SettingsError, keep_private, typed
from device_client.program import alone, is_running, program_version

IDENTITY = Identity(server="http://s", branch="b", device=1, name="n", token="nouba_secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp(DevicePlace):
    program: ClassVar[str] = "nouba-lamp"
    thing: ClassVar[str] = "lamp"
    settings_name: ClassVar[str] = "lamp.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LampSettings:
    watts: int = 5
    colour: str = "warm"


def test_an_identity_is_kept_whole_and_private(tmp_path: Path) -> None:
    place = Lamp(folder=tmp_path / "lamp")
    with pytest.raises(SettingsError, match=r"this lamp is not paired.*nouba-lamp pair"):
        place.identity()
    place.keep_identity(IDENTITY)
    assert place.identity() == IDENTITY
    assert stat.S_IMODE(place.identity_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    place.identity_file.write_text("{")
    with pytest.raises(SettingsError, match="nouba-lamp pair again"):
        place.identity()
    place.identity_file.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        place.identity()


def test_a_half_written_secret_is_none(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.with_suffix(".part").write_text("half of an earlier one")
    keep_private(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_one_program_a_folder(tmp_path: Path) -> None:
    place = Lamp(folder=tmp_path)
    assert not is_running(place)
    with alone(place):
        assert is_running(place)
        with pytest.raises(SettingsError, match="another nouba-lamp runs"), alone(place):
            raise AssertionError("never")
    assert not is_running(place)
    assert program_version()


def test_settings_are_plain_and_named(tmp_path: Path) -> None:
    place = Lamp(folder=tmp_path)
    assert place.raw_settings() == {}
    place.keep_settings_text("watts = 7\n")
    assert typed(LampSettings, place.raw_settings()) == LampSettings(watts=7)
    with pytest.raises(SettingsError, match="wats"):
        typed(LampSettings, {"wats": 7})
    with pytest.raises(SettingsError, match="watts"):
        typed(LampSettings, {"watts": True})


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be made"):
        Lamp(folder=tmp_path / "file" / "lamp").make()

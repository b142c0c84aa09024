"""The data folder of a display: beside what every device has (`device_client.place`),

display.toml     what is particular to this machine: edited by hand
cache/           the board, its files and its sentences, for the time without a network (`cache`)

What the screen shows and says is no part of it: the server keeps that (`server.wire_displays.DisplaySettings`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, ClassVar, Final, get_args

from device_client.place import DevicePlace, SettingsError, checked_port, typed
from display_client.power import Method

AGENT: Final = "nouba-display"
PORT_DEFAULT: Final = 8171
MEMORY_MB_DEFAULT: Final = 900
"""A board with pictures and a short video takes a third of it."""
MEMORY_MB_MIN: Final = 200
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """What `display.toml` may say: what is particular to this machine."""

    port: int = PORT_DEFAULT
    browser: str = ""
    """Path of Chromium; "" looks for it."""
    player: str = ""
    """The program that plays sound; "" looks for it."""
    sound_device: str = ""
    """Which loudspeaker, as the player calls it; "" is the machine's own choice."""
    memory_mb_max: int = MEMORY_MB_DEFAULT
    reload_at: str = "03:00"
    """When Chromium is started anew each night, by the branch's clock; "" never."""
    screen_power: str = "auto"
    """How the screen is switched: a `power.Method`."""

    @property
    def reload_time(self) -> time | None:
        return time.fromisoformat(self.reload_at) if self.reload_at else None

    @property
    def sound_environment(self) -> dict[str, str]:
        """What tells each of the players which loudspeaker: they all read it from their environment."""
        names = ("PIPEWIRE_NODE", "PULSE_SINK", "ALSA_CARD")
        return dict.fromkeys(names, self.sound_device) if self.sound_device else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(DevicePlace):
    """The data folder; every file of a display is in it."""

    program: ClassVar[str] = AGENT
    thing: ClassVar[str] = "display"
    settings_name: ClassVar[str] = "display.toml"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def board(self) -> Path:
        """The last board (`keeping.Keeper`)."""
        return self.cache / "board.json"

    def settings(self) -> MachineSettings:
        """Raises SettingsError naming what is wrong; a missing file is all defaults."""
        raw = self.raw_settings()
        try:
            return checked(raw)
        except SettingsError as error:
            raise SettingsError(f"{self.settings_file}: {error}") from error

    def keep_settings(self, settings: MachineSettings) -> None:
        """Write them with what each one means."""
        self.keep_settings_text(_as_toml(settings))


def checked(raw: Mapping[str, Any]) -> MachineSettings:
    """Raises SettingsError naming the key."""
    settings = typed(MachineSettings, raw)
    checked_port(settings.port)
    if settings.memory_mb_max < MEMORY_MB_MIN:
        raise SettingsError(f"memory_mb_max: must be at least {MEMORY_MB_MIN}")
    if settings.reload_at and not _TIME.fullmatch(settings.reload_at):
        raise SettingsError('reload_at: must be a time such as "03:00", or ""')
    if settings.screen_power not in get_args(Method):
        raise SettingsError(f"screen_power: must be one of {', '.join(get_args(Method))}")
    return settings


def _as_toml(settings: MachineSettings) -> str:
    return f"""\
# Port of the display's own page; only this machine can reach it.
port = {settings.port}

# Path of Chromium; "" looks for it.
browser = {json.dumps(settings.browser)}

# What plays sound: pw-play, paplay or aplay; "" takes the first that is there.
player = {json.dumps(settings.player)}

# Which loudspeaker, as the player calls it (doctor lists the cards); "" is the machine's own choice.
sound_device = {json.dumps(settings.sound_device)}

# Chromium is started anew, between calls, when it takes more memory than this.
memory_mb_max = {settings.memory_mb_max}

# Chromium is started anew each night at this time, by the branch's clock; "" never.
reload_at = {json.dumps(settings.reload_at)}

# How the screen is switched off outside opening hours: {", ".join(get_args(Method))}.
screen_power = {json.dumps(settings.screen_power)}
"""

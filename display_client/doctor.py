"""`nouba-display doctor`: looks at everything a display needs, and says in plain words what to do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from device_client.doctor import (
    Finding,
    Heard,
    Verdict,
    browser_of,
    clock_of,
    disk_of,
    pairing_of,
    server_of,
    settings_of,
)
from device_client.place import Identity
from device_client.program import is_running
from display_client.keeping import Keeper, Kept, clock_after
from display_client.player import PlayerFailed, find_player, player_advice, why_none
from display_client.power import ScreenFailure, find_screen
from display_client.settings import MachineSettings, Place
from server.clock import SystemClock
from server.voice import sound

SOUND_CARDS: Final = Path("/proc/asound/cards")
CHIME_SECONDS_MAX: Final = 5.0
SCREEN_OFF_SECONDS: Final = 3.0
_DAY_SECONDS: Final = 86_400


@dataclass(slots=True)
class _Patient:
    """What one check learns and a later one needs."""

    place: Place
    with_sound: bool
    with_screen: bool
    identity: Identity | None = None
    settings: MachineSettings = field(default_factory=MachineSettings)
    learned: Heard = field(default_factory=Heard)


def examine(place: Place, *, with_sound: bool, with_screen: bool) -> list[Finding]:
    """Every check, in the order in which faults are best mended."""
    patient = _Patient(place, with_sound, with_screen)
    checks: tuple[Callable[[_Patient], Iterator[Finding]], ...] = (
        _pairing,
        _settings,
        _server,
        _clock,
        _disk,
        _program,
        _board,
        _browser,
        _sound,
        _screen,
    )
    return [finding for check in checks for finding in check(patient)]


def _pairing(patient: _Patient) -> Iterator[Finding]:
    patient.identity, finding = pairing_of(patient.place)
    yield finding


def _settings(patient: _Patient) -> Iterator[Finding]:
    place = patient.place
    settings, finding = settings_of(place.settings, place.settings_file)
    patient.settings = settings or patient.settings
    yield finding


def _server(patient: _Patient) -> Iterator[Finding]:
    if patient.identity is not None:
        yield from server_of(
            patient.place,
            patient.identity,
            patient.learned,
            without_it="the screen says meanwhile how old its calls are",
        )


def _clock(patient: _Patient) -> Iterator[Finding]:
    yield clock_of(patient.learned.ahead_seconds)


def _disk(patient: _Patient) -> Iterator[Finding]:
    yield disk_of(
        patient.place, without_it="without it the screen is empty after a start without a network"
    )


def _program(patient: _Patient) -> Iterator[Finding]:
    if not patient.place.folder.exists():
        return
    if is_running(patient.place):
        yield Finding(subject="program", verdict="ok", text="nouba-display runs")
    else:
        advice = "systemctl start nouba-display, or type nouba-display run"
        yield Finding(subject="program", verdict="note", text="does not run", advice=advice)


def _board(patient: _Patient) -> Iterator[Finding]:
    """What the screen shows when it starts without a network."""
    keeper = Keeper(patient.place.board)
    kept, failed_at = keeper.read(), keeper.failed_at
    if kept.at is None:
        verdict: Verdict = "note"
        text = "none yet: a start without a network would show an empty screen"
        advice = "nouba-display run keeps one as soon as the server has answered"
    else:
        seconds = _board_seconds(patient, kept, kept.at)
        # A hall that is closed changes nothing for days: then the program need only run, and the server answer.
        is_followed = patient.learned.ahead_seconds is not None and is_running(patient.place)
        is_young = is_followed or (seconds is not None and seconds <= _DAY_SECONDS)
        verdict = "ok" if is_young else "note"
        text = (
            f"as the server had it {_ago(seconds)}"
            if seconds is not None
            else "of an unknown age: this machine's clock lies before it"
        )
        advice = "" if is_young else "has nouba-display run since then, and did the server answer?"
    if failed_at is not None:
        verdict = "fault"
        text += f"; it could not be kept {_ago(SystemClock().now().timestamp() - failed_at)}"
        advice = f"make room on the disk; may this program's user write in {keeper.folder}?"
    yield Finding(subject="cached board", verdict=verdict, text=text, advice=advice)


def _board_seconds(patient: _Patient, kept: Kept, at: datetime) -> float | None:
    """How old it is, by the server's clock; None when nobody knows the time."""
    ahead = patient.learned.ahead_seconds
    if ahead is not None:
        return (SystemClock().now() + timedelta(seconds=ahead) - at).total_seconds()
    clock = clock_after(kept)
    return None if clock.is_lost else (clock.now() - at).total_seconds()


def _browser(patient: _Patient) -> Iterator[Finding]:
    yield browser_of(patient.settings.browser, patient.place.settings_file)


def _sound(patient: _Patient) -> Iterator[Finding]:
    yield from _cards()
    os.environ.update(patient.settings.sound_environment)
    player = find_player(patient.settings.player)
    if player is None:
        wanted = patient.settings.player
        yield Finding(
            subject="player",
            verdict="fault",
            text=why_none(wanted, patient.place.settings_file),
            advice=player_advice(wanted),
        )
        return
    try:
        if patient.with_sound:
            chime = sound.write(sound.chime())
            player.start(chime, volume_percent=100, title="chime").wait(CHIME_SECONDS_MAX)
        else:
            player.check()
    except (PlayerFailed, OSError) as error:
        yield Finding(
            subject="player",
            verdict="fault",
            text=str(error),
            advice="is the loudspeaker's cable in; may this user play (adduser nouba-display audio)?",
        )
        return
    text = (
        "the chime was played: did you hear it?" if patient.with_sound else "a sound can be played"
    )
    advice = "" if patient.with_sound else "nouba-display doctor --sound lets you hear it"
    yield Finding(subject="player", verdict="ok", text=text, advice=advice)


def _cards() -> Iterator[Finding]:
    try:
        names = sound_cards(SOUND_CARDS.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        names = []
    if names:
        yield Finding(subject="sound cards", verdict="ok", text=", ".join(names))
    else:
        advice = "plug in a loudspeaker on USB, or a screen with loudspeakers on HDMI"
        yield Finding(subject="sound cards", verdict="note", text="none", advice=advice)


def _screen(patient: _Patient) -> Iterator[Finding]:
    screen = find_screen(patient.settings.screen_power)
    if screen.method == "none":
        yield Finding(
            subject="screen power",
            verdict="note",
            text="none here: the screen stays on",
            advice=(
                "asked over SSH, the screen's own session is not seen; else apt install wlopm or wlr-randr "
                "(Wayland), x11-xserver-utils (X), v4l-utils (HDMI-CEC)"
            ),
        )
        return
    try:
        if patient.with_screen:
            screen.switch(on=False)
            time.sleep(SCREEN_OFF_SECONDS)
            screen.switch(on=True)
    except ScreenFailure as failure:
        yield Finding(
            subject="screen power",
            verdict="fault",
            text=f"{screen.method}: {failure}",
            advice=f"set another screen_power in {patient.place.settings_file}",
        )
        return
    said = "went off and on: did you see it?" if patient.with_screen else "by the branch's hours"
    yield Finding(subject="screen power", verdict="ok", text=f"{screen.method}, {said}")


def sound_cards(listing: str) -> list[str]:
    """The cards of `/proc/asound/cards`, as ALSA_CARD names them and as people call them."""
    found = []
    for line in listing.splitlines():
        parts = line.strip().split(maxsplit=1)
        if len(parts) == 2 and parts[0].isdecimal() and parts[1].startswith("["):
            name, _, what = parts[1][1:].partition("]")
            found.append(f"{name.strip()} ({what.lstrip(' :').strip()})")
    return found


def _ago(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min ago"
    hours = round(minutes / 60)
    return f"{hours} h ago" if hours < 48 else f"{round(hours / 24)} days ago"

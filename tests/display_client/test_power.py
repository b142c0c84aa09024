"""When the screen is wanted, which way it is switched, and what happens when it does not obey."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from display_client.power import (
    AGAIN_SECONDS,
    RETRY_SECONDS,
    Method,
    ScreenFailure,
    ScreenKeeper,
    find_screen,
    is_screen_wanted,
)
from server.domain.hours import Hours, HoursRule, Span
from tests.builders import CASABLANCA, HandSteady

CLOSED: tuple[Span, ...] = ()
OFFICE = (Span(start=time(8, 30), end=time(12, 0)), Span(start=time(14, 0), end=time(16, 30)))
LATE_SHOW = (Span(start=time(20, 0), end=time(0, 0)),)
HOURS = Hours(
    zone=CASABLANCA,
    rules=(HoursRule(weekdays=(OFFICE, OFFICE, OFFICE, OFFICE, LATE_SHOW, CLOSED, CLOSED)),),
)
MONDAY = (2026, 9, 21)


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 9, 20 + day, hour, minute, tzinfo=ZoneInfo("Africa/Casablanca"))


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (at(1, 7, 59), False),
        (at(1, 8, 0), True),
        (at(1, 12, 29), True),
        (at(1, 12, 30), False),
        (at(1, 13, 30), True),
        (at(1, 16, 59), True),
        (at(1, 17, 0), False),
        (at(5, 19, 30), True),
        (at(5, 23, 59), True),
        (at(6, 0, 29), True),
        (at(6, 0, 30), False),
        (at(7, 10, 0), False),
    ],
)
def test_the_screen_follows_the_hours(moment: datetime, *, wanted: bool) -> None:
    assert is_screen_wanted(HOURS, moment, has_people=False) is wanted
    assert is_screen_wanted(HOURS, moment, has_people=True), "never dark before people"
    assert is_screen_wanted(None, moment, has_people=False), "nor when the hours are not known"


# ---------------------------------------------------------------- ways


def program(folder: Path, name: str, body: str = "") -> None:
    """A program on the PATH that notes how it was called."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho {name} "$@" >> "{folder}/called"\n{body}\n')
    path.chmod(0o755)


def called(folder: Path) -> list[str]:
    try:
        return (folder / "called").read_text().splitlines()
    except FileNotFoundError:
        return []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def no_cec(tmp_path: Path) -> Path:
    return tmp_path / "none"


@pytest.mark.parametrize(
    ("present", "environment", "found"),
    [
        (("wlopm", "wlr-randr"), {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "wlopm"),
        (("wlr-randr",), {"WAYLAND_DISPLAY": "wayland-0"}, "wlr-randr"),
        (("xset", "wlopm"), {"DISPLAY": ":0"}, "xset"),
        (("wlopm", "wlr-randr"), {}, "none"),
    ],
)
def test_the_way_is_found_by_the_session(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    present: tuple[str, ...],
    environment: Mapping[str, str],
    found: Method,
) -> None:
    folder = tmp_path / "bin"
    for name in present:
        program(folder, name, "[ $# = 0 ] && echo HDMI-A-1 on")
    monkeypatch.setenv("PATH", str(folder))
    assert find_screen("auto", environment, devices=no_cec(tmp_path)).method == found
    assert find_screen("none", environment, devices=no_cec(tmp_path)).method == "none"
    assert find_screen("cec", environment, devices=no_cec(tmp_path)).method == "cec", (
        "as it was set"
    )


def test_a_television_is_switched_over_hdmi(tmp_path: Path, programs: Path) -> None:
    devices = tmp_path / "dev"
    devices.mkdir()
    (devices / "cec1").touch()
    program(programs, "cec-ctl")
    screen = find_screen("auto", {}, devices=devices)
    assert screen.method == "cec"
    screen.switch(on=False)
    screen.switch(on=True)
    device = devices / "cec1"
    assert called(programs) == [
        f"cec-ctl -d {device} --playback --to 0 --standby",
        f"cec-ctl -d {device} --playback --to 0 --image-view-on",
    ]


def test_a_desktop_that_cannot_switch_its_outputs_leaves_it_to_the_television(
    tmp_path: Path, programs: Path
) -> None:
    """cage of Debian 12 has no protocol for it: wlr-randr is there, and always fails."""
    devices = tmp_path / "dev"
    devices.mkdir()
    (devices / "cec0").touch()
    program(programs, "wlr-randr", 'echo "compositor doesn\'t support it"; exit 1')
    program(programs, "cec-ctl")
    wayland = {"WAYLAND_DISPLAY": "wayland-0"}
    assert find_screen("auto", wayland, devices=devices).method == "cec"
    assert find_screen("auto", wayland, devices=no_cec(tmp_path)).method == "none"


def test_each_output_of_wayland_is_switched(tmp_path: Path, programs: Path) -> None:
    listing = 'cat <<\'END\'\nHDMI-A-1 "Samsung"\n  Enabled: yes\n  Modes:\nDP-1 "Other"\nEND'
    program(programs, "wlr-randr", f"if [ $# = 0 ]; then {listing}\nfi")
    find_screen("wlr-randr", {}, devices=tmp_path).switch(on=False)
    assert called(programs) == [
        "wlr-randr",
        "wlr-randr --output HDMI-A-1 --off",
        "wlr-randr --output DP-1 --off",
    ]


def test_x_is_kept_from_switching_off_by_itself(tmp_path: Path, programs: Path) -> None:
    program(programs, "xset")
    screen = find_screen("xset", {}, devices=tmp_path)
    screen.switch(on=True)
    screen.switch(on=False)
    assert called(programs) == [
        "xset s off",
        "xset dpms 0 0 0",
        "xset dpms force on",
        "xset dpms force off",
    ]


def test_a_failure_says_what_the_program_said(tmp_path: Path, programs: Path) -> None:
    program(programs, "wlopm", "echo 'no such protocol' >&2; exit 1")
    with pytest.raises(ScreenFailure, match="wlopm: no such protocol"):
        find_screen("wlopm", {}, devices=tmp_path).switch(on=False)
    (programs / "xset").write_text("no program")
    with pytest.raises(ScreenFailure, match="xset"):
        find_screen("xset", {}, devices=tmp_path).switch(on=False)


def test_a_program_that_hangs_is_ended(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("display_client.power.COMMAND_SECONDS_MAX", 0.3)
    program(programs, "wlopm", "exec sleep 60")
    with pytest.raises(ScreenFailure, match="hangs"):
        find_screen("wlopm", {}, devices=tmp_path).switch(on=False)


# ---------------------------------------------------------------- the keeper


class Lamp:
    """A screen that obeys unless told otherwise."""

    method: Method = "wlopm"

    def __init__(self) -> None:
        self.told: list[bool] = []
        self.is_deaf = False

    def switch(self, *, on: bool) -> None:
        self.told.append(on)
        if self.is_deaf:
            raise ScreenFailure("deaf")


def test_it_is_told_once_and_again_when_it_should_be_on() -> None:
    steady, lamp = HandSteady(), Lamp()
    wanted = True
    keeper = ScreenKeeper(lamp, lambda: wanted, steady)
    for _ in range(5):
        keeper.look()
    assert lamp.told == [True]
    steady.seconds += AGAIN_SECONDS
    keeper.look()
    assert lamp.told == [True, True], "somebody may have pressed its button"
    wanted = False
    keeper.look()
    steady.seconds += 2 * AGAIN_SECONDS
    keeper.look()
    assert lamp.told == [True, True, False], "who lights it at night has a reason"
    keeper.leave_on()
    assert lamp.told[-1], "nobody is left to light it"


def test_a_deaf_screen_is_told_again_in_time() -> None:
    steady, lamp = HandSteady(), Lamp()
    lamp.is_deaf = True
    keeper = ScreenKeeper(lamp, lambda: False, steady)
    for _ in range(5):
        keeper.look()
    assert lamp.told == [False]
    steady.seconds += RETRY_SECONDS
    lamp.is_deaf = False
    keeper.look()
    keeper.look()
    assert lamp.told == [False, False]

"""The real Chromium under the real supervisor: killed, frozen, silent, crashed, too large, anew at night."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from PIL import Image

from device_client.place import SettingsError
from display_client.browser import (
    FLAGS,
    Limits,
    Supervisor,
    browser_command,
    has_passed,
    limits_of,
    session_memory_bytes,
)
from display_client.devtools import PIPE_FLAG
from display_client.settings import MachineSettings, Place
from display_client.watch import SCREENSHOT_BYTES_MAX, RemoteWatch, Watch
from tests.display_client.screens import Hall, a_command, served, supervised, until

PATIENT = Limits(memory_mb_max=5000, reload_time=None)
NIGHT = datetime(2026, 9, 23, 2, 59, tzinfo=UTC)


def test_the_command_line_is_the_displays(tmp_path: Path) -> None:
    line = browser_command(Place(folder=tmp_path), MachineSettings(browser=sys.executable), 8171)
    assert line[0] == sys.executable
    assert line[1 : 1 + len(FLAGS)] == list(FLAGS)
    assert line[-1] == "http://127.0.0.1:8171/"
    assert PIPE_FLAG in FLAGS
    assert not {"--no-sandbox", "--disable-web-security"} & set(FLAGS)
    assert not any(flag.startswith("--remote-debugging-port") for flag in FLAGS), "no port is open"
    with pytest.raises(SettingsError, match="apt install chromium"):
        browser_command(Place(folder=tmp_path), MachineSettings(browser="/none"), 8171)


def test_limits_are_the_settings() -> None:
    limits = limits_of(MachineSettings(memory_mb_max=300, reload_at=""))
    assert (limits.memory_mb_max, limits.reload_time) == (300, None)
    assert limits_of(MachineSettings()).reload_time == time(3, 0)


@pytest.mark.parametrize(
    ("before", "now", "struck"),
    [
        ("2026-09-23T02:59:59", "2026-09-23T03:00:00", True),
        ("2026-09-23T03:00:00", "2026-09-23T03:00:01", False),
        ("2026-09-22T23:00:00", "2026-09-23T02:00:00", False),
        ("2026-09-22T23:00:00", "2026-09-23T04:00:00", True),
        ("2026-09-23T03:30:00", "2026-09-23T02:30:00", False),
    ],
)
def test_the_clock_strikes_once(before: str, now: str, *, struck: bool) -> None:
    moments = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (before, now))
    assert has_passed(time(3, 0), *moments) is struck


# ---------------------------------------------------------------- the real browser


@contextmanager
def screen(
    folder: Path, hall: Hall, limits: Limits, *, is_remote: bool = False
) -> Iterator[tuple[Watch, Supervisor]]:
    """A display whose page has asked for news."""
    watch = hall.watch()
    with (
        served(hall, watch) as port,
        supervised(
            a_command(folder, port), RemoteWatch(port) if is_remote else watch, limits
        ) as supervisor,
    ):
        until(lambda: hall.loads, "the page asks for news")
        yield watch, supervisor


@pytest.mark.browser
def test_a_screenshot_is_the_page_small_and_taken_once(tmp_path: Path) -> None:
    hall = Hall()
    with screen(tmp_path, hall, PATIENT) as (watch, supervisor):
        assert watch.page_state() == "ok"
        until(watch.is_watched, "the supervisor looks")
        watch.screenshot(7)
        until(lambda: hall.pictures, "a picture is taken")
        watch.reload()
        until(lambda: len(hall.loads) == 2, "the page is loaded anew")
        assert supervisor.starts == 1
    ((order, jpeg),) = hall.pictures
    assert order == 7
    assert len(jpeg) <= SCREENSHOT_BYTES_MAX
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    assert picture.width == 640
    assert picture.height == 360
    top, bottom = picture.getpixel((630, 5)), picture.getpixel((630, picture.height - 5))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] < 60 < 200 < bottom[0], "the page's own colours"


@pytest.mark.browser
def test_a_service_of_its_own_does_the_same_over_loopback(tmp_path: Path) -> None:
    hall = Hall()
    with screen(tmp_path, hall, PATIENT, is_remote=True) as (watch, _):
        watch.screenshot(3)
        until(lambda: hall.pictures, "a picture is handed over")
        watch.reload()
        until(lambda: len(hall.loads) == 2, "the page is loaded anew")
    assert hall.pictures[0][0] == 3


@pytest.mark.browser
@pytest.mark.parametrize("said", ["freeze", "fall silent"])
def test_a_page_that_asks_no_more_is_started_anew(tmp_path: Path, said: str) -> None:
    hall = Hall()
    limits = replace(PATIENT, silent_seconds_max=3)
    with screen(tmp_path, hall, limits) as (_, supervisor):
        hall.say = said
        until(lambda: len(hall.loads) == 2, "a new page asks for news")
        assert supervisor.starts == 2


@pytest.mark.browser
def test_a_page_that_crashes_is_started_anew_at_once(tmp_path: Path) -> None:
    hall = Hall()
    with screen(tmp_path, hall, replace(PATIENT, silent_seconds_max=50)) as (_, supervisor):
        until(lambda: supervisor.is_attached, "the supervisor is attached")
        for renderer in _renderers(supervisor.session):
            os.kill(renderer, signal.SIGKILL)
        until(lambda: len(hall.loads) == 2, "a new page asks for news", seconds=40)
        assert supervisor.starts == 2


@pytest.mark.browser
def test_a_browser_that_is_killed_is_started_anew(tmp_path: Path) -> None:
    hall = Hall()
    with screen(tmp_path, hall, PATIENT) as (_, supervisor):
        first = supervisor.session
        os.killpg(first, signal.SIGKILL)
        until(lambda: len(hall.loads) == 2, "a new page asks for news")
        assert supervisor.session != first
    assert session_memory_bytes(first) == 0
    assert session_memory_bytes(supervisor.session) == 0, "none of its processes is left behind"


@pytest.mark.browser
def test_a_browser_that_grows_is_started_anew_in_a_quiet_moment(tmp_path: Path) -> None:
    hall = Hall(is_quiet=False)
    limits = replace(PATIENT, memory_mb_max=40, memory_look_seconds=0.2)
    with screen(tmp_path, hall, limits) as (_, supervisor):
        first = supervisor.session
        until(lambda: session_memory_bytes(first) > 40_000_000, "it takes memory")
        assert supervisor.starts == 1, "not while somebody is called"
        hall.is_quiet = True
        until(lambda: supervisor.session != first, "it is started anew")


@pytest.mark.browser
def test_a_browser_is_started_anew_at_night(tmp_path: Path) -> None:
    hall = Hall(is_quiet=False, now=NIGHT)
    limits = Limits(memory_mb_max=5000, reload_time=time(3, 0), ran_seconds_min=0)
    with screen(tmp_path, hall, limits) as (watch, supervisor):
        until(watch.is_watched, "the supervisor has seen the time")
        until(lambda: supervisor.has_seen_time, "it looks at the clock")
        hall.now = NIGHT + timedelta(minutes=2)
        hall.is_quiet = True
        until(lambda: len(hall.loads) == 2, "a new page asks for news")
        assert supervisor.starts == 2


def test_a_browser_that_cannot_start_is_tried_again_and_again_slowly(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'a').write('x')"
    watch = Hall().watch()
    with supervised([sys.executable, "-c", code], watch, PATIENT) as supervisor:
        until(lambda: seen.exists() and len(seen.read_text()) >= 2, "it is tried again")
    assert supervisor.starts <= 4


def _renderers(session: int) -> Iterator[int]:
    """The processes that hold pages."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                line = (folder / "cmdline").read_text()
                if os.getsid(int(folder.name)) == session and "--type=renderer" in line:
                    yield int(folder.name)

"""Chromium on the display's page: started, looked at each second, started anew when it does not do its work."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Final

import structlog

from device_client import browser
from device_client.browser import Browser, command_line, find_browser, why_none
from device_client.pages import HOST
from device_client.place import SettingsError
from display_client.devtools import PIPE_FLAG, DevTools, DevToolsFailure, start_with_pipe
from display_client.power import Screen, ScreenKeeper
from display_client.settings import MachineSettings, Place
from display_client.watch import SILENT_SECONDS_MAX, Watched, Wishes

FLAGS: Final = (
    *browser.FLAGS,
    "--hide-scrollbars",
    "--disable-background-timer-throttling",  # a dark or covered screen keeps up with the calls
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disk-cache-size=52428800",  # the program keeps the files; a second copy wears out the card
    PIPE_FLAG,  # pictures, reloads and crashes, by a pipe of its parent: no port is open
)
"""The whole command line but for the profile and the page. docs/display.md explains it; a test compares the two."""
START_SECONDS_MAX: Final = 40.0
"""From its start to the page's first question: a small computer reads Chromium from a slow card."""
RAN_SECONDS_MIN: Final = 4 * 3600.0
"""A browser that was started anew less long ago is not started anew for the night."""
MEMORY_LOOK_SECONDS: Final = 10.0
PROGRAM_WAIT_SECONDS_MAX: Final = 60.0
"""How long its start waits for the page to be there: else it would begin with an error page."""
_MEGABYTE: Final = 1_000_000
_PROC: Final = Path("/proc")
_PAGE_BYTES: Final = 4096
_SESSION_FIELD: Final = 3
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a browser is started anew."""

    memory_mb_max: int
    reload_time: clock_time | None
    silent_seconds_max: float = SILENT_SECONDS_MAX
    start_seconds_max: float = START_SECONDS_MAX
    ran_seconds_min: float = RAN_SECONDS_MIN
    memory_look_seconds: float = MEMORY_LOOK_SECONDS


def limits_of(settings: MachineSettings) -> Limits:
    """As `display.toml` sets them."""
    return Limits(memory_mb_max=settings.memory_mb_max, reload_time=settings.reload_time)


def browser_command(place: Place, settings: MachineSettings, port: int) -> list[str]:
    """Chromium on the display's own page. Raises SettingsError when there is none."""
    found = find_browser(settings.browser)
    if found is None:
        why = why_none(settings.browser, place.settings_file)
        raise SettingsError(f"{why}: apt install chromium, or name one in display.toml")
    return command_line(found, place.browser_profile, f"http://{HOST}:{port}/", flags=FLAGS)


class Supervisor(Browser):
    """Start `run` in a thread of its own."""

    def __init__(
        self,
        command: Sequence[str],
        watched: Watched,
        *,
        limits: Limits,
        screen: Screen,
        memory_bytes: Callable[[int], int] | None = None,
    ) -> None:
        super().__init__(command, lambda: 0.0)
        self._watched = watched
        self._limits = limits
        self._memory_bytes = memory_bytes or session_memory_bytes
        self._keeper = ScreenKeeper(screen, lambda: self._is_screen_on)
        self._is_screen_on = True
        self._devtools: DevTools | None = None
        self.session = 0
        """The process that leads all of the browser's."""
        self._reloads: int | None = None
        self._local_time: datetime | None = None
        self._is_night_due = False
        self._memory_looked = 0.0
        self._picture: threading.Thread | None = None

    def run(self) -> None:
        """Keep one running until `stop`, and the screen on or off."""
        keeper = threading.Thread(target=self._keep_screen, name="nouba-screen", daemon=True)
        keeper.start()
        super().run()
        keeper.join()

    @property
    def is_attached(self) -> bool:
        """Whether the page can be spoken to."""
        return self._devtools is not None and self._devtools.is_attached

    @property
    def has_seen_time(self) -> bool:
        """Whether the branch's clock was looked at since the start."""
        return self._local_time is not None

    def launch(self) -> subprocess.Popen[bytes]:
        """Once the page is there to be opened. Raises OSError."""
        self._wait_for_page()
        process, self._devtools = start_with_pipe(self._command)
        self.session = process.pid
        self._is_night_due = False
        return process

    def find_fault(self, ran_seconds: float) -> str | None:
        wishes = self._watched.wishes()
        if wishes is None:
            return None  # the program is started anew; the page waits for it, and so does this
        self._is_screen_on = wishes.is_screen_on
        self._attach()
        assert self._devtools is not None, "it was launched"
        if self._devtools.has_crashed.is_set():
            return "crashed"
        if self._is_silent(wishes, ran_seconds):
            return "silent"
        self._do_orders(wishes)
        self._note_night(wishes, ran_seconds)
        if not wishes.is_quiet:
            return None
        if self._is_night_due:
            return "night"
        return "memory" if self._is_too_large() else None

    def after_end(self) -> None:
        if self._devtools is not None:
            self._devtools.close()
            self._devtools = None

    def _is_silent(self, wishes: Wishes, ran_seconds: float) -> bool:
        if wishes.quiet_seconds >= ran_seconds:  # this browser's page has not asked yet
            return ran_seconds > self._limits.start_seconds_max
        return wishes.quiet_seconds > self._limits.silent_seconds_max

    def _attach(self) -> None:
        assert self._devtools is not None, "it was launched"
        with suppress(DevToolsFailure):
            self._devtools.attach()

    def _do_orders(self, wishes: Wishes) -> None:
        known, self._reloads = self._reloads, wishes.reload
        if known is not None and wishes.reload > known:
            self._reload()
        order = wishes.screenshot
        if order is not None and (self._picture is None or not self._picture.is_alive()):
            # Beside the loop: handing it over may wait for the server.
            self._picture = threading.Thread(
                target=self._take_picture, args=(order,), name="nouba-picture", daemon=True
            )
            self._picture.start()

    def _reload(self) -> None:
        assert self._devtools is not None, "it was launched"
        try:
            self._devtools.reload()
        except DevToolsFailure as failure:  # a page that is frozen is soon found silent
            _log.warning("page_not_reloaded", why=str(failure))

    def _take_picture(self, order: int) -> None:
        devtools = self._devtools
        if devtools is None:
            return
        try:
            self._watched.hand_screenshot(order, devtools.screenshot())
        except (
            DevToolsFailure
        ) as failure:  # the order stays open for a while: the next look tries again
            _log.warning("screenshot_not_taken", why=str(failure))

    def _note_night(self, wishes: Wishes, ran_seconds: float) -> None:
        before, self._local_time = self._local_time, wishes.local_time
        at = self._limits.reload_time
        if before is None or at is None or ran_seconds < self._limits.ran_seconds_min:
            return
        if has_passed(at, before, wishes.local_time):
            self._is_night_due = True

    def _is_too_large(self) -> bool:
        if time.monotonic() - self._memory_looked < self._limits.memory_look_seconds:
            return False
        self._memory_looked = time.monotonic()
        taken = self._memory_bytes(self.session)
        if taken <= self._limits.memory_mb_max * _MEGABYTE:
            return False
        _log.warning("browser_too_large", megabytes=taken // _MEGABYTE, heap=self._heap_bytes())
        return True

    def _heap_bytes(self) -> int | None:
        assert self._devtools is not None, "it was launched"
        try:
            return self._devtools.heap_bytes()
        except DevToolsFailure:
            return None

    def _keep_screen(self) -> None:
        while not self._stopping.wait(1.0):
            try:
                self._keeper.look()
            except Exception:
                _log.exception("screen_error")
        self._keeper.leave_on()

    def _wait_for_page(self) -> None:
        until = time.monotonic() + PROGRAM_WAIT_SECONDS_MAX
        while self._watched.wishes() is None and time.monotonic() < until:
            if self._stopping.wait(0.5):
                return


def has_passed(at: clock_time, before: datetime, now: datetime) -> bool:
    """Whether the clock has struck `at` after `before` and by `now`; a clock that was set back strikes nothing."""
    due = datetime.combine(before.date(), at, before.tzinfo)
    if due <= before:
        due += timedelta(days=1)
    return due <= now


def session_memory_bytes(session: int, proc: Path = _PROC) -> int:
    """What all processes of a session take, a page that several share counted once as far as can be known."""
    total = 0
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
                fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(fields[_SESSION_FIELD]) == session:
                    total += _memory_bytes(folder)
    return total


def _memory_bytes(folder: Path) -> int:
    """Its share (PSS); of a sandboxed process, which may not be asked, what is its own alone."""
    with suppress(OSError):
        for line in (folder / "smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    _, resident, shared, *_ = (folder / "statm").read_text(encoding="ascii").split()
    return (int(resident) - int(shared)) * _PAGE_BYTES

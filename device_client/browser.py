"""Chromium, full screen, on the device's own page: started, watched, started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = (
    "--kiosk",  # full screen, without a bar, a menu or a way out
    "--ozone-platform-hint=auto",  # Wayland (cage) where there is one, else X
    "--no-first-run",  # no welcome
    "--noerrdialogs",  # no boxes over the page
    "--hide-crash-restore-bubble",  # after a power cut no "restore pages?"
    "--disable-session-crashed-bubble",
    "--disable-infobars",
    "--disable-translate",
    "--disable-features=Translate,OverscrollHistoryNavigation,MediaRouter",
    "--autoplay-policy=no-user-gesture-required",  # what speaks or moves does so without a tap
    "--password-store=basic",  # no wallet that asks for a password
    "--disable-background-networking",
    "--disable-component-update",  # nothing is fetched beside the page
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--check-for-update-interval=31536000",
)
"""What every device starts it with; each program adds its own. The docs explain them; a test compares the two."""
RESTART_SECONDS_MAX: Final = 10.0
LASTED_SECONDS: Final = 60.0
"""A browser that ran this long did not fail at its start: the next one comes at once."""
SILENT_SECONDS_MAX: Final = 60.0
"""The page asks every two seconds. A browser that is silent this long shows an error page, or hangs."""
STOP_SECONDS_MAX: Final = 5.0
FAILED_LOOKS_MAX: Final = 15
"""A browser that could not be looked at so often in a row is started anew."""
_LOOK_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


def find_browser(path: str) -> str | None:
    """The browser named, else the first of `NAMES` on this machine."""
    return shutil.which(path) if path else next(filter(None, map(shutil.which, NAMES)), None)


def why_none(path: str, settings_file: Path) -> str:
    """What is wrong where `find_browser` found none: the setting, if it names one."""
    return f'browser = "{path}" in {settings_file}: no such program' if path else "no Chromium here"


def command_line(
    browser: str, profile: Path, url: str, *, flags: Sequence[str] = FLAGS
) -> list[str]:
    """What is started: all of it but for the profile and the page is in `flags`."""
    return [browser, *flags, f"--user-data-dir={profile}", url]


class Browser:
    """Start `run` in a thread of its own; `quiet_seconds` tells how long ago the page last asked anything."""

    def __init__(
        self,
        command: Sequence[str],
        quiet_seconds: Callable[[], float],
        *,
        silent_seconds_max: float = SILENT_SECONDS_MAX,
    ) -> None:
        self._command = command
        self._quiet_seconds = quiet_seconds
        self._silent_seconds_max = silent_seconds_max
        self._stopping = threading.Event()
        self.starts = 0
        self._failed_looks = 0

    def run(self) -> None:
        """Keep one running until `stop`."""
        pause = _LOOK_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._run_once()
            except Exception:
                # The loop must outlive a bug: log it whole, breathe, go on.
                _log.exception("browser_error")
            pause = 0.0 if time.monotonic() - began > LASTED_SECONDS else pause
            self._stopping.wait(pause)
            pause = min(max(pause * 2, _LOOK_SECONDS), RESTART_SECONDS_MAX)

    def stop(self) -> None:
        self._stopping.set()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it. Raises OSError."""
        # A group of its own: a browser is many processes, and all of them must go.
        return subprocess.Popen(  # noqa: S603 (our own command line)
            self._command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=None
        )

    def find_fault(self, ran_seconds: float) -> str | None:
        """Why it must be started anew, None while all is well; asked each second."""
        silent = min(self._quiet_seconds(), ran_seconds)
        return "silent" if silent > self._silent_seconds_max else None

    def after_end(self) -> None:
        """All its processes are gone."""

    def fault_of_a_look(self, ran_seconds: float) -> str | None:
        """As `find_fault`. One look that fails ends no browser: the page goes on showing calls."""
        try:
            fault = self.find_fault(ran_seconds)
        except Exception:
            self._failed_looks += 1
            _log.exception("browser_look_error")
            return "error" if self._failed_looks >= FAILED_LOOKS_MAX else None
        self._failed_looks = 0
        return fault

    def _run_once(self) -> None:
        try:
            process = self.launch()
        except OSError as error:
            _log.error("browser_not_started", problem=str(error))
            return
        self.starts += 1
        self._failed_looks = 0
        began = time.monotonic()
        fault = None
        try:
            while process.poll() is None and not self._stopping.wait(_LOOK_SECONDS):
                fault = self.fault_of_a_look(time.monotonic() - began)
                if fault is not None:
                    break
        finally:
            _end(process)
            self.after_end()
        if not self._stopping.is_set():
            ran = round(time.monotonic() - began)
            _log.warning("browser_ended", why=fault or "ended", code=process.returncode, ran=ran)


def _end(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS_MAX)
            if kind is signal.SIGTERM:
                continue  # its children may have stayed
            return

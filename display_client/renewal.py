"""A new version of the program is taken up by itself: this one ends in a quiet moment, systemd starts the new one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import structlog

from server.pages.rendering import ROOT

LOOK_SECONDS: Final = 30.0
SETTLED_SECONDS: Final = 60.0
"""An update takes a while: it is over when nothing has changed for this long."""
TRIAL_SECONDS_MAX: Final = 60.0
PACKAGES: Final = ("server", "device_client", "display_client", "templates", "translations")
_ENDINGS: Final = frozenset({".py", ".html", ".mo", ".po"})
_log = structlog.get_logger(__name__)


def fingerprint(root: Path = ROOT) -> str:
    """Of the files that this program is made of, by name, size and time; and of the version that is installed."""
    known = hashlib.sha256(_installed().encode())
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in _ENDINGS:
                try:
                    facts = path.stat()
                except OSError:  # it goes while we look
                    continue
                known.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return known.hexdigest()


class Renewal:
    """Start `run` in a thread of its own."""

    def __init__(
        self,
        *,
        is_quiet: Callable[[], bool],
        end: Callable[[], None],
        fingerprint: Callable[[], str] = fingerprint,
        starts: Callable[[], bool] | None = None,
        steady: Callable[[], float] = time.monotonic,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`starts` tells whether the new program can be started at all; `end` ends this one."""
        self._is_quiet = is_quiet
        self._end = end
        self._fingerprint = fingerprint
        self._starts = starts or new_one_starts
        self._steady = steady
        self._look_seconds = look_seconds
        self._stopping = threading.Event()
        self._own = self._seen = fingerprint()
        self._changed = steady()
        self._refused = ""
        self._is_over = False

    def run(self) -> None:
        """Look now and then until `stop`."""
        while not self._stopping.wait(self._look_seconds):
            try:
                self.look()
            except Exception:
                # In the middle of an update anything may be missing: the next look tells.
                _log.exception("renewal_error")

    def stop(self) -> None:
        self._stopping.set()

    def look(self) -> None:
        """End this program if another one is here, whole, able to start, and nobody is being called."""
        now = self._fingerprint()
        if now != self._seen:
            self._seen, self._changed = now, self._steady()
            return
        if self._is_over or now in (self._own, self._refused):
            return
        if self._steady() - self._changed < SETTLED_SECONDS or not self._is_quiet():
            return
        if not self._starts():
            # The old one goes on: a screen with yesterday's program is better than none.
            self._refused = now
            _log.error("new_version_does_not_start")
            return
        _log.info("new_version_taken_up")
        self._is_over = True
        self._end()


def new_one_starts() -> bool:
    """Whether what is on the disk now can be loaded, tried in a process of its own."""
    trial = "import display_client.cli, display_client.running, display_client.doctor"
    try:
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-c", trial],
            timeout=TRIAL_SECONDS_MAX,
            check=False,
            capture_output=True,
            cwd=ROOT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _installed() -> str:
    try:
        # While an update is half done there is no version: the library gives None for it, or a KeyError.
        return distribution("nouba").version or ""
    except (PackageNotFoundError, KeyError):
        return ""

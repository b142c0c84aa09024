"""The screen goes off when the branch is closed, and on before it opens: by Wayland, X, or HDMI's own wire (CEC).

Whoever supervises Chromium does it (`browser`), for only in its session is the screen to be reached.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Protocol

import structlog

from server.domain.hours import Hours

Method = Literal["auto", "wlopm", "wlr-randr", "xset", "cec", "none"]

EARLY: Final = timedelta(minutes=30)
"""Before the branch opens: people wait at the door, and a screen takes its time to warm up."""
LATE: Final = timedelta(minutes=30)
"""After it has closed: the last of the line is still served."""
COMMAND_SECONDS_MAX: Final = 10.0
"""CEC is slow: a screen may take seconds to answer."""
RETRY_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 600.0
"""A screen that ought to be on is told so again: somebody has pressed its button, or it slept."""
CEC_DEVICES: Final = Path("/dev")
_TELEVISION: Final = "0"
_log = structlog.get_logger(__name__)


def is_screen_wanted(hours: Hours | None, now: datetime, *, has_people: bool) -> bool:
    """On around the branch's hours; on while anybody waits or is called; on when the hours are not known."""
    if hours is None or has_people:
        return True
    local = hours.local(now)
    # The day before and the day after too: a span may end at midnight, and minutes reach over it.
    for day in (local.date() + timedelta(days=offset) for offset in (-1, 0, 1)):
        for span in hours.spans(day):
            opens = datetime.combine(day, span.start, local.tzinfo)
            closes = datetime.combine(day, span.end, local.tzinfo)
            if closes <= opens:
                closes += timedelta(days=1)
            if opens - EARLY <= local < closes + LATE:
                return True
    return False


class ScreenFailure(Exception):
    """The screen could not be told; the message is what the program said."""


class Screen(Protocol):
    """One way to switch the screen."""

    @property
    def method(self) -> Method: ...

    def switch(self, *, on: bool) -> None:
        """Raises ScreenFailure."""


@dataclass(frozen=True, slots=True)
class NoScreen:
    """A screen that nobody can switch: it stays on."""

    method: Method = "none"

    def switch(self, *, on: bool) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Wlopm:
    """Wayland's own power switch, of every output."""

    method: Method = "wlopm"

    def switch(self, *, on: bool) -> None:
        _run(["wlopm", "--on" if on else "--off", "*"])


@dataclass(frozen=True, slots=True)
class WlrRandr:
    """Wayland by enabling and disabling each output, where wlopm is not packaged."""

    method: Method = "wlr-randr"

    def switch(self, *, on: bool) -> None:
        outputs = _output_names(_run(["wlr-randr"]))
        if not outputs:
            raise ScreenFailure("wlr-randr knows no output")
        for name in outputs:
            _run(["wlr-randr", "--output", name, "--on" if on else "--off"])


@dataclass(frozen=True, slots=True)
class XDpms:
    """X: the monitor's power signal."""

    method: Method = "xset"

    def switch(self, *, on: bool) -> None:
        if on:
            # The X server's own timers would switch it off again in the middle of the day.
            _run(["xset", "s", "off"])
            _run(["xset", "dpms", "0", "0", "0"])
        _run(["xset", "dpms", "force", "on" if on else "off"])


@dataclass(frozen=True, slots=True)
class Cec:
    """A television's own standby, over the HDMI cable."""

    device: str
    method: Method = "cec"

    def switch(self, *, on: bool) -> None:
        word = "--image-view-on" if on else "--standby"
        # A device without an address on the wire may say nothing: it takes one first.
        _run(["cec-ctl", "-d", self.device, "--playback", "--to", _TELEVISION, word])


def find_screen(
    wanted: str, environment: Mapping[str, str] = os.environ, *, devices: Path = CEC_DEVICES
) -> Screen:
    """The way that was set, else the first that this session and machine have."""
    cec = next((str(path) for path in sorted(devices.glob("cec[0-9]*"))), "/dev/cec0")
    ways: dict[str, Screen] = {
        "wlopm": Wlopm(),
        "wlr-randr": WlrRandr(),
        "xset": XDpms(),
        "cec": Cec(cec),
    }
    if wanted != "auto":
        return ways.get(wanted, NoScreen())
    has_wayland = bool(environment.get("WAYLAND_DISPLAY"))
    fits = {
        # Not every Wayland desktop lets its outputs be switched: cage of Debian 12 does not.
        "wlopm": has_wayland and _answers("wlopm"),
        "wlr-randr": has_wayland and _answers("wlr-randr"),
        # Under Wayland DISPLAY may name a second, unseen X server.
        "xset": bool(environment.get("DISPLAY")) and not has_wayland and _has("xset"),
        "cec": Path(cec).exists() and _has("cec-ctl"),
    }
    return next((ways[name] for name, does in fits.items() if does), NoScreen())


class ScreenKeeper:
    """Brings the screen to what is wanted, and tries again when it did not obey. `look` is called each second."""

    def __init__(
        self,
        screen: Screen,
        wanted: Callable[[], bool],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._wanted = wanted
        self._steady = steady
        self._done: bool | None = None
        self._next = 0.0

    def look(self) -> None:
        """Switch if that is due; never raises."""
        on = self._wanted()
        if on == self._done and (not on or self._steady() < self._next):
            return
        if on != self._done and self._done is None and self._steady() < self._next:
            return  # the last try failed; it is tried again in its time
        try:
            self._screen.switch(on=on)
        except ScreenFailure as failure:
            _log.warning("screen_not_switched", on=on, method=self._screen.method, why=str(failure))
            self._done, self._next = None, self._steady() + RETRY_SECONDS
            return
        if on != self._done:
            _log.info("screen_switched", on=on, method=self._screen.method)
        self._done, self._next = on, self._steady() + AGAIN_SECONDS

    def leave_on(self) -> None:
        """Before this program ends: a dark screen with nobody to light it would be taken for broken."""
        if self._done is False:
            try:
                self._screen.switch(on=True)
            except ScreenFailure as failure:
                _log.warning("screen_not_switched", on=True, why=str(failure))


def _has(program: str) -> bool:
    return shutil.which(program) is not None


def _answers(program: str) -> bool:
    """Whether it is here and, asked for the outputs, can list them in this session."""
    if not _has(program):
        return False
    try:
        return bool(_output_names(_run([program])))
    except ScreenFailure:
        return False


def _output_names(listing: str) -> list[str]:
    """The first word of each line that is not indented, as in `HDMI-A-1 "Samsung (HDMI-A-1)"`."""
    return [line.split()[0] for line in listing.splitlines() if line and not line[0].isspace()]


def _run(command: list[str]) -> str:
    """Bounded in time. Raises ScreenFailure."""
    try:
        done = subprocess.run(  # noqa: S603 (our own command line)
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS_MAX,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise ScreenFailure(f"{command[0]} hangs") from error
    except OSError as error:
        raise ScreenFailure(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ScreenFailure(f"{command[0]}: {said[-1] if said else f'code {done.returncode}'}")
    return done.stdout

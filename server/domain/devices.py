"""Kiosks and screens that signed in with a code: how they are, which fault staff should know, when they are lost."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from server.domain.displays import Display
from server.domain.errors import Invalid
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId, DeviceId
from server.domain.roles import Role
from server.wire_devices import DeviceKind, DeviceReport, DeviceState

CODE_DIGITS = 6
PAIRING_LIVES = timedelta(minutes=10)
"""How long a code may be typed, and after that how long its token may be fetched."""
PAIRINGS_OPEN_MAX = 1_000
"""Codes shown at one time: one in a thousand guesses would hit, and nothing is gained by a hit."""
SILENT = timedelta(seconds=30)
"""A device that has not reported for this long is not seen any more."""
SKEW_SECONDS_MAX = 60.0
"""A clock that is off by more prints a wrong time on every ticket."""
NAME_LENGTH_MAX = 60
UNSEEN = (
    "["
    r"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2"
    r"\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f"
    "]"
)
"""Characters that turn, break or hide text (Unicode's Cc, Cf, Cs, Zl, Zp), as Python and JSON Schema both write them:
a machine that nobody knows yet may propose a name."""
_unseen = re.compile(UNSEEN)
_PRINTERS_AT_EASE = frozenset({"ok", "none"})
_PAGE_FAULTS = {"frozen": "page_frozen", "none": "no_page"}
"""A display says `none` only when its browser has had the time to open a page (`display_client/watch.py`)."""
_JOURNAL_FAULTS = {"broken": "journal_broken", "full": "journal_full"}
ROLES: dict[DeviceKind, Role] = {"kiosk": Role.KIOSK, "display": Role.DISPLAY}
"""What the token of a device may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One machine of a branch. `report` is the last one; `state` is what the last event told."""

    id: DeviceId
    branch: BranchId
    kind: DeviceKind
    name: str
    token: int | None
    """None until the device has fetched it."""
    printer: int | None = None
    """Where the server prints its tickets; None for a device that prints by itself."""
    state: DeviceState
    report: DeviceReport
    last_seen_at: datetime | None = None
    first_used_at: datetime | None = None
    """When the token was first used; from then on nobody can fetch another."""
    revoked_at: datetime | None = None
    display: Display | None = None
    """Of a display alone."""

    @property
    def fault(self) -> str | None:
        """Its stable code; None when the device is not in fault."""
        return fault_of(self.report, is_silent=self._is_silent) if self.state == "fault" else None

    @property
    def _is_silent(self) -> bool:
        return self.display is not None and self.display.settings.is_silent

    def after(self, report: DeviceReport, now: datetime) -> Device:
        """The same device with a new report."""
        state = state_of(self.kind, report, is_silent=self._is_silent)
        return replace(self, state=state, report=report, last_seen_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A device that shows its code and waits; `device` is set when an administrator accepted it."""

    id: int
    kind: DeviceKind
    name: str | None
    """What the device calls itself."""
    version: str
    expires_at: datetime
    device: DeviceId | None


def fault_of(report: DeviceReport, *, is_silent: bool = False) -> str | None:
    """The one thing that somebody should mend first, as a stable code; None when there is nothing.

    A screen that shall be silent needs no sound.
    """
    if report.journal in _JOURNAL_FAULTS:
        return _JOURNAL_FAULTS[report.journal]
    if report.printer_state not in _PRINTERS_AT_EASE and report.printer_state != "unknown":
        return report.printer_state
    if report.paper == "end":
        return "paper_end"
    if report.page in _PAGE_FAULTS:
        return _PAGE_FAULTS[report.page]
    if report.sound == "fault" and not is_silent:
        return "no_sound"
    if report.clock_skew_seconds is not None and abs(report.clock_skew_seconds) > SKEW_SECONDS_MAX:
        return "clock_wrong"
    return None


def state_of(
    kind: DeviceKind, report: DeviceReport, *, is_silent: bool = False
) -> Literal["ok", "fault", "unknown"]:
    """What a report says in one word; a screen has no printer that could be unknown."""
    if fault_of(report, is_silent=is_silent) is not None:
        return "fault"
    return "unknown" if kind == "kiosk" and report.printer_state == "unknown" else "ok"


def reported(device: Device, report: DeviceReport, now: datetime) -> tuple[Device, Event | None]:
    """The device after a report; an event when staff would see a difference."""
    after = device.after(report, now)
    is_news = _shown(device) != _shown(after)
    return after, _changed(after, now) if is_news else None


def silent(device: Device, now: datetime) -> tuple[Device, Event] | None:
    """The device as not seen, once it has been silent for `SILENT`; None while there is no news."""
    is_known = device.last_seen_at is not None and device.state not in {"not_seen", "revoked"}
    if not is_known or device.last_seen_at is None or device.last_seen_at + SILENT > now:
        return None
    after = replace(device, state="not_seen")
    return after, _changed(after, now)


def revoked(device: Device, now: datetime) -> tuple[Device, Event]:
    """The device shut out for good."""
    after = replace(device, state="revoked", revoked_at=now)
    return after, event_of(EventKind.DEVICE_REVOKED, device.id, now)


def event_of(kind: EventKind, device: DeviceId, now: datetime, **more: str | int) -> Event:
    """A fact about a device: its id and what else is given."""
    return Event(kind=kind, at=now, data={"device": device, **more})


def read_code(text: str) -> str:
    """Six digits of any script, with or without gaps, as `123456`. Raises Invalid."""
    digits = [each for each in text if not each.isspace() and each != "-"]
    if len(digits) != CODE_DIGITS or not all(each.isdecimal() for each in digits):
        raise Invalid(f"a code has {CODE_DIGITS} digits", field="code")
    return "".join(str(unicodedata.decimal(each)) for each in digits)


def read_name(text: str) -> str:
    """What staff will call the device: any short text that can be written and seen. Raises Invalid."""
    name = text.strip()
    if not name or len(text) > NAME_LENGTH_MAX:
        raise Invalid(f"a name has 1 to {NAME_LENGTH_MAX} characters", field="name")
    if _unseen.search(text):
        raise Invalid("a name must not contain control characters", field="name")
    return name


def _shown(device: Device) -> tuple[object, ...]:
    """What staff see of a device, and so what an event is worth.

    When it was last seen is not, nor what it painted last: they move all the time.
    """
    report = device.report
    return (
        device.state,
        device.fault,
        report.printer_state,
        report.paper,
        report.waiting_to_sync,
        report.version,
        report.sound,
        report.page,
    )


def _changed(device: Device, now: datetime) -> Event:
    more: dict[str, str | int] = {"fault": device.fault} if device.fault else {}
    if device.kind == "display":
        more |= {"sound": device.report.sound, "page": device.report.page}
    return event_of(
        EventKind.DEVICE_CHANGED,
        device.id,
        now,
        state=device.state,
        paper=device.report.paper,
        waiting=device.report.waiting_to_sync,
        **more,
    )

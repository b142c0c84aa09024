"""What every device's doctor looks at, and says in plain words what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

from device_client.browser import find_browser, why_none
from device_client.clock import steady_seconds
from device_client.http import Away
from device_client.place import DevicePlace, Identity, SettingsError
from device_client.server import DeviceServer, Revoked
from server.clock import SystemClock
from server.domain.errors import Refusal
from server.wire_devices import DeviceCatalogue

SKEW_SECONDS_MAX: Final = 5.0
DISK_MEGABYTES_MIN: Final = 200

Verdict = Literal["ok", "note", "fault"]
Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `advice` is what to do about it, "" when it is well."""

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""

    @property
    def is_fault(self) -> bool:
        return self.verdict == "fault"


def line_of(finding: Finding) -> str:
    """As it is printed."""
    mark = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}[finding.verdict]
    advice = f"\n        → {finding.advice}" if finding.advice else ""
    return f"{mark}  {finding.subject}: {finding.text}{advice}"


@dataclass(slots=True)
class Heard:
    """What asking the server taught. `ahead_seconds` is how far its clock is ahead of this machine's."""

    catalogue: DeviceCatalogue | None = None
    ahead_seconds: float | None = None


def pairing_of(place: DevicePlace) -> tuple[Identity | None, Finding]:
    """Whether this device has a token, and nobody else can read it."""
    try:
        identity = place.identity()
    except SettingsError as error:
        advice = f"{place.program} pair --server URL; an administrator accepts the code"
        return None, Finding(subject="pairing", verdict="fault", text=str(error), advice=advice)
    text = f"{identity.name} of {identity.branch}, token kept for its owner alone"
    return identity, Finding(subject="pairing", verdict="ok", text=text)


def settings_of(read: Callable[[], Settings], file: Path) -> tuple[Settings | None, Finding]:
    """Whether `file` can be read; `read` raises SettingsError where it cannot."""
    try:
        settings = read()
    except SettingsError as error:
        advice = "correct that line"
        return None, Finding(subject="settings", verdict="fault", text=str(error), advice=advice)
    return settings, Finding(subject="settings", verdict="ok", text=str(file))


def server_of(
    place: DevicePlace, identity: Identity, learned: Heard, *, without_it: str
) -> Iterator[Finding]:
    """Whether the server answers and knows this device; `without_it` says what goes on meanwhile."""

    def heard(at: datetime, *, asked: float, answered: float) -> None:
        del asked, answered
        learned.ahead_seconds = (at - SystemClock().now()).total_seconds()

    server = DeviceServer(identity.server, token=identity.token, agent=place.program, heard=heard)
    began = steady_seconds()
    try:
        raw = server.catalogue(None)
        assert raw is not None, "no version was known"
        learned.catalogue = raw
        millis = round((steady_seconds() - began) * 1000)
        yield Finding(
            subject="server",
            verdict="ok",
            text=f"{identity.server} answered in {millis} ms, {len(raw.services)} services",
        )
    except Revoked:
        yield Finding(
            subject="server",
            verdict="fault",
            text=f"it does not know this {place.thing}'s token any more",
            advice=f"{place.program} pair --server URL, and accept it anew",
        )
    except (Away, Refusal) as error:
        yield Finding(
            subject="server",
            verdict="fault",
            text=f"{identity.server} does not answer ({error})",
            advice=f"look at the network cable, the address and the server; {without_it}",
        )
    finally:
        server.close()


def clock_of(server_ahead_seconds: float | None) -> Finding:
    """How far this machine's clock is off, as far as the server told the time."""
    if server_ahead_seconds is None:
        text = "cannot be compared while the server is away"
        return Finding(subject="clock", verdict="note", text=text)
    skew = round(-server_ahead_seconds, 1)
    text = f"{skew:+} s against the server"
    if abs(skew) <= SKEW_SECONDS_MAX:
        return Finding(subject="clock", verdict="ok", text=text)
    advice = "timedatectl set-ntp true; after a power cut a flat battery loses the time"
    return Finding(subject="clock", verdict="fault", text=text, advice=advice)


def disk_of(place: DevicePlace, *, without_it: str) -> Finding:
    """Whether there is room; `without_it` says what fails when there is none."""
    try:
        free = shutil.disk_usage(place.folder).free // 1_000_000
    except OSError as error:
        text = f"{place.folder}: {error.strerror}"
        return Finding(subject="disk", verdict="fault", text=text, advice="make that folder")
    enough = free >= DISK_MEGABYTES_MIN
    return Finding(
        subject="disk",
        verdict="ok" if enough else "fault",
        text=f"{free} MB free",
        advice="" if enough else f"make room: {without_it}",
    )


def browser_of(path: str, settings_file: Path) -> Finding:
    """Whether there is a Chromium; `path` is the one that the settings name."""
    found = find_browser(path)
    if found:
        return Finding(subject="browser", verdict="ok", text=found)
    advice = 'correct that line; browser = "" looks for it' if path else "apt install chromium"
    text = why_none(path, settings_file)
    return Finding(subject="browser", verdict="fault", text=text, advice=advice)

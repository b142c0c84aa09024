"""The data folder of a kiosk: beside what every device has (`device_client.place`),

kiosk.toml       printer, paper, port: written by `nouba-kiosk pair`, edited by hand
page_key         signs the forms of the kiosk's own page, mode 0600: made at the first start
journal.sqlite3  what was promised (`journal`)
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import structlog

from device_client.place import DevicePlace, SettingsError, checked_port, keep_private, typed
from server.delivery.channels import open_channel
from server.delivery.paper.ticket_paper import WidthDots

PORT_DEFAULT: Final = 8170
PAPER_DOTS: Final[dict[int, WidthDots]] = {58: 384, 80: 576}
"""Millimetres of the paper to dots of 203 dpi."""
_JOURNAL = "journal.sqlite3"
_PAGE_KEY = "page_key"
_PAGE_KEY_BYTES = 32
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KioskSettings:
    """What `kiosk.toml` may say. `printer` is an address as `nouba printer create` takes it, "" for none."""

    printer: str = ""
    paper_mm: int = 80
    port: int = PORT_DEFAULT
    browser: str = ""
    """Path of Chromium; "" looks for it."""

    @property
    def width_dots(self) -> WidthDots:
        return PAPER_DOTS[self.paper_mm]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(DevicePlace):
    """The data folder; every file of a kiosk is in it."""

    program: ClassVar[str] = "nouba-kiosk"
    thing: ClassVar[str] = "kiosk"
    settings_name: ClassVar[str] = "kiosk.toml"

    @property
    def journal(self) -> Path:
        return self.folder / _JOURNAL

    def page_key(self) -> bytes:
        """Signs the forms of the kiosk's own page, from one start to the next: a tap may be asked again after it.

        Made when there is none that is whole; one that cannot be kept is good until the program ends.
        """
        path = self.folder / _PAGE_KEY
        try:
            known = path.read_bytes()
        except OSError:
            known = b""
        if len(known) == _PAGE_KEY_BYTES:
            return known
        fresh = secrets.token_bytes(_PAGE_KEY_BYTES)
        try:
            keep_private(path, fresh)
        except OSError as error:
            _log.error("page_key_not_kept", problem=str(error))
        return fresh

    def settings(self) -> KioskSettings:
        """Raises SettingsError naming what is wrong; a missing file is all defaults."""
        raw = self.raw_settings()
        try:
            return checked(raw)
        except SettingsError as error:
            raise SettingsError(f"{self.settings_file}: {error}") from error

    def keep_settings(self, settings: KioskSettings) -> None:
        """Write them with what each one means."""
        self.keep_settings_text(_as_toml(settings))


def checked(raw: Mapping[str, Any]) -> KioskSettings:
    """Raises SettingsError naming the key."""
    settings = typed(KioskSettings, raw)
    if settings.paper_mm not in PAPER_DOTS:
        raise SettingsError("paper_mm: must be 58 or 80")
    checked_port(settings.port)
    if settings.printer:
        try:
            open_channel(settings.printer)
        except ValueError as error:
            raise SettingsError(f"printer: {error}") from error
    return settings


def _as_toml(settings: KioskSettings) -> str:
    return f"""\
# Where tickets come out, as in usb://04b8:0e15, file:///dev/usb/lp0 or tcp://10.0.0.7:9100; "" for no printer.
printer = {json.dumps(settings.printer)}

# Width of the paper in millimetres: 58 or 80.
paper_mm = {settings.paper_mm}

# Port of the kiosk's own page; only this machine can reach it.
port = {settings.port}

# Path of Chromium; "" looks for it.
browser = {json.dumps(settings.browser)}
"""

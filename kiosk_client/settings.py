"""The data folder of a kiosk: who it is (a secret), and what an installer may write down.

identity.json    server, branch and token: made by `nouba-kiosk pair`, mode 0600
kiosk.toml       printer, paper, port: written by `nouba-kiosk pair`, edited by hand
page_key         signs the forms of the kiosk's own page, mode 0600: made at the first start
journal.sqlite3  what was promised (`journal`)
browser/         Chromium's own folder
"""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog

from server.delivery.channels import open_channel
from server.delivery.paper.ticket_paper import WidthDots

PORT_DEFAULT: Final = 8170
PAPER_DOTS: Final[dict[int, WidthDots]] = {58: 384, 80: 576}
"""Millimetres of the paper to dots of 203 dpi."""
_IDENTITY = "identity.json"
_SETTINGS = "kiosk.toml"
_JOURNAL = "journal.sqlite3"
_PAGE_KEY = "page_key"
_PAGE_KEY_BYTES = 32
_PORT_MAX = 65_535
_PRIVATE = 0o600
_FOLDER_MODE = 0o700
_log = structlog.get_logger(__name__)


class SettingsError(Exception):
    """What is wrong, in words that tell an installer what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What pairing gave this machine. `token` is a secret: it is never logged or shown."""

    server: str
    branch: str
    device: int
    name: str
    token: str


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
class Place:
    """The data folder; every file of a kiosk is in it."""

    folder: Path

    @property
    def journal(self) -> Path:
        return self.folder / _JOURNAL

    @property
    def browser_profile(self) -> Path:
        return self.folder / "browser"

    @property
    def identity_file(self) -> Path:
        return self.folder / _IDENTITY

    @property
    def settings_file(self) -> Path:
        return self.folder / _SETTINGS

    def make(self) -> None:
        """Create the folder, for its owner alone. Raises SettingsError."""
        try:
            self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{self.folder}: cannot be made: {error.strerror}") from error

    def identity(self) -> Identity:
        """Raises SettingsError when this kiosk is not paired, or others may read its token."""
        try:
            raw = self.identity_file.read_bytes()
            mode = self.identity_file.stat().st_mode
        except FileNotFoundError as error:
            raise SettingsError(
                f"this kiosk is not paired ({self.identity_file} is missing): run nouba-kiosk pair --server URL"
            ) from error
        except OSError as error:
            raise SettingsError(
                f"{self.identity_file}: cannot be read: {error.strerror}"
            ) from error
        if mode & 0o077:
            raise SettingsError(f"{self.identity_file}: others may read it: chmod 600 it")
        try:
            return msgspec.json.decode(raw, type=Identity)
        except msgspec.DecodeError as error:
            raise SettingsError(
                f"{self.identity_file}: broken: run nouba-kiosk pair again"
            ) from error

    def keep_identity(self, identity: Identity) -> None:
        """Whole or not at all, and never readable by others, not even for a moment."""
        self.make()
        _keep_private(self.identity_file, json.dumps(asdict(identity), indent=1).encode())

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
            _keep_private(path, fresh)
        except OSError as error:
            _log.error("page_key_not_kept", problem=str(error))
        return fresh

    def settings(self) -> KioskSettings:
        """Raises SettingsError naming what is wrong; a missing file is all defaults."""
        try:
            raw = tomllib.loads(self.settings_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return KioskSettings()
        except (OSError, ValueError) as error:
            raise SettingsError(f"{self.settings_file}: {error}") from error
        try:
            return checked(raw)
        except SettingsError as error:
            raise SettingsError(f"{self.settings_file}: {error}") from error

    def keep_settings(self, settings: KioskSettings) -> None:
        """Write them with what each one means."""
        self.make()
        part = self.settings_file.with_suffix(".part")
        part.write_text(_as_toml(settings), encoding="utf-8")
        part.replace(self.settings_file)


def checked(raw: dict[str, Any]) -> KioskSettings:
    """Raises SettingsError naming the key."""
    unknown = raw.keys() - {field.name for field in fields(KioskSettings)}
    if unknown:
        raise SettingsError(f"unknown: {', '.join(sorted(unknown))}")
    for field in fields(KioskSettings):
        if field.name in raw and type(raw[field.name]) is not type(field.default):
            raise SettingsError(f"{field.name}: must be like {field.default!r}")
    settings = KioskSettings(**raw)
    if settings.paper_mm not in PAPER_DOTS:
        raise SettingsError("paper_mm: must be 58 or 80")
    if not 1 <= settings.port <= _PORT_MAX:
        raise SettingsError(f"port: must be 1 to {_PORT_MAX}")
    if settings.printer:
        try:
            open_channel(settings.printer)
        except ValueError as error:
            raise SettingsError(f"printer: {error}") from error
    return settings


def server_address(url: str) -> str:
    """`url` as it is kept. Raises SettingsError when no server can be there."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    else:
        fits = fits and not (parts.query or parts.fragment or parts.username or parts.password)
    if not fits:
        raise SettingsError(f"{url!r} is no address of a server, such as https://file.commune.ma")
    return url.rstrip("/")


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


def _keep_private(path: Path, content: bytes) -> None:
    """Whole or not at all, and for its owner alone. Raises OSError."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Without this the new name of the file may be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

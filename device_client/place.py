"""The data folder of a device: who it is (a secret), and what an installer may write down.

identity.json    server, branch and token: made by pairing, mode 0600
running.lock     held while the program runs (`program.alone`)
browser/         Chromium's own folder
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PORT_MAX: Final = 65_535
_IDENTITY = "identity.json"
_PRIVATE = 0o600
_FOLDER_MODE = 0o700

Settings = TypeVar("Settings", bound="DataclassInstance")


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
class DevicePlace:
    """The data folder; every file of a device is in it. Each program says its own three names."""

    program: ClassVar[str]
    """The command, as in `nouba-kiosk`."""
    thing: ClassVar[str]
    """What it is in a sentence, as in "kiosk"."""
    settings_name: ClassVar[str]
    """The file of its settings, as in `kiosk.toml`."""

    folder: Path

    @property
    def browser_profile(self) -> Path:
        return self.folder / "browser"

    @property
    def identity_file(self) -> Path:
        return self.folder / _IDENTITY

    @property
    def settings_file(self) -> Path:
        return self.folder / self.settings_name

    def make(self) -> None:
        """Create the folder, for its owner alone. Raises SettingsError."""
        try:
            self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{self.folder}: cannot be made: {error.strerror}") from error

    def identity(self) -> Identity:
        """Raises SettingsError when this device is not paired, or others may read its token."""
        try:
            raw = self.identity_file.read_bytes()
            mode = self.identity_file.stat().st_mode
        except FileNotFoundError as error:
            raise SettingsError(
                f"this {self.thing} is not paired ({self.identity_file} is missing): "
                f"run {self.program} pair --server URL"
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
                f"{self.identity_file}: broken: run {self.program} pair again"
            ) from error

    def keep_identity(self, identity: Identity) -> None:
        """Whole or not at all, and never readable by others, not even for a moment."""
        self.make()
        keep_private(self.identity_file, json.dumps(asdict(identity), indent=1).encode())

    def raw_settings(self) -> Mapping[str, Any]:
        """The file of settings as it is; empty when there is none. Raises SettingsError."""
        try:
            return tomllib.loads(self.settings_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise SettingsError(f"{self.settings_file}: {error}") from error

    def keep_settings_text(self, text: str) -> None:
        """Whole or not at all."""
        self.make()
        part = self.settings_file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(self.settings_file)


def typed(kind: type[Settings], raw: Mapping[str, Any]) -> Settings:
    """A dataclass of plain settings from TOML's words. Raises SettingsError naming the key."""
    known = {field.name: field for field in fields(kind)}
    unknown = raw.keys() - known.keys()
    if unknown:
        raise SettingsError(f"unknown: {', '.join(sorted(unknown))}")
    for name, field in known.items():
        if name in raw and type(raw[name]) is not type(field.default):
            raise SettingsError(f"{name}: must be like {field.default!r}")
    return kind(**raw)


def checked_port(port: int) -> None:
    """Raises SettingsError."""
    if not 1 <= port <= PORT_MAX:
        raise SettingsError(f"port: must be 1 to {PORT_MAX}")


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


def keep_private(path: Path, content: bytes) -> None:
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

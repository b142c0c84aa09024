"""What the commands of the programs beside a screen have in common."""

from __future__ import annotations

import signal
import sys
import threading
import zoneinfo
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar, cast

import click
import structlog

from device_client.pairing import PairingFailed
from device_client.place import DevicePlace, SettingsError
from server import logs
from server.config_schema import LogSettings

Command = TypeVar("Command", bound=Callable[..., object])
EXPECTED: Final = (SettingsError, PairingFailed)
"""Failures that say in a line what to do."""
_LOOK_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)
GROUP_SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class PlaceAt(Protocol):
    """A program's own kind of place."""

    def __call__(self, *, folder: Path) -> DevicePlace: ...


def data_folder(data: str | None, program: str) -> Path:
    """The folder named, else the program's own in this user's home."""
    return Path(data).absolute() if data else Path.home() / ".local" / "share" / program


def with_place(
    place_at: PlaceAt,
    program: str,
    *,
    thing: str,
    variable: str,
    failures: tuple[type[Exception], ...] = EXPECTED,
) -> Callable[[Command], Command]:
    """`--data`, and failures that are expected as one line and exit code 1."""
    option = click.option(
        "--data",
        envvar=variable,
        metavar="DIR",
        help=f"Folder of this {thing} ({variable}, else ~/.local/share/{program}).",
    )

    def decorated(command: Command) -> Command:
        @option
        @wraps(command)
        def wrapped(data: str | None, **options: Any) -> object:
            try:
                return command(place_at(folder=data_folder(data, program)), **options)
            except failures as error:
                raise click.ClickException(str(error)) from error

        return cast(Command, wrapped)

    return decorated


class InOrder(click.Group):
    """Lists its commands in the order in which an installer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def ended() -> threading.Event:
    """Set when the machine or a person asks this program to end."""
    event = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: event.set())
    return event


def wait_for_end(end: threading.Event, threads: Sequence[threading.Thread]) -> bool:
    """Until `end`, or until one of the threads has died: False, and whoever supervises must start all anew."""
    while not end.wait(_LOOK_SECONDS):
        dead = [thread.name for thread in threads if not thread.is_alive()]
        if dead and not end.is_set():
            _log.error("thread_died", threads=dead)
            return False
    return True


def configure_logs() -> None:
    """For a person when one looks on, else a JSON line each."""
    logs.configure(LogSettings(format="console" if sys.stderr.isatty() else "json"))


def own_zones() -> None:
    """The package tzdata is newer than most systems' own files, and Morocco moves its clock by decree."""
    zoneinfo.reset_tzpath(to=())

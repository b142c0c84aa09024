"""The `nouba-kiosk` command: pair this machine with a server, run the kiosk, find out what is wrong."""

from __future__ import annotations

import signal
import sys
import threading
import zoneinfo
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click

from kiosk_client.journal import JournalFailure
from kiosk_client.pairing import PairingFailed
from kiosk_client.settings import Place, SettingsError, checked, server_address
from server import logs
from server.config_schema import LogSettings

Command = TypeVar("Command", bound=Callable[..., object])
_PAPER: Final = click.Choice(["58", "80"])


def _with_place(command: Command) -> Command:
    """`--data`, and failures that are expected as one line and exit code 1."""

    @click.option(
        "--data",
        envvar="NOUBA_KIOSK_DATA",
        metavar="DIR",
        help="Folder of this kiosk (NOUBA_KIOSK_DATA, else ~/.local/share/nouba-kiosk).",
    )
    @wraps(command)
    def wrapped(data: str | None, **options: Any) -> object:
        try:
            return command(Place(folder=_folder(data)), **options)
        except (SettingsError, PairingFailed, JournalFailure) as error:
            raise click.ClickException(str(error)) from error

    return cast(Command, wrapped)


@click.command()
@click.option("--server", required=True, metavar="URL", help="Address of the server.")
@click.option("--name", default="", help="What staff will call this kiosk; the server may ask.")
@click.option("--printer", metavar="ADDRESS", help="Where tickets come out; kept in kiosk.toml.")
@click.option("--paper", type=_PAPER, help="Width of the paper in millimetres; kept in kiosk.toml.")
@_with_place
def pair(place: Place, /, server: str, name: str, printer: str | None, paper: str | None) -> None:
    """Show a code for an administrator, and keep the token that accepting it gives."""
    from kiosk_client import pairing
    from kiosk_client.running import is_running, program_version
    from kiosk_client.server import HttpServer

    address = server_address(server)
    place.make()
    if is_running(place):
        raise SettingsError(f"nouba-kiosk runs on {place.folder}: stop it before pairing anew")
    settings = place.settings()
    wishes = {"printer": printer, "paper_mm": int(paper) if paper else None}
    given = {name: value for name, value in wishes.items() if value is not None}
    checked(dict(given))
    place.keep_settings(replace(settings, **cast(Any, given)))
    link = HttpServer(address, token="", branch="", heard=lambda _at, *, asked, answered: None)
    try:
        identity = pairing.pair(
            link,
            place,
            address=address,
            name=name,
            version=program_version(),
            say=click.echo,
        )
    finally:
        link.close()
    click.echo(f"Paired: {identity.name} of {identity.branch}. Start it with: nouba-kiosk run")


@click.command()
@click.option("--no-browser", is_flag=True, help="Serve the page, but start no Chromium.")
@click.option("--port", type=int, help="Port of the page on this machine (kiosk.toml).")
@_with_place
def run(place: Place, /, no_browser: bool, port: int | None) -> None:
    """Give out tickets until told to end: the page, the printer, the link to the server, Chromium."""
    from kiosk_client import running

    logs.configure(LogSettings(format="console" if sys.stderr.isatty() else "json"))
    place.make()
    settings = place.settings()
    if port is not None:
        settings = replace(settings, port=port)
    with running.alone(place):
        kiosk = running.build(place, settings=settings, with_browser=not no_browser)
        ended = _ended()
        threads = kiosk.start()
        click.echo(f"The kiosk's page: {kiosk.url}")
        ended.wait()
        kiosk.stop(threads)


@click.command()
@_with_place
def browser(place: Place, /) -> None:
    """Keep Chromium full screen on the page of `nouba-kiosk run --no-browser`; for a service of its own."""
    from kiosk_client import running
    from kiosk_client.browser import Browser
    from kiosk_client.pages import quiet_seconds_of

    logs.configure(LogSettings(format="console" if sys.stderr.isatty() else "json"))
    settings = place.settings()
    command = running.browser_command(place, settings, settings.port)
    watched = Browser(command, lambda: quiet_seconds_of(settings.port))
    ended = _ended()
    thread = threading.Thread(target=watched.run, name="nouba-browser")
    thread.start()
    ended.wait()
    watched.stop()
    thread.join()


@click.command()
@_with_place
def doctor(place: Place, /) -> None:
    """Check server, clock, token, numbers, journal, printer, touch, browser, voice; say what to do."""
    from kiosk_client import doctor as checks

    findings = checks.examine(place)
    for finding in findings:
        click.echo(checks.line_of(finding))
    if any(finding.is_fault for finding in findings):
        sys.exit(1)


@click.command("test-print")
@_with_place
def test_print(place: Place, /) -> None:
    """Print a page with every script, a ruler and a QR."""
    from kiosk_client.printing_test import print_test_page

    click.echo(print_test_page(place))


COMMANDS: Final = (pair, run, browser, doctor, test_print)


class _InOrder(click.Group):
    """Lists its commands in the order in which an installer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands={command.name or "": command for command in COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="nouba", prog_name="nouba-kiosk")
def main() -> None:
    """Nouba on a kiosk: tickets with the server, and without it."""
    # The package tzdata is newer than most systems' own files, and Morocco moves its clock by decree.
    zoneinfo.reset_tzpath(to=())


def _folder(data: str | None) -> Path:
    return Path(data).absolute() if data else Path.home() / ".local" / "share" / "nouba-kiosk"


def _ended() -> threading.Event:
    """Set when the machine or a person asks this program to end."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended

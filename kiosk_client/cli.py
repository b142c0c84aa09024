"""The `nouba-kiosk` command: pair this machine with a server, run the kiosk, find out what is wrong."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import Any, Final, cast

import click

from device_client.commands import (
    EXPECTED,
    GROUP_SETTINGS,
    InOrder,
    configure_logs,
    ended,
    own_zones,
    wait_for_end,
    with_place,
)
from device_client.place import SettingsError, server_address
from kiosk_client.journal import JournalFailure
from kiosk_client.settings import Place, checked

_PAPER: Final = click.Choice(["58", "80"])
_with_place = with_place(
    Place,
    Place.program,
    thing=Place.thing,
    variable="NOUBA_KIOSK_DATA",
    failures=(*EXPECTED, JournalFailure),
)


@click.command()
@click.option("--server", required=True, metavar="URL", help="Address of the server.")
@click.option("--name", default="", help="What staff will call this kiosk; the server may ask.")
@click.option("--printer", metavar="ADDRESS", help="Where tickets come out; kept in kiosk.toml.")
@click.option("--paper", type=_PAPER, help="Width of the paper in millimetres; kept in kiosk.toml.")
@_with_place
def pair(place: Place, /, server: str, name: str, printer: str | None, paper: str | None) -> None:
    """Show a code for an administrator, and keep the token that accepting it gives."""
    from device_client.program import is_running, program_version
    from device_client.server import deaf
    from kiosk_client import pairing
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
    link = HttpServer(address, token="", branch="", heard=deaf)
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
    from device_client.program import alone
    from kiosk_client import running

    configure_logs()
    place.make()
    settings = place.settings()
    if port is not None:
        settings = replace(settings, port=port)
    with alone(place):
        kiosk = running.build(place, settings=settings, with_browser=not no_browser)
        end = ended()
        threads = kiosk.start()
        click.echo(f"The kiosk's page: {kiosk.url}")
        is_well = wait_for_end(end, threads)
        kiosk.stop(threads)
    if not is_well:
        sys.exit(1)


@click.command()
@_with_place
def browser(place: Place, /) -> None:
    """Keep Chromium full screen on the page of `nouba-kiosk run --no-browser`; for a service of its own."""
    from device_client.browser import Browser
    from device_client.pages import quiet_seconds_of
    from kiosk_client import running

    configure_logs()
    settings = place.settings()
    command = running.browser_command(place, settings, settings.port)
    watched = Browser(command, lambda: quiet_seconds_of(settings.port))
    end = ended()
    thread = threading.Thread(target=watched.run, name="nouba-browser")
    thread.start()
    is_well = wait_for_end(end, [thread])
    watched.stop()
    thread.join()
    if not is_well:
        sys.exit(1)


@click.command()
@_with_place
def doctor(place: Place, /) -> None:
    """Check server, clock, token, numbers, journal, printer, touch, browser, voice; say what to do."""
    from device_client.doctor import line_of
    from kiosk_client import doctor as checks

    findings = checks.examine(place)
    for finding in findings:
        click.echo(line_of(finding))
    if any(finding.is_fault for finding in findings):
        sys.exit(1)


@click.command("test-print")
@_with_place
def test_print(place: Place, /) -> None:
    """Print a page with every script, a ruler and a QR."""
    from kiosk_client.printing_test import print_test_page

    click.echo(print_test_page(place))


COMMANDS: Final = (pair, run, browser, doctor, test_print)


@click.group(
    cls=InOrder,
    commands={command.name or "": command for command in COMMANDS},
    context_settings=GROUP_SETTINGS,
)
@click.version_option(package_name="nouba", prog_name="nouba-kiosk")
def main() -> None:
    """Nouba on a kiosk: tickets with the server, and without it."""
    own_zones()

"""The `nouba-display` command: pair this machine with a server, run its screen, find out what is wrong."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from typing import Final

import click
from click.core import ParameterSource

from device_client.commands import (
    GROUP_SETTINGS,
    InOrder,
    configure_logs,
    data_folder,
    ended,
    own_zones,
    wait_for_end,
    with_place,
)
from device_client.place import SettingsError, server_address
from display_client.settings import AGENT, MachineSettings, Place, checked

LANGUAGES: Final = ("ar", "fr", "zgh", "en")
_DATA: Final = "NOUBA_DISPLAY_DATA"
_with_place = with_place(Place, Place.program, thing=Place.thing, variable=_DATA)


@click.command()
@click.option("--server", required=True, metavar="URL", help="Address of the server.")
@click.option("--name", default="", help="What staff will call this display; the server may ask.")
@_with_place
def pair(place: Place, /, server: str, name: str) -> None:
    """Show a code for an administrator, and keep the token that accepting it gives."""
    from device_client.program import is_running, program_version
    from device_client.server import DeviceServer, deaf
    from display_client import pairing

    address = server_address(server)
    place.make()
    if is_running(place):
        raise SettingsError(f"nouba-display runs on {place.folder}: stop it before pairing anew")
    link = DeviceServer(address, token="", agent=AGENT, heard=deaf)
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
    click.echo(f"Paired: {identity.name} of {identity.branch}. Start it with: nouba-display run")


@click.command()
@click.option("--no-browser", is_flag=True, help="Serve the page, but start no Chromium.")
@click.option("--port", type=int, help="Port of the page on this machine (display.toml).")
@_with_place
def run(place: Place, /, no_browser: bool, port: int | None) -> None:
    """Show and say the calls until told to end: the page, the voice, the link to the server, Chromium."""
    from device_client.program import alone
    from display_client import running
    from display_client.renewal import Renewal

    configure_logs()
    place.make()
    settings = _settings(place, port)
    os.environ.update(settings.sound_environment)
    with alone(place):
        display = running.build(place, settings=settings, with_browser=not no_browser)
        end = ended()
        threads = display.start()
        renewal = Renewal(is_quiet=display.is_quiet, end=end.set)
        threading.Thread(target=renewal.run, name="nouba-renewal", daemon=True).start()
        click.echo(f"The display's page: {display.url}")
        is_well = wait_for_end(end, threads)
        renewal.stop()
        display.stop(threads)
    if not is_well:
        sys.exit(1)


@click.command()
@click.option("--port", type=int, help="Port of the page on this machine (display.toml).")
@_with_place
def browser(place: Place, /, port: int | None) -> None:
    """Keep Chromium full screen on the page of `nouba-display run --no-browser`; for a service of its own."""
    from display_client.browser import Supervisor, browser_command, limits_of
    from display_client.power import find_screen
    from display_client.renewal import Renewal
    from display_client.watch import RemoteWatch

    configure_logs()
    place.make()
    settings = _settings(place, port)
    remote = RemoteWatch(settings.port)
    watched = Supervisor(
        browser_command(place, settings, settings.port),
        remote,
        limits=limits_of(settings),
        screen=find_screen(settings.screen_power),
    )
    end = ended()
    renewal = Renewal(is_quiet=remote.is_quiet, end=end.set)
    threading.Thread(target=renewal.run, name="nouba-renewal", daemon=True).start()
    thread = threading.Thread(target=watched.run, name="nouba-browser")
    thread.start()
    is_well = wait_for_end(end, [thread])
    renewal.stop()
    watched.stop()
    thread.join()
    if not is_well:
        sys.exit(1)


@click.command()
@click.option("--sound", is_flag=True, help="Play the chime on this machine's loudspeaker.")
@click.option("--screen", is_flag=True, help="Switch the screen off for three seconds, then on.")
@_with_place
def doctor(place: Place, /, sound: bool, screen: bool) -> None:
    """Check pairing, server, clock, disk, cached board, browser, sound, screen; say what to do."""
    from device_client.doctor import line_of
    from display_client import doctor as checks

    findings = checks.examine(place, with_sound=sound, with_screen=screen)
    for finding in findings:
        click.echo(line_of(finding))
    if any(finding.is_fault for finding in findings):
        sys.exit(1)


COMMANDS: Final = (pair, run, browser, doctor)


@click.group(
    cls=InOrder,
    commands={command.name or "": command for command in COMMANDS},
    context_settings=GROUP_SETTINGS,
    invoke_without_command=True,
)
@click.option("--text", is_flag=True, help="Show the board in this terminal; no screen is needed.")
@click.option("--server", default="", metavar="URL", help="With --text: a server to read from.")
@click.option("--branch", default="", metavar="SLUG", help="With --text: the branch there.")
@click.option("--language", type=click.Choice(LANGUAGES), help="With --text: one language.")
@click.option("--plain", is_flag=True, help="With --text: a line for each call, nothing else.")
@click.option(
    "--data",
    envvar=_DATA,
    metavar="DIR",
    help=f"With --text: folder of this display ({_DATA}, else ~/.local/share/nouba-display).",
)
@click.version_option(package_name="nouba", prog_name="nouba-display")
@click.pass_context
def main(
    context: click.Context,
    text: bool,
    server: str,
    branch: str,
    language: str | None,
    plain: bool,
    data: str | None,
) -> None:
    """Nouba beside a screen: the calls shown and said, with the server and without it."""
    own_zones()
    if text:
        if context.invoked_subcommand is not None:
            raise click.UsageError("--text is a way of its own: no command goes with it")
        _show_text(data, server, branch, language, is_plain=plain)
    elif server or branch or language or plain:
        raise click.UsageError("--server, --branch, --language and --plain go with --text")
    elif context.get_parameter_source("data") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--data goes with --text, or behind a command")
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())


def _show_text(
    data: str | None, server: str, branch: str, language: str | None, *, is_plain: bool
) -> None:
    """As a display that is paired, or as anybody who names a server and a branch: the board is public."""
    from display_client import text

    if bool(server) != bool(branch):
        raise click.UsageError("--server and --branch go together")
    try:
        place = None if server else Place(folder=data_folder(data, AGENT))
        address = server_address(server) if server else ""
        text.show(place, server=address, branch=branch, language=language, plain=is_plain)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _settings(place: Place, port: int | None) -> MachineSettings:
    settings = place.settings()
    if port is None:
        return settings
    checked({"port": port})
    return replace(settings, port=port)

"""`nouba device`: kiosks and screens that come in by a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from server.actions import devices, displays
from server.actions.hall import Caller, Hall
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import print_table
from server.db import device_views, reads
from server.domain.branch import Branch
from server.domain.displays import MODES, ORDER_KINDS, VOLUME_PERCENT_MAX
from server.domain.errors import Invalid, UnknownDevice, UnknownService
from server.domain.ids import DeviceId
from server.domain.look import DESK_MAX
from server.domain.roles import Role
from server.wire_devices import DeviceCard
from server.wire_displays import BoardMode, DisplaySettings, OrderKind


@click.group()
def device() -> None:
    """Let kiosks and screens in, and shut them out."""


@device.command("accept")
@branch_option
@click.argument("code")
@click.option("--name", help="What staff will call it (what it calls itself).")
@click.option("--printer", help="Its tickets come out of this printer of the server (its own).")
@with_place
def accept_device(
    place: Place, /, slug: str | None, code: str, name: str | None, printer: str | None
) -> None:
    """Let the device in that shows CODE on its screen."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        try:
            card = devices.accept_device(
                hall=hall, caller=_operator(branch), code=code, name=name, printer=printer, key=None
            ).value
        except Invalid as refusal:
            if refusal.details.get("field") != "name":
                raise
            raise click.ClickException(f"{refusal.message} (--name NAME)") from refusal
    click.echo(f"{card.kind} {card.name} accepted in {branch.slug}: it fetches its token by itself")


@device.command("list")
@branch_option
@with_place
def list_devices(place: Place, /, slug: str | None) -> None:
    """List the devices of a branch and how they are."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        cards = _cards(hall, branch)
    zone = branch.hours
    print_table(
        (
            "ID",
            "DEVICE",
            "KIND",
            "STATE",
            "PAPER",
            "TO SYNC",
            "ROOM",
            "PAINTED",
            "SOUND",
            "VERSION",
            "LAST SEEN",
        ),
        (
            (
                each.id,
                each.name,
                each.kind,
                f"{each.state}: {each.fault}" if each.fault else each.state,
                "" if each.display else each.paper,
                "" if each.display else each.waiting_to_sync,
                *_shown(each),
                each.version,
                f"{zone.local(each.last_seen_at):%Y-%m-%d %H:%M}" if each.last_seen_at else "",
            )
            for each in cards
        ),
    )


def _shown(card: DeviceCard) -> tuple[str, str, str]:
    """Room, version on the glass and sound of a display; a star marks who spoke last in the room."""
    if card.display is None:
        return "", "", ""
    shown = card.display
    painted = "" if shown.painted_seq is None else str(shown.painted_seq)
    sound = "silent" if shown.settings.is_silent else shown.sound
    return shown.settings.room + (" *" if shown.is_leader else ""), painted, sound


@device.command("change")
@branch_option
@click.argument("device_id", metavar="ID", type=click.IntRange(min=1))
@click.option("--room", help='Screens of one room take turns at speaking; "" for one of its own.')
@click.option(
    "--mode", type=click.Choice(list(MODES)), help="The languages in turn, or side by side."
)
@click.option(
    "--desk",
    type=click.IntRange(0, DESK_MAX),
    help="The number of the one desk whose panel it is; 0 for the whole board.",
)
@click.option("--lines", help='Codes or letters of the services it shows, with commas; "" for all.')
@click.option(
    "--speaks", help='Codes or letters of the services it calls aloud; "" for those it shows.'
)
@click.option(
    "--silent/--voice", "is_silent", default=None, help="It never speaks; `--voice`: it may."
)
@click.option(
    "--volume",
    type=click.IntRange(0, VOLUME_PERCENT_MAX),
    help="How loud it is, in percent.",
)
@with_place
def change_device(
    place: Place,
    /,
    slug: str | None,
    device_id: int,
    room: str | None,
    mode: BoardMode | None,
    desk: int | None,
    lines: str | None,
    speaks: str | None,
    is_silent: bool | None,
    volume: int | None,
) -> None:
    """Change what the display ID shows and says; what is not given stays."""
    asked = {
        "room": room,
        "mode": mode,
        "is_silent": is_silent,
        "volume_percent": volume,
    }
    changes: dict[str, Any] = {name: each for name, each in asked.items() if each is not None}
    if desk is not None:
        changes["desk"] = desk or None
    services = {"lines": lines, "speaks": speaks}
    wanted = {name: _words(each) for name, each in services.items() if each is not None}
    if not changes and not wanted:
        raise click.ClickException("nothing to change: give at least one option")
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        changes |= {name: _codes(hall, branch, words) for name, words in wanted.items()}
        card = displays.change_display(
            hall=hall,
            caller=_operator(branch),
            device_id=DeviceId(device_id),
            settings=_changed(hall, branch, device_id, changes),
            key=None,
        ).value
    click.echo(f"display {card.name} changed")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _codes(hall: Hall, branch: Branch, words: Sequence[str]) -> tuple[str, ...]:
    """The services' codes, each given as such or as the letter that stands on the wall. Raises UnknownService."""
    with hall.store.read() as connection:
        services = reads.services_of(connection, branch.id)
    by_word = {each.letter: each.code for each in services}
    by_word |= {each.code: each.code for each in services}
    for word in words:
        if word not in by_word:
            known = ", ".join(f"{each.code} ({each.letter})" for each in services) or "none"
            raise UnknownService(f"there is no service {word!r}; there are: {known}")
    return tuple(by_word[word] for word in words)


def _changed(
    hall: Hall, branch: Branch, device_id: int, changes: dict[str, Any]
) -> DisplaySettings:
    for card in _cards(hall, branch):
        if card.id == device_id and card.display is not None:
            return replace(card.display.settings, **changes)
    raise UnknownDevice(f"there is no display {device_id}; see: nouba device list")


@device.command("order")
@branch_option
@click.argument("device_id", metavar="ID", type=click.IntRange(min=1))
@click.argument("order", metavar="ORDER", type=click.Choice(ORDER_KINDS))
@with_place
def order_device(place: Place, /, slug: str | None, device_id: int, order: OrderKind) -> None:
    """Ask the display ID once: reload (its page), identify (say which one it is) or screenshot (a picture of it)."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        card = displays.order_display(
            hall=hall,
            caller=_operator(branch),
            device_id=DeviceId(device_id),
            order=order,
            key=None,
        ).value
    click.echo(f"display {card.name} is asked to {order}")


@device.command("rename")
@branch_option
@click.argument("name")
@click.argument("new_name", metavar="NEW")
@with_place
def rename_device(place: Place, /, slug: str | None, name: str, new_name: str) -> None:
    """Call the device NAME something else."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        found = _device(hall, branch, name)
        devices.rename_device(hall=hall, branch=branch.id, device_id=found, name=new_name)
    click.echo(f"device {name} is called {new_name} now")


@device.command("revoke")
@branch_option
@click.argument("name")
@with_place
def revoke_device(place: Place, /, slug: str | None, name: str) -> None:
    """Shut the device NAME out for good; the numbers it leased today are given to nobody else."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        found = _device(hall, branch, name)
        devices.revoke_device(hall=hall, caller=_operator(branch), device_id=found, key=None)
    click.echo(f"device {name} revoked")


def _operator(branch: Branch) -> Caller:
    """Whoever may type commands here administers every branch."""
    return Caller(scope="operator", role=Role.ADMIN, branch=branch.id)


def _cards(hall: Hall, branch: Branch) -> Sequence[DeviceCard]:
    with hall.store.read() as connection:
        return device_views.devices(connection, branch, hall.clock.now()).devices


def _device(hall: Hall, branch: Branch, name: str) -> DeviceId:
    cards = _cards(hall, branch)
    for card in cards:
        if card.name == name:
            return DeviceId(card.id)
    known = ", ".join(card.name for card in cards) or "none"
    raise UnknownDevice(f"there is no device {name!r}; there are: {known}")

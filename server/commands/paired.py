"""`nouba device`: kiosks and screens that come in by a code."""

from __future__ import annotations

from collections.abc import Sequence

import click

from server.actions import devices
from server.actions.hall import Caller, Hall
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import print_table
from server.db import device_views
from server.domain.branch import Branch
from server.domain.errors import UnknownDevice
from server.domain.ids import DeviceId
from server.domain.roles import Role
from server.wire_devices import DeviceCard


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
        card = devices.accept_device(
            hall=hall, caller=_operator(branch), code=code, name=name, printer=printer, key=None
        ).value
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
        ("ID", "DEVICE", "KIND", "STATE", "PAPER", "TO SYNC", "VERSION", "LAST SEEN"),
        (
            (
                each.id,
                each.name,
                each.kind,
                f"{each.state}: {each.fault}" if each.fault else each.state,
                each.paper,
                each.waiting_to_sync,
                each.version,
                f"{zone.local(each.last_seen_at):%Y-%m-%d %H:%M}" if each.last_seen_at else "",
            )
            for each in cards
        ),
    )


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

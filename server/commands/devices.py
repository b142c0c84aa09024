"""`nouba printer` and `nouba token`: paper, and the keys of kiosks, screens and programs."""

from __future__ import annotations

import click

from server.actions import amendments, settings
from server.actions.hall import Hall
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import print_table
from server.db import credentials, listings, reads
from server.domain.errors import Invalid, UnknownAgent, UnknownPrinter
from server.domain.ids import AgentId, BranchId
from server.domain.roles import STAFF_ROLES, Role

WIDTHS_DOTS = {"58": 384, "80": 576}
"""Dots across, at 203 dots an inch, by the width of the paper in millimetres."""
ADDRESSES = (
    "tcp://HOST:9100, usb://VENDOR:PRODUCT, serial:///dev/ttyUSB0, cups://QUEUE or file:///PATH."
)
_MILLIMETRES = {dots: millimetres for millimetres, dots in WIDTHS_DOTS.items()}


@click.group()
def printer() -> None:
    """Set up where tickets come out."""


@printer.command("create")
@branch_option
@click.argument("name")
@click.option("--address", required=True, help=ADDRESSES)
@click.option(
    "--width",
    type=click.Choice(list(WIDTHS_DOTS)),
    default="80",
    show_default=True,
    help="Width of the paper in millimetres.",
)
@with_place
def create_printer(place: Place, /, slug: str | None, name: str, address: str, width: str) -> None:
    """Create the printer NAME; the first of a branch is its default one."""
    _check_address(address)
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        settings.create_printer(
            hall=hall,
            branch=branch.id,
            name=name,
            address=address,
            width_dots=WIDTHS_DOTS[width],
        )
    click.echo(f"printer {name} created in {branch.slug}")


@printer.command("move")
@branch_option
@click.argument("name")
@click.option("--address", required=True, help=ADDRESSES)
@with_place
def move_printer(place: Place, /, slug: str | None, name: str, address: str) -> None:
    """Give the printer NAME another address."""
    _check_address(address)
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        amendments.move_printer(hall=hall, printer=_printer(hall, branch.id, name), address=address)
    click.echo(f"printer {name} is at {address}")


def _check_address(address: str) -> None:
    # Heavy for a command that only lists, and needed by these alone.
    from server.delivery.channels import open_channel

    try:
        open_channel(address)
    except ValueError as error:
        raise Invalid(str(error), field="address") from error


@printer.command("list")
@branch_option
@with_place
def list_printers(place: Place, /, slug: str | None) -> None:
    """List the printers of a branch, the default one first."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        with hall.store.read() as connection:
            printers = reads.printers_of(connection, branch.id)
    print_table(
        ("PRINTER", "ADDRESS", "PAPER", "STATE"),
        (
            (each.name, each.address, f"{_MILLIMETRES[each.width_dots]} mm", each.state)
            for each in printers
        ),
    )


@click.group()
def token() -> None:
    """Give kiosks, screens and programs their keys."""


@token.command("create")
@branch_option
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--label", help="Whose it is, for the list (its role).")
@click.option("--agent", "login", help="The person it acts for (roles of the staff).")
@click.option("--printer", "printer_name", help="Where tickets taken with it come out (kiosks).")
@with_place
def create_token(
    place: Place,
    /,
    slug: str | None,
    role: str,
    label: str | None,
    login: str | None,
    printer_name: str | None,
) -> None:
    """Create a token; it is shown this once, alone on standard output."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        token_id, made = settings.create_token(
            hall=hall,
            branch=branch.id,
            role=Role(role),
            label=label or role,
            agent=_agent(hall, branch.id, Role(role), login) if login else None,
            printer=_printer(hall, branch.id, printer_name) if printer_name else None,
        )
    click.echo(
        f"token {token_id} ({role}, {branch.slug}), shown this once; "
        f"to shut it out: nouba token revoke {token_id}",
        err=True,
    )
    click.echo(made)


@token.command("list")
@branch_option
@with_place
def list_tokens(place: Place, /, slug: str | None) -> None:
    """List the tokens of a branch, without what opens the doors."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        with hall.store.read() as connection:
            tokens = listings.tokens_of(connection, branch.id)
    zone = branch.hours
    print_table(
        ("ID", "ROLE", "LABEL", "AGENT", "PRINTER", "CREATED", "REVOKED"),
        (
            (
                each.id,
                each.role,
                each.label,
                each.agent or "",
                each.printer or "",
                f"{zone.local(each.created_at):%Y-%m-%d %H:%M}",
                f"{zone.local(each.revoked_at):%Y-%m-%d %H:%M}" if each.revoked_at else "",
            )
            for each in tokens
        ),
    )


@token.command("revoke")
@click.argument("token_id", metavar="ID", type=click.IntRange(min=1))
@with_place
def revoke_token(place: Place, /, token_id: int) -> None:
    """Shut the token ID out at once."""
    with place.hall() as hall:
        if not settings.revoke_token(hall=hall, token_id=token_id):
            raise click.ClickException(f"token {token_id} is unknown or was revoked before")
    click.echo(f"token {token_id} revoked")


def _agent(hall: Hall, branch: BranchId, role: Role, login: str) -> AgentId:
    if role not in STAFF_ROLES:
        raise Invalid(f"a {role} token acts for nobody: leave out --agent", field="agent")
    with hall.store.read() as connection:
        account = credentials.agent_by_login(connection, login)
    if account is None or account.branch != branch:
        raise UnknownAgent(f"nobody in this branch signs in as {login!r}")
    return account.agent.id


def _printer(hall: Hall, branch: BranchId, name: str) -> int:
    with hall.store.read() as connection:
        printers = reads.printers_of(connection, branch)
    for printer in printers:
        if printer.name == name:
            return printer.id
    known = ", ".join(printer.name for printer in printers) or "none"
    raise UnknownPrinter(f"there is no printer {name!r}; there are: {known}")

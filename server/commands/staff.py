"""`nouba desk` and `nouba agent`: where citizens are served, and by whom."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from server.actions import amendments, settings
from server.actions.amendments import new_password
from server.actions.hall import Hall
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import ServiceLag, changed, minutes_of, print_table, yes
from server.db import listings, reads
from server.domain.ids import Language
from server.domain.roles import STAFF_ROLES, Role

_password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input; otherwise one is made and shown once.",
)


@click.group()
def desk() -> None:
    """Set up the places where agents serve."""


@desk.command("create")
@branch_option
@click.argument("number", type=int)
@click.option(
    "--service",
    "lines",
    type=ServiceLag(),
    multiple=True,
    required=True,
    help="A service it serves; :MINUTES makes it a secondary one that stands back so long.",
)
@with_place
def create_desk(
    place: Place, /, slug: str | None, number: int, lines: tuple[tuple[str, timedelta], ...]
) -> None:
    """Create the desk NUMBER."""
    wanted = _lines(lines)
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        settings.create_desk(hall=hall, branch=branch.id, number=number, lines=wanted)
        settings.announce_catalogue(hall=hall, branch=branch.id)
    click.echo(f"desk {number} created in {branch.slug}")


@desk.command("change")
@branch_option
@click.argument("number", type=int)
@click.option(
    "--service",
    "lines",
    type=ServiceLag(),
    multiple=True,
    help="A service it serves from now on, instead of all before; :MINUTES makes it a secondary one.",
)
@with_place
def change_desk(
    place: Place, /, slug: str | None, number: int, lines: tuple[tuple[str, timedelta], ...]
) -> None:
    """Let the desk NUMBER serve other services, also while an agent sits there."""
    wanted = _lines(lines)
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        done = amendments.change_desk(hall=hall, branch=branch.id, number=number, lines=wanted)
    click.echo(changed(f"desk {number}", is_new=done.is_new))
    for code in done.value:
        click.echo(f"no desk serves {code} any more: nobody calls who waits there", err=True)


@desk.command("list")
@branch_option
@with_place
def list_desks(place: Place, /, slug: str | None) -> None:
    """List the desks of a branch and the lines they serve."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        with hall.store.read() as connection:
            catalogue = reads.catalogue(connection, branch)
    codes = {service.id: service.code for service in catalogue.services}
    print_table(
        ("DESK", "SERVICES"),
        (
            (
                each.number,
                "  ".join(
                    codes[line.service] + (f":{minutes_of(line.lag)}" if line.lag else "")
                    for line in sorted(each.lines, key=lambda line: line.lag)
                ),
            )
            for each in catalogue.desks
        ),
    )


@click.group()
def agent() -> None:
    """Set up the people at the desks."""


@agent.command("create")
@branch_option
@click.argument("login")
@click.option("--name", required=True, help="Their name, as colleagues read it.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in STAFF_ROLES]),
    default=Role.AGENT.value,
    show_default=True,
)
@click.option(
    "--language",
    type=click.Choice([language.value for language in Language]),
    default=Language.FRENCH.value,
    show_default=True,
    help="The language of their pages.",
)
@_password_option
@with_place
def create_agent(
    place: Place,
    /,
    slug: str | None,
    login: str,
    name: str,
    role: str,
    language: str,
    password_stdin: bool,
) -> None:
    """Create the agent LOGIN."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        password = _password(hall, from_stdin=password_stdin)
        settings.create_agent(
            hall=hall,
            branch=branch.id,
            login=login,
            name=name,
            role=Role(role),
            language=Language(language),
            password=password,
        )
    click.echo(f"{role} {login} created in {branch.slug}", err=True)
    _show_password(password, was_made=not password_stdin)


@agent.command("password")
@click.argument("login")
@_password_option
@with_place
def change_password(place: Place, /, login: str, password_stdin: bool) -> None:
    """Give the agent LOGIN another password."""
    with place.hall() as hall:
        password = _password(hall, from_stdin=password_stdin)
        amendments.set_password(hall=hall, login=login, password=password)
    click.echo(f"{login} has another password", err=True)
    _show_password(password, was_made=not password_stdin)


@agent.command("deactivate")
@click.argument("login")
@with_place
def deactivate(place: Place, /, login: str) -> None:
    """Shut the agent LOGIN out: sessions, password and tokens; their history stays."""
    with place.hall() as hall:
        amendments.set_agent_active(hall=hall, login=login, is_active=False)
    click.echo(f"{login} is shut out")


@agent.command("activate")
@click.argument("login")
@with_place
def activate(place: Place, /, login: str) -> None:
    """Let the agent LOGIN in again."""
    with place.hall() as hall:
        amendments.set_agent_active(hall=hall, login=login, is_active=True)
    click.echo(f"{login} may sign in")


@agent.command("list")
@branch_option
@with_place
def list_agents(place: Place, /, slug: str | None) -> None:
    """List the staff of a branch."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        with hall.store.read() as connection:
            listed = listings.agents_of(connection, branch.id)
    print_table(
        ("LOGIN", "NAME", "ROLE", "LANGUAGE", "ACTIVE", "SIGNS IN BY"),
        (
            (
                each.agent.login,
                each.agent.name,
                each.agent.role,
                each.agent.language,
                yes(each.agent.is_active),
                "password" if each.has_password else "token only",
            )
            for each in listed
        ),
    )


def _lines(given: tuple[tuple[str, timedelta], ...]) -> dict[str, timedelta]:
    if len({code for code, _ in given}) != len(given):
        raise click.BadParameter("a service is given twice", param_hint="--service")
    return dict(given)


def _password(hall: Hall, *, from_stdin: bool) -> str:
    # Not an option's value: those stand in the shell's history and in the list of processes.
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else new_password(hall.chance)


def _show_password(password: str, *, was_made: bool) -> None:
    if was_made:
        click.echo("Their password, shown this once:", err=True)
        click.echo(password)

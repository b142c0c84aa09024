"""`nouba branch` and `nouba service`: the building and what citizens come for."""

from __future__ import annotations

from datetime import timedelta

import click

from server.actions import settings
from server.actions.settings import NewBranch, NewService
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import (
    LanguageText,
    lists,
    minutes_of,
    print_table,
    texts,
    yes,
)
from server.db import reads
from server.domain.hours import ALWAYS_OPEN, OFFICE_HOURS
from server.domain.ids import Language, in_language

_MINUTES_MAX = 8 * 60
_name_option = click.option(
    "--name",
    "names",
    type=LanguageText(),
    multiple=True,
    required=True,
    help="Its name, once a language: --name fr='État civil' --name ar=…",
)


@click.group()
def branch() -> None:
    """Set up buildings."""


@branch.command("create")
@click.argument("slug")
@_name_option
@click.option("--languages", help="Languages of its screens, as ar,fr,zgh,en (all four).")
@click.option("--zone", default="Africa/Casablanca", show_default=True, help="Time zone.")
@click.option("--open-kiosk", is_flag=True, help="Its kiosk page needs no token.")
@click.option("--accent", default="#0f5c5c", show_default=True, help="Colour of its pages.")
@click.option(
    "--hours",
    type=click.Choice(["office", "always"]),
    default="office",
    show_default=True,
    help="Monday to Friday 08:30-16:30, or at all times.",
)
@with_place
def create_branch(
    place: Place,
    /,
    slug: str,
    names: tuple[tuple[Language, str], ...],
    languages: str | None,
    zone: str,
    open_kiosk: bool,
    accent: str,
    hours: str,
) -> None:
    """Create the branch SLUG (its address: /kiosk/SLUG)."""
    new = NewBranch(
        slug=slug,
        names=texts(names),
        languages=_languages(languages),
        zone=zone,
        rules=ALWAYS_OPEN if hours == "always" else OFFICE_HOURS,
        accent=accent,
        open_kiosk=open_kiosk,
    )
    with place.hall(create=True) as hall:
        settings.create_branch(hall=hall, new=new)
    click.echo(f"branch {slug} created; next: nouba service create --branch {slug} …")


@branch.command("list")
@with_place
def list_branches(place: Place, /) -> None:
    """List the branches."""
    with place.hall() as hall, hall.store.read() as connection:
        branches = reads.all_branches(connection)
    print_table(
        ("BRANCH", "NAME", "LANGUAGES", "ZONE", "OPEN KIOSK"),
        (
            (
                each.slug,
                in_language(each.names, Language.FRENCH),
                ",".join(each.languages),
                each.hours.zone.key,
                yes(each.open_kiosk),
            )
            for each in branches
        ),
    )


@click.group()
def service() -> None:
    """Set up what citizens come for."""


@service.command("create")
@branch_option
@click.argument("code")
@click.option("--letter", required=True, help="The letter of its tickets, A to Z.")
@_name_option
@click.option(
    "--documents",
    type=LanguageText(),
    multiple=True,
    help="One thing to bring; repeat it for each thing and language.",
)
@click.option("--icon", default="file-text", show_default=True, help="Name of a Lucide icon.")
@click.option(
    "--minutes",
    type=click.IntRange(1, _MINUTES_MAX),
    default=6,
    show_default=True,
    help="Usual handling time, until the desks have taught a better one.",
)
@with_place
def create_service(
    place: Place,
    /,
    slug: str | None,
    code: str,
    letter: str,
    names: tuple[tuple[Language, str], ...],
    documents: tuple[tuple[Language, str], ...],
    icon: str,
    minutes: int,
) -> None:
    """Create the service CODE; it is open at once, and comes last on the kiosk."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        with hall.store.read() as connection:
            position = len(reads.catalogue(connection, branch).services)
        new = NewService(
            code=code,
            letter=letter,
            names=texts(names),
            documents=lists(documents),
            icon=icon,
            position=position,
            expected=timedelta(minutes=minutes),
        )
        settings.create_service(hall=hall, branch=branch.id, new=new)
        settings.announce_catalogue(hall=hall, branch=branch.id)
    click.echo(f"service {code} ({letter}) created in {branch.slug}")


@service.command("open")
@branch_option
@click.argument("code")
@with_place
def open_service(place: Place, /, slug: str | None, code: str) -> None:
    """Give out tickets of the service CODE again."""
    _set_open(place, slug, code, is_open=True)


@service.command("close")
@branch_option
@click.argument("code")
@with_place
def close_service(place: Place, /, slug: str | None, code: str) -> None:
    """Give out no more tickets of the service CODE; who waits is still called."""
    _set_open(place, slug, code, is_open=False)


@service.command("list")
@branch_option
@with_place
def list_services(place: Place, /, slug: str | None) -> None:
    """List the services of a branch, in the order of the kiosk."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        with hall.store.read() as connection:
            services = reads.catalogue(connection, branch).services
    print_table(
        ("CODE", "LETTER", "NAME", "OPEN", "MINUTES", "LANGUAGES"),
        (
            (
                each.code,
                each.letter,
                in_language(each.names, Language.FRENCH),
                yes(each.is_open),
                minutes_of(each.expected),
                ",".join(each.names),
            )
            for each in services
        ),
    )


def _set_open(place: Place, slug: str | None, code: str, *, is_open: bool) -> None:
    word = "open" if is_open else "closed"
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        changed = settings.set_service_open(hall=hall, branch=branch.id, code=code, is_open=is_open)
    click.echo(f"service {code} is {'now' if changed else 'already'} {word}")


def _languages(raw: str | None) -> tuple[Language, ...]:
    if raw is None:
        return tuple(Language)
    tags = [tag.strip() for tag in raw.split(",")]
    known = [language.value for language in Language]
    unknown = [tag for tag in tags if tag not in known]
    if unknown or len(set(tags)) != len(tags):
        raise click.BadParameter(
            f"{raw!r} is not a list of {', '.join(known)}, each at most once",
            param_hint="--languages",
        )
    return tuple(Language(tag) for tag in tags)

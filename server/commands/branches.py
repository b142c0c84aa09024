"""`nouba branch` and `nouba service`: the building and what citizens come for."""

from __future__ import annotations

from datetime import timedelta

import click

from server.actions import amendments, settings
from server.actions.amendments import BranchChange, ServiceChange
from server.actions.settings import NewBranch, NewService
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import (
    LanguageText,
    changed,
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
_changed_name_option = click.option(
    "--name",
    "names",
    type=LanguageText(may_be_empty=True),
    multiple=True,
    help="Its name in one language; the others stay. An empty text removes it: --name zgh=",
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


@branch.command("change")
@click.argument("slug")
@_changed_name_option
@click.option("--languages", help="Languages of its screens, as ar,fr,zgh,en.")
@click.option("--zone", help="Time zone.")
@click.option("--accent", help="Colour of its pages.")
@click.option(
    "--open-kiosk/--closed-kiosk",
    default=None,
    help="Its kiosk page needs no token, or needs one.",
)
@click.option(
    "--priority-minutes",
    type=int,
    help="How much earlier than their arrival priority tickets count from now on.",
)
@with_place
def change_branch(
    place: Place,
    /,
    slug: str,
    names: tuple[tuple[Language, str], ...],
    languages: str | None,
    zone: str | None,
    accent: str | None,
    open_kiosk: bool | None,
    priority_minutes: int | None,
) -> None:
    """Change the branch SLUG; what is left out stays. Every screen shows it at once."""
    change = BranchChange(
        names=texts(names),
        languages=None if languages is None else _languages(languages),
        zone=zone,
        accent=accent,
        open_kiosk=open_kiosk,
        priority_head_start=None
        if priority_minutes is None
        else timedelta(minutes=priority_minutes),
    )
    _require_some(change, BranchChange())
    with place.hall() as hall:
        found = branch_of(hall, slug)
        is_new = amendments.change_branch(hall=hall, branch=found.id, change=change)
    click.echo(changed(f"branch {slug}", is_new=is_new))


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


@service.command("change")
@branch_option
@click.argument("code")
@_changed_name_option
@click.option(
    "--documents",
    type=LanguageText(may_be_empty=True),
    multiple=True,
    help="One thing to bring; those of a language replace that language's list: --documents fr= empties it.",
)
@click.option("--icon", help="Name of a Lucide icon.")
@click.option(
    "--minutes",
    type=click.IntRange(1, _MINUTES_MAX),
    help="Usual handling time; what the desks have taught is forgotten.",
)
@click.option(
    "--position", type=click.IntRange(min=1), help="Its place on the kiosk, 1 is the first."
)
@with_place
def change_service(
    place: Place,
    /,
    slug: str | None,
    code: str,
    names: tuple[tuple[Language, str], ...],
    documents: tuple[tuple[Language, str], ...],
    icon: str | None,
    minutes: int | None,
    position: int | None,
) -> None:
    """Change the service CODE; its code and letter stay, for they stand on paper."""
    change = ServiceChange(
        names=texts(names),
        documents=lists(documents),
        icon=icon,
        expected=None if minutes is None else timedelta(minutes=minutes),
        place=position,
    )
    _require_some(change, ServiceChange())
    with place.hall() as hall:
        found = branch_of(hall, slug)
        is_new = amendments.change_service(hall=hall, branch=found.id, code=code, change=change)
    click.echo(changed(f"service {code}", is_new=is_new))


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


def _require_some(change: object, nothing: object) -> None:
    if change == nothing:
        raise click.UsageError("say what shall change; --help lists what can")


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

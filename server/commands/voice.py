"""`nouba voice`: what a person records so that calls are said in their voice, and rendering ahead."""

from __future__ import annotations

import click

from server.actions.hall import Hall
from server.commands.place import Place, branch_of, branch_option, with_place
from server.commands.words import print_table
from server.db import reads
from server.domain.branch import Branch
from server.domain.ids import Language
from server.voice import Fragment, Origin, calls, open_voice
from server.voice.rendering import NUMBERS_MAX, RECORDINGS_FOLDER, Order, alone
from server.voice.rendering import render as render_order

_LANGUAGES = click.Choice([language.value for language in Language])


@click.group()
def voice() -> None:
    """See what the voice of calls is made of, and make it ahead."""


@voice.command("list")
@branch_option
@click.option(
    "--language",
    type=_LANGUAGES,
    multiple=True,
    help="One language, may be repeated (all).",
)
@click.option("--missing", is_flag=True, help="Only what is not recorded yet.")
@with_place
def list_fragments(
    place: Place, /, slug: str | None, language: tuple[str, ...], missing: bool
) -> None:
    """List every recording that calls can use, its file and its words, the most needed first."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        order = _order(hall, branch, language)
    folder = place.config().data / RECORDINGS_FOLDER
    spoken = open_voice(place.config().data).of(branch.slug)
    for tag in order.languages:
        phrases = calls.recordable(tag, order.letters, order.desks)
        found = [spoken.fragment(tag, phrase.words) for phrase in phrases]
        recorded = sum(each.origin is Origin.RECORDING for each in found)
        click.echo(
            f"{tag}: {recorded} of {len(found)} recorded, in {folder / branch.slug / tag} or {folder / tag}"
        )
        print_table(
            ("file", "words", "now"),
            (
                (f"{each.name}.wav", each.words, _state(each))
                for each in found
                if not missing or each.origin is not Origin.RECORDING
            ),
        )


@voice.command("render")
@branch_option
@click.option("--language", type=_LANGUAGES, multiple=True, help="One language (the branch's).")
@click.option(
    "--numbers",
    type=click.IntRange(1, NUMBERS_MAX),
    default=NUMBERS_MAX,
    help="Render the numbers up to this one (999).",
)
@with_place
def render(place: Place, /, slug: str | None, language: tuple[str, ...], numbers: int) -> None:
    """Render all tickets and desks of a branch now; a running server does it by itself, slowly."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        order = _order(hall, branch, language, numbers)
    spoken = open_voice(place.config().data).of(branch.slug)
    try:
        with alone(spoken.cache) as is_alone:
            if not is_alone:
                raise click.ClickException("a running server is rendering already: try again later")
            made = render_order(spoken, order, pause_seconds=0)
    except OSError as error:
        raise click.ClickException(f"cannot render: {error}") from error
    if not spoken.languages:
        click.echo("there is no espeak-ng here: only recordings can be heard")
    click.echo(f"{made} fragments made for {branch.slug}")


def _order(
    hall: Hall, branch: Branch, languages: tuple[str, ...], numbers: int = NUMBERS_MAX
) -> Order:
    with hall.store.read() as connection:
        services = reads.services_of(connection, branch.id)
        desks = reads.desks_of(connection, branch.id)
    return Order(
        languages=languages or tuple(tag.value for tag in branch.languages),
        letters=tuple(sorted({each.letter for each in services})),
        desks=tuple(sorted(each.number for each in desks)),
        numbers_max=numbers,
    )


def _state(fragment: Fragment) -> str:
    if fragment.is_broken:
        return "BROKEN FILE"
    if fragment.is_own:
        return f"own {fragment.origin.value}"
    return "MISSING" if fragment.origin is Origin.MISSING else fragment.origin.value

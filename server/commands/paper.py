"""`nouba paper` and `nouba printer test`: how tickets look, and what a printer can do."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from server.actions.hall import Hall
from server.actions.paper import set_paper_layout
from server.commands.devices import find_printer, printer
from server.commands.place import Place, branch_of, branch_option, with_place
from server.db import paper_layouts, reads
from server.domain import paper_template
from server.domain.branch import Branch
from server.domain.ids import Language, in_language
from server.domain.paper_layout import DEFAULT_LAYOUT, PaperLayout
from server.domain.paper_template import TEMPLATE_LENGTH_MAX

SAMPLE_URL = "HTTPS://NOUBA.EXAMPLE/T/0000000000000"
_BYTES_A_CHARACTER_MAX = 4


@click.group()
def paper() -> None:
    """Set up how tickets look on paper."""


@paper.command("show")
@branch_option
@with_place
def show_layout(place: Place, /, slug: str | None) -> None:
    """Print the template of the present layout, to be edited and set again."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        click.echo(paper_template.write(_present(hall, branch) or DEFAULT_LAYOUT), nl=False)


@paper.command("set")
@branch_option
@click.argument(
    "source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@with_place
def set_layout(place: Place, /, slug: str | None, source: Path) -> None:
    """Print tickets as the template FILE says from now on; its logo is looked for beside it."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        layout = _read(hall, branch, source)
        _samples(hall, branch, layout)  # what no printer would take is refused before it is kept
        saved = set_paper_layout(hall=hall, branch=branch.id, layout=layout, caller=None, key=None)
    click.echo(f"{branch.slug} prints {'now' if saved.is_new else 'already'} as {source} says")


@paper.command("reset")
@branch_option
@with_place
def reset_layout(place: Place, /, slug: str | None) -> None:
    """Go back to the default layout."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        saved = set_paper_layout(hall=hall, branch=branch.id, layout=None, caller=None, key=None)
    click.echo(f"{branch.slug} prints {'now' if saved.is_new else 'already'} the default layout")


@paper.command("preview")
@branch_option
@click.option(
    "--file",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A template that is not set yet (the present layout).",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder for the pictures (this one).",
)
@with_place
def preview_layout(place: Place, /, slug: str | None, source: Path | None, folder: Path) -> None:
    """Draw a ticket in each language on 58 and 80 mm, exactly as it will be printed."""
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        layout = _read(hall, branch, source) if source else _present(hall, branch) or DEFAULT_LAYOUT
        pictures = _samples(hall, branch, layout)
    folder.mkdir(parents=True, exist_ok=True)
    for (language, width_mm), data in pictures.items():
        path = folder / f"ticket-{branch.slug}-{language}-{width_mm}mm.png"
        path.write_bytes(data)
        click.echo(path)


@printer.command("test")
@branch_option
@click.argument("name")
@with_place
def test_printer(place: Place, /, slug: str | None, name: str) -> None:
    """Print a page with every script, a ruler, thin lines and a QR on the printer NAME."""
    from server.delivery.channels import ChannelError, Unwatched, open_channel
    from server.delivery.paper import PaperPress, WidthDots
    from server.delivery.paper.fonts import FONTS

    config = place.config()
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        found = find_printer(hall, branch.id, name)
    width = cast(WidthDots, found.width_dots)
    title = f"{found.name} · {in_language(branch.names, Language.FRENCH)}"
    data = PaperPress(FONTS).test_page_escpos(width, title)
    channel = open_channel(
        found.address,
        connect_timeout_seconds=config.printing.connect_timeout_seconds,
        send_timeout_seconds=config.printing.send_timeout_seconds,
    )
    try:
        channel.send(
            "test page",
            data,
            watcher=Unwatched(),
            patience_seconds=config.printing.send_timeout_seconds,
            is_mute=False,
        )
    except ChannelError as error:
        message = f"printer {name} at {found.address}: {error} ({error.code})"
        raise click.ClickException(message) from error
    click.echo(f"printer {name} got a test page of {len(data)} bytes")


def _present(hall: Hall, branch: Branch) -> PaperLayout | None:
    with hall.store.read() as connection:
        return paper_layouts.layout_of(connection, branch.id)


def _read(hall: Hall, branch: Branch, file: Path) -> PaperLayout:
    """The layout of a template file. Raises TemplateInvalid."""
    from server.delivery.paper.fonts import FONTS
    from server.delivery.paper.office import PaperOffice

    with file.open("rb") as source:
        raw = source.read(TEMPLATE_LENGTH_MAX * _BYTES_A_CHARACTER_MAX + 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is no text in UTF-8") from error
    template = paper_template.read(text)
    present = _present(hall, branch)
    return PaperOffice(FONTS).layout(
        template,
        picture=_beside(file, template.logo.file),
        kept=present.logo if present else None,
    )


def _beside(file: Path, name: str) -> bytes | None:
    """The picture of that name in the template's folder; None when there is none."""
    from server.delivery.paper.logo import LOGO_BYTES_MAX

    path = file.parent / name
    if not name or not path.is_file():
        return None
    with path.open("rb") as source:
        # One byte more than is allowed: enough to be refused by its size.
        return source.read(LOGO_BYTES_MAX + 1)


def _samples(hall: Hall, branch: Branch, layout: PaperLayout) -> dict[tuple[str, int], bytes]:
    from server.delivery.paper.fonts import FONTS
    from server.delivery.paper.office import PaperOffice

    with hall.store.read() as connection:
        services = reads.services_of(connection, branch.id)
    pictures = PaperOffice(FONTS).pictures(
        layout, branch=branch, services=tuple(services), url=SAMPLE_URL, now=hall.clock.now()
    )
    return {(language.value, width_mm): data for (language, width_mm), data in pictures.items()}

"""`nouba branch notices` and `nouba branch media`: what a hall is told and shown between calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import click

from server.actions.hall import Hall
from server.actions.notices import set_notices
from server.commands.hours_file import WEEKDAYS
from server.commands.notices_file import parse, spans_shown
from server.commands.place import Place, branch_of, with_place
from server.commands.words import changed, minutes_of, print_table
from server.config import ConfigError
from server.db.notices import notices_of
from server.domain.branch import Branch
from server.domain.ids import Language, in_language
from server.domain.notices import NONE, Notice, Notices, notices_at
from server.media import MediaFolders

FILE_BYTES_MAX = 1_000_000
"""Some years of the times of five prayers."""


@click.command("notices")
@click.argument("slug")
@click.argument(
    "source", metavar="[FILE]", required=False, type=click.Path(dir_okay=False, path_type=Path)
)
@click.option("--none", "clears", is_flag=True, help="Take all notices away.")
@with_place
def notices(place: Place, /, slug: str, source: Path | None, clears: bool) -> None:
    """Show what the hall of the branch SLUG is told, or tell what FILE says instead (docs/notices-example.toml)."""
    if clears and source is not None:
        raise click.UsageError("FILE or --none, not both")
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        if source is not None or clears:
            wanted = NONE if source is None else parse(_read(source), str(source))
            is_new = set_notices(hall=hall, branch=branch.id, wanted=wanted)
            click.echo(changed(f"notices of {slug}", is_new=is_new))
            for line in _lacking(branch, wanted):
                click.echo(line)
        for line in _told(branch, hall):
            click.echo(line)


@click.command("media")
@click.argument("slug")
@with_place
def media(place: Place, /, slug: str) -> None:
    """Show which pictures and videos walls of the branch SLUG show between calls, and which files they skip."""
    config = place.config()
    with place.hall() as hall:
        branch = branch_of(hall, slug)
    folders = MediaFolders(config.data / "media", config.board.picture_seconds)
    found = folders.listing(branch.slug)
    click.echo(f"folder {folders.root / branch.slug}")
    if not found.shown and not found.skipped:
        click.echo("nothing in it: put JPEG, PNG or WebP pictures, MP4 or WebM videos there")
        return
    skipped = [(each.name, "", f"skipped: {each.why}") for each in found.skipped]
    shown = [(each.name, each.kind.value, "shown") for each in found.shown]
    print_table(("file", "kind", "state"), shown + skipped)


def _told(branch: Branch, hall: Hall) -> Iterable[str]:
    now = hall.clock.now()
    with hall.store.read() as connection:
        present = notices_of(connection, branch.id)
    shown = {each.id.partition("-")[0] for each in notices_at(present, branch.hours, now)}
    if not present:
        yield f"{branch.slug} tells its hall nothing"
    for index, notice in enumerate(present.all, 1):
        state = "now" if str(index) in shown else "not now"
        yield f"{index}. {notice.kind}, {state}: {_when(notice)}"
        for tag, text in notice.texts.items():
            yield f"   {tag:4} {text}"


def _when(notice: Notice) -> str:
    words = []
    if notice.first_day or notice.last_day:
        since = f"from {notice.first_day}" if notice.first_day else ""
        until = f"to {notice.last_day}" if notice.last_day else ""
        words.append(" ".join(filter(None, (since, until))))
    if notice.weekdays:
        words.append(_days(sorted(notice.weekdays)))
    if notice.spans:
        words.append(spans_shown(notice.spans))
    if notice.times:
        first, last = min(notice.times.days), max(notice.times.days)
        around = f"{_minutes(notice.times.before)} before to {_minutes(notice.times.after)} after"
        words.append(f"{around} the times of {len(notice.times.days)} days, {first} to {last}")
    if notice.before_closing:
        words.append(f"{_minutes(notice.before_closing)} before closing")
    return "; ".join(words) or "always"


def _days(weekdays: Sequence[int]) -> str:
    return ", ".join(WEEKDAYS[day].capitalize() for day in weekdays)


def _minutes(span: timedelta) -> str:
    return f"{minutes_of(span)} min"


def _lacking(branch: Branch, wanted: Notices) -> Iterable[str]:
    for index, notice in enumerate(wanted.all, 1):
        lacking = [tag for tag in branch.languages if tag not in notice.texts]
        if lacking:
            stands_in = next(tag for tag in (Language.FRENCH, *notice.texts) if tag in notice.texts)
            shown = in_language(notice.texts, stands_in)
            yield f"notices[{index}] has no text in {', '.join(lacking)}: “{shown}” stands there"


def _read(file: Path) -> str:
    """Raises ConfigError when the file cannot be read or is none of notices by its size alone."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            raise ConfigError(str(file), (f"it has more than {FILE_BYTES_MAX} bytes",))
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(str(file), (f"it cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), (f"it is not UTF-8: {error}",)) from error

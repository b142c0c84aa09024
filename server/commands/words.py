"""Reads what operators type (`fr=État civil`, `etat-civil:15`) and prints what they asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table

from server.domain.ids import Language

_PIPE_COLUMNS = 240
"""Wide enough that nothing is folded where a program reads."""
MINUTES_A_DAY = 24 * 60


class LanguageText(click.ParamType[tuple[Language, str]]):
    """`fr=État civil`: a language and a text; where `may_be_empty`, `fr=` takes away what is there."""

    name = "LANGUAGE=TEXT"

    def __init__(self, *, may_be_empty: bool = False) -> None:
        self._may_be_empty = may_be_empty

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Language, str]:
        tag, found, text = str(value).partition("=")
        languages = [language.value for language in Language]
        if not found or tag not in languages or not (text.strip() or self._may_be_empty):
            self.fail(f"{value!r} is not one of {'|'.join(languages)} = a text", param, ctx)
        return Language(tag), text.strip()


class ServiceLag(click.ParamType[tuple[str, timedelta]]):
    """`etat-civil` or `etat-civil:15`: a service, and the minutes it stands back at a desk."""

    name = "CODE[:MINUTES]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, timedelta]:
        code, found, minutes = str(value).partition(":")
        fits = not found or (minutes.isdecimal() and int(minutes) <= MINUTES_A_DAY)
        if not code or not fits:
            self.fail(f"{value!r} is not a service's code, or code:minutes", param, ctx)
        return code, timedelta(minutes=int(minutes or 0))


def texts(pairs: Sequence[tuple[Language, str]]) -> dict[Language, str]:
    """One text a language. Raises BadParameter when a language comes twice."""
    found: dict[Language, str] = {}
    for language, text in pairs:
        if language in found:
            raise click.BadParameter(f"{language} is given twice", param_hint="--name")
        found[language] = text
    return found


def lists(pairs: Sequence[tuple[Language, str]]) -> dict[Language, list[str]]:
    """Several texts a language, in the order they were given; an empty one only says that there are none."""
    found: dict[Language, list[str]] = {}
    for language, text in pairs:
        found.setdefault(language, []).extend([text] if text else [])
    return found


def changed(what: str, *, is_new: bool) -> str:
    """What became of a change."""
    return f"{what}: changed" if is_new else f"{what}: already so"


def minutes_of(span: timedelta) -> int:
    """Whole minutes."""
    return round(span.total_seconds() / 60)


def yes(value: object) -> str:
    """A cell for what is so, or not."""
    return "yes" if value else "no"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; plain and unfolded where no person looks on."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_COLUMNS, markup=False
    )
    console.print(table)

"""What every command shares: where the data is, how a refusal is told, which branch is meant."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from server import config as settings
from server.actions.hall import Hall
from server.clock import SystemChance, SystemClock
from server.config import Config, ConfigError
from server.db import reads
from server.db.opening import DatabaseUnusable, open_store
from server.demo_printer import PrinterUnusable
from server.domain.branch import Branch
from server.domain.errors import Refusal, UnknownBranch

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The installation that a command is about."""

    data: Path
    file: Path | None

    def config(self, **overrides: object) -> Config:
        """The settings; `server__port=8001` replaces `server.port`, None replaces nothing.

        Raises ConfigError.
        """
        given = {
            name.replace("__", "."): value for name, value in overrides.items() if value is not None
        }
        return settings.load(self.file, self.data, os.environ, overrides=given)

    @contextmanager
    def hall(self, *, create: bool = False) -> Iterator[Hall]:
        """The machinery on this installation's database. Raises ConfigError, DatabaseUnusable."""
        store = open_store(self.config().database.url, create=create)
        try:
            yield Hall(store=store, clock=SystemClock(), chance=SystemChance())
        finally:
            store.engine.dispose()


def with_place(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command --data and --config, and print what it refuses as one line, exit code 1."""

    @click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Data folder (NOUBA_DATA, else ./var).",
    )
    @click.option(
        "--config",
        "file",
        type=click.Path(path_type=Path),
        help="Settings (config.toml beside the data folder, else in this one).",
    )
    @functools.wraps(command)
    def wrapped(*, data: Path | None, file: Path | None, **options: object) -> T:
        folder = data or Path(os.environ.get("NOUBA_DATA") or settings.DATA_DEFAULT)
        place = Place(data=folder, file=file or settings.find_file(folder))
        try:
            return command(place, **options)
        except (ConfigError, DatabaseUnusable, PrinterUnusable) as error:
            raise click.ClickException(str(error)) from error
        except Refusal as refusal:
            raise click.ClickException(told(refusal)) from refusal

    return wrapped


def told(refusal: Refusal) -> str:
    """A refusal as an operator reads it: the sentence, and what it is about if it does not say so."""
    about = [str(each) for each in refusal.details.values() if str(each) not in refusal.message]
    return f"{refusal.message} ({', '.join(about)})" if about else refusal.message


branch_option = click.option(
    "--branch", "slug", metavar="SLUG", help="The branch; needed when there are several."
)


def branch_of(hall: Hall, slug: str | None) -> Branch:
    """The branch that is meant: the named one, else the only one. Raises UnknownBranch."""
    with hall.store.read() as connection:
        branches = reads.all_branches(connection)
    if slug is None and len(branches) == 1:
        return branches[0]
    known = ", ".join(branch.slug for branch in branches)
    if slug is None:
        message = f"say which one: --branch {known}" if branches else "there is no branch yet"
        raise UnknownBranch(message)
    for branch in branches:
        if branch.slug == slug:
            return branch
    raise UnknownBranch(f"there is no branch {slug!r}; there are: {known or 'none'}")

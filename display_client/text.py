"""The board in a terminal: for SSH, for tests, and line by line for controllers of LED signs.

It asks the public address of the board, so it needs no pairing, and runs beside a display as well as alone.
Arabic is written in logical order: terminals that show it at all turn it themselves.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TextIO

from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from device_client.clock import steady_seconds
from device_client.http import Away
from device_client.place import SettingsError
from device_client.server import Revoked
from display_client.announcing import CALLED, FRESH_FOR
from display_client.board import BANNER_SECONDS, CURRENT_SECONDS_MAX, PULSES_BEHIND_MAX
from display_client.keeping import Keeper, Kept, clock_after, is_known, kept_age
from display_client.server import HttpDisplayServer
from display_client.settings import Place
from server.domain.errors import NotFound, Refusal
from server.i18n import isolated, local_time, translate
from server.wire import BoardCall, BoardView
from server.wire_displays import call_key

ASK_SECONDS: Final = 1.0
LANGUAGE_SECONDS: Final = 8.0
"""As the wall does when the languages take turns."""
WIDE_COLUMNS: Final = 90
"""From here on the lines stand beside the calls, else below them."""
KEYS_MAX: Final = 200
SECONDS_A_MINUTE: Final = 60
HOURS_FROM_SECONDS: Final = 2 * 3600
"""As the wall: "120 minutes" says nothing at a glance."""
HOURS_MAX: Final = 999
NOTHING: Final = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known at one moment."""

    view: BoardView | None
    age_seconds: float | None
    """None while the server was never heard."""
    is_current: bool
    now: datetime
    """The server's time, as far as it is known."""
    is_time_known: bool = True


def show(
    place: Place | None, *, server: str, branch: str, language: str | None, plain: bool
) -> None:
    """Show a board until interrupted: that of the paired `place`, else of `server` and `branch`.

    Raises SettingsError when there is no such branch, or nothing is paired.
    """
    kept = NOTHING
    if place is not None:
        identity = place.identity()
        server, branch = identity.server, identity.branch
        kept = Keeper(place.board).read()
    reader = Reader(server, branch, kept)
    stopping = threading.Event()
    with suppress(KeyboardInterrupt):
        if plain or not sys.stdout.isatty():
            run_plain(reader.ask, sys.stdout, language=language, stopping=stopping)
        else:
            run_live(reader.ask, Console(), language=language, stopping=stopping)
    reader.close()


class Reader:
    """Asks the board's public address, again and again; until it answers there is what this machine has `kept`."""

    def __init__(self, server: str, branch: str, kept: Kept = NOTHING) -> None:
        self._branch = branch
        self._view = kept.view
        self._heard_at: float | None = None
        self._lower = 0
        self._clock = clock_after(kept)
        self._server = HttpDisplayServer(server, token="", branch=branch, heard=self._heard)

    def close(self) -> None:
        self._server.close()

    def ask(self) -> Seen:
        """What is known now. Raises SettingsError when the server knows no such branch."""
        is_heard = self._heard_at is not None
        try:
            self._take(self._server.view(self._view.seq if self._view and is_heard else None))
        except NotFound as unknown:
            raise SettingsError(f"the server has no branch {self._branch!r}") from unknown
        except (Away, Revoked, Refusal):
            pass  # what is known grows old, and the screen says so
        age = self._age()
        return Seen(
            view=self._view,
            age_seconds=age,
            is_current=age is not None and age < CURRENT_SECONDS_MAX,
            now=self._clock.now(),
            is_time_known=is_known(self._clock),
        )

    def _age(self) -> float | None:
        if self._heard_at is not None:
            return steady_seconds() - self._heard_at
        if self._view is None or not is_known(self._clock):
            return None
        return kept_age(self._view.at, self._clock.now())

    def _take(self, view: BoardView | None) -> None:
        """None: what is known is still true. A lower seq, again and again, is of another database."""
        known = self._view if self._heard_at is not None else None
        self._lower = self._lower + 1 if view and known and view.seq < known.seq else 0
        if 0 < self._lower < PULSES_BEHIND_MAX:
            return
        self._lower = 0
        self._view = view or self._view
        self._heard_at = steady_seconds()

    def _heard(self, at: datetime, *, asked: float, answered: float) -> None:
        self._clock.server_said(at, asked=asked, answered=answered)


# ---------------------------------------------------------------- a line for each call


def run_plain(
    ask: Callable[[], Seen], out: TextIO, *, language: str | None, stopping: threading.Event
) -> None:
    """One line for each call and each change of what can be believed, as tab-separated fields. Until `stopping`."""
    lines = PlainLines(language)
    while not stopping.is_set():
        out.writelines(line + "\n" for line in lines.of(ask()))
        out.flush()
        stopping.wait(ASK_SECONDS)


class PlainLines:
    """Says each thing once: what stood on the board before is no call of now."""

    def __init__(self, language: str | None) -> None:
        self._language = language
        self._keys: dict[str, None] = {}
        self._is_current: bool | None = None
        self._is_open: bool | None = None
        self._began = False

    def of(self, seen: Seen) -> Iterator[str]:
        """The lines that are new: `call A012 3 time service`, `open`, `closed`, `not-current`, `current`."""
        if seen.is_current != self._is_current:
            self._is_current = seen.is_current
            yield _line(seen.now, "current" if seen.is_current else "not-current")
        view = seen.view
        if view is None:
            return
        if view.is_open != self._is_open:
            self._is_open = view.is_open
            yield _line(seen.now, "open" if view.is_open else "closed")
        for call in sorted(view.calls, key=lambda each: (each.called_at, each.label)):
            key = call_key(call)
            is_new = key not in self._keys
            self._keys[key] = None
            if is_new and self._began and _is_now(call, seen):
                name = _named(call.names, self._language or view.branch.languages[0])
                yield _line(call.called_at, "call", call.label, str(call.desk), name)
        self._began = True
        for old in list(self._keys)[: max(0, len(self._keys) - KEYS_MAX)]:
            del self._keys[old]


def _line(at: datetime, *fields: str) -> str:
    """A tab or a line break in a name must not look like the end of a field."""
    return "\t".join((at.isoformat(timespec="seconds"), *(" ".join(f.split()) for f in fields)))


# ---------------------------------------------------------------- a screen


def run_live(
    ask: Callable[[], Seen], console: Console, *, language: str | None, stopping: threading.Event
) -> None:
    """The whole board, drawn anew each second. Until `stopping`."""
    began = time.monotonic()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not stopping.is_set():
            seen = ask()
            shown = language or _turn(seen, time.monotonic() - began)
            live.update(drawn(seen, shown, console.width), refresh=True)
            stopping.wait(ASK_SECONDS)


def drawn(seen: Seen, language: str, columns: int) -> RenderableType:
    """The board as rich draws it: calls beside lines where there is room."""
    parts: list[RenderableType] = []
    view = seen.view
    if view is not None:
        parts.append(_head(view, seen, language))
    parts += _warnings(seen, language)
    if view is not None:
        calls, lines = _calls(view, seen, language), _lines(view, language)
        if columns >= WIDE_COLUMNS:
            grid = Table.grid(expand=True, padding=(0, 2))
            grid.add_column(ratio=3)
            grid.add_column(ratio=2)
            grid.add_row(calls, lines)
            parts.append(grid)
        else:
            parts += [calls, lines]
        parts += [
            Panel(Text(_named(notice.texts, language), justify="center")) for notice in view.notices
        ]
    return Group(*parts)


def _head(view: BoardView, seen: Seen, language: str) -> RenderableType:
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        Text(_named(view.branch.names, language), style="bold"),
        Text(
            local_time(language, seen.now, view.branch.zone) if seen.is_time_known else "",
            style="bold",
        ),
    )
    return Panel(head, style="white on dark_cyan")


def _warnings(seen: Seen, language: str) -> list[RenderableType]:
    found: list[RenderableType] = []
    age = seen.age_seconds
    if age is None or age >= BANNER_SECONDS:
        found.append(Text(_age_text(age, language), style="black on yellow", justify="center"))
    if not seen.is_current:
        said = translate(language, "Calls cannot be shown now. Please listen, or ask at the desk.")
        found.append(Panel(Text(said, style="bold", justify="center"), style="yellow"))
    return found


def _age_text(age: float | None, language: str) -> str:
    if age is None:
        return translate(language, "This screen is waiting for the server.")
    if age < SECONDS_A_MINUTE:
        words = "No connection. What you see is %(seconds)s seconds old."
        return translate(language, words, seconds=isolated(int(age)))
    if age < HOURS_FROM_SECONDS:
        words = "No connection. What you see is %(minutes)s minutes old."
        return translate(language, words, minutes=isolated(int(age // SECONDS_A_MINUTE)))
    words = "No connection. What you see is more than %(hours)s hours old."
    return translate(language, words, hours=isolated(min(HOURS_MAX, int(age // 3600))))


def _calls(view: BoardView, seen: Seen, language: str) -> RenderableType:
    if not view.calls:
        word = "Welcome" if view.is_open else "Closed"
        return Panel(Align.center(Text(translate(language, word), style="bold")))
    table = Table(expand=True, title=translate(language, "Calls"))
    table.add_column(translate(language, "Number"))
    table.add_column("")
    table.add_column(translate(language, "Desk"), justify="right")
    table.add_column("", ratio=1)
    for call in view.calls:
        # Only what can be believed stands out, and not by colour alone.
        is_now = _is_now(call, seen)
        mark = "►" if is_now else " "
        time_or_name = _named(call.names, language)
        if not seen.is_current:
            time_or_name = (
                f"{local_time(language, call.called_at, view.branch.zone)} {time_or_name}"
            )
        table.add_row(
            call.label, mark, str(call.desk), time_or_name, style="bold reverse" if is_now else ""
        )
    return table


def _lines(view: BoardView, language: str) -> RenderableType:
    table = Table(expand=True, title=translate(language, "People waiting"))
    table.add_column("")
    table.add_column("", ratio=1)
    table.add_column("", justify="right")
    for line in view.lines:
        is_alive = line.is_open or line.waiting
        count = str(line.waiting) if is_alive else translate(language, "Closed")
        table.add_row(line.letter, _named(line.names, language), count)
    return table


def _is_now(call: BoardCall, seen: Seen) -> bool:
    is_fresh = seen.now - call.called_at < FRESH_FOR
    return seen.is_current and call.state == CALLED and is_fresh


def _turn(seen: Seen, seconds: float) -> str:
    languages = seen.view.branch.languages if seen.view is not None else ("fr",)
    return languages[int(seconds / LANGUAGE_SECONDS) % len(languages)]


def _named(names: Mapping[str, str], language: str) -> str:
    """In `language`, else in the first there is."""
    return names.get(language) or next(iter(names.values()), "")

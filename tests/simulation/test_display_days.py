"""Simulated days of displays; and worse displays, each with one rule broken, whose days must fail."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from device_client.http import Away
from display_client.news import News, Snapshot
from display_client.speech import Speaker
from server.wire import BoardView
from server.wire_displays import SpeechAnswer, SpeechStep
from tests.databases import Databases
from tests.simulation.cable import Mishap
from tests.simulation.display_day import DisplayDay
from tests.simulation.display_wire import Wire
from tests.simulation.glass import Page
from tests.simulation.screen import Parts

SEEDS = range(1, 4)
CITIZENS = 4
SEEDS_OF_A_MUTANT = 6
"""One of so many days must find it out."""


def a_day(databases: Databases, folder: Path, seed: int, parts: Parts | None = None) -> DisplayDay:
    """A day that has not begun."""
    home = folder / f"{seed}-{len(list(folder.iterdir()))}"
    home.mkdir()
    return DisplayDay(seed, databases.new("sqlite"), home, citizens=CITIZENS, parts=parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_with_every_fault_ends_well(databases: Databases, tmp_path: Path, seed: int) -> None:
    """To see one that fails: `scripts/simulate --seed N --citizens 4 --kind displays`."""
    day = a_day(databases, tmp_path, seed)
    day.run()
    assert set(day.world.met) & {each.value for each in Mishap}
    assert sum(screen.deaths for screen in day.screens) > len(day.screens)
    assert day.hearing.met["said"]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_longer_days_end_well_too(databases: Databases, tmp_path: Path, seed: int) -> None:
    a_day(databases, tmp_path, seed).run()


def test_one_seed_is_one_day(databases: Databases, tmp_path: Path) -> None:
    """The same calls are heard from the same machines, to the millisecond."""
    first, second = (a_day(databases, tmp_path, 7) for _ in range(2))
    first.run()
    second.run()
    assert first.hearing.sounds == second.hearing.sounds
    assert first.met() == second.met()


# ---------------------------------------------------------------- displays that break a rule


class GullibleNews(News):
    """Believes whatever comes last."""

    def hear_view(self, view: BoardView) -> bool:
        if self._board.view is not None and view.seq < self._board.view.seq:
            self._board.view = view
        return super().hear_view(view)


class ContentNews(News):
    """Takes every other change, and never asks for what it has missed."""

    @property
    def is_behind(self) -> bool:
        return False

    def hear_view(self, view: BoardView) -> bool:
        return view.seq % 2 == 0 and super().hear_view(view)


class ProudNews(News):
    """Is always sure of itself."""

    def wait(self, after: int, seconds: float) -> Snapshot:
        return replace(super().wait(after, seconds), is_current=True)


class TalkativeWire(Wire):
    """Takes every answer for leave to speak."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        answer = super().speech(call, step, key=key)
        return SpeechAnswer(is_granted=True, is_said=False, leader=answer.leader, retry_seconds=0.0)


class ShyWire(Wire):
    """Believes that others have said it."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        answer = super().speech(call, step, key=key)
        return SpeechAnswer(is_granted=False, is_said=True, leader=answer.leader, retry_seconds=0.0)


class SecretiveWire(Wire):
    """Does not tell the server that a call was said."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        return super().speech(call, "going" if step == "said" else step, key=key)


class StubbornWire(Wire):
    """Begins with leave, and then goes on whatever the server says, or does not say."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        if step != "going":
            return super().speech(call, step, key=key)
        with suppress(Away):
            super().speech(call, step, key=key)
        return SpeechAnswer(is_granted=True, is_said=False, leader=None, retry_seconds=0.0)


class WearySpeaker(Speaker):
    """Asks for nothing any more after a minute or two; all the rest of its program lives."""

    turns = 0

    def turn(self) -> None:
        self.turns += 1
        if self.turns < TURNS_OF_THE_WEARY:
            super().turn()


class NervousWire(Wire):
    """Takes each word that is lost for the end of its grant."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        try:
            return super().speech(call, step, key=key)
        except Away:
            if step != "going":
                raise
            return SpeechAnswer(is_granted=False, is_said=False, leader=None, retry_seconds=0.0)


class MutePage(Page):
    """Never says what it has painted."""

    def acknowledged(self) -> int | None:
        return None


class HastyPage(Page):
    """Says that it has painted what is yet to come."""

    def acknowledged(self) -> int | None:
        return None if self.seq is None else self.seq + 1


class FrozenPage(Page):
    """Takes the news, says that they are painted, and does not paint after a while."""

    turns = 0

    def turn(self, news: News) -> None:
        self.turns += 1
        html = self.html
        super().turn(news)
        if self.turns > TURNS_OF_THE_WEARY:
            self.html = html


TURNS_OF_THE_WEARY = 100
MUTANTS: dict[str, tuple[Parts, str]] = {
    "goes back": (Parts(news=GullibleNews), "a board went back"),
    "does not ask": (Parts(news=ContentNews), "a board is not the database|never said|never asked"),
    "is always sure": (Parts(news=ProudNews), "as if it were true"),
    "talks over others": (Parts(wire=TalkativeWire), "said twice"),
    "leaves it to others": (Parts(wire=ShyWire), "never said"),
    "does not tell": (Parts(wire=SecretiveWire), "said twice"),
    "ignores its grant": (Parts(wire=StubbornWire, machines=3), "two voices at once"),
    "stops asking": (Parts(speaker=WearySpeaker, machines=1), "never asked"),
    "gives up early": (Parts(wire=NervousWire), "broke off"),
    "does not acknowledge": (Parts(page=MutePage, machines=1), "not known to be painted"),
    "acknowledges the future": (Parts(page=HastyPage, machines=1), "never on the glass"),
    "paints no more": (Parts(page=FrozenPage, machines=1), "on the glass is not the database"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_worse_display_is_found_out(databases: Databases, tmp_path: Path, name: str) -> None:
    parts, reason = MUTANTS[name]

    def live() -> None:
        for seed in range(1, SEEDS_OF_A_MUTANT + 1):
            a_day(databases, tmp_path, seed, parts).run()

    with pytest.raises(AssertionError, match=reason):
        live()

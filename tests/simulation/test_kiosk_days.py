"""Simulated days of kiosks that can stand alone; and worse kiosks, each with one rule broken, whose days must fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk_client.journal import Journal, PaperEnd
from kiosk_client.server import Issued
from server.kiosk_house import Tap
from server.wire_devices import Block, KeptTicket, OfflineTicket, UploadAnswer
from tests.databases import Databases
from tests.simulation.cable import Cable, Mishap
from tests.simulation.kiosk import Parts
from tests.simulation.kiosk_day import KioskDay

SEEDS = range(1, 9)
CITIZENS = 10
SEEDS_OF_A_MUTANT = 12
"""One of so many days must find it out."""


def a_day(databases: Databases, folder: Path, seed: int, parts: Parts | None = None) -> KioskDay:
    """A day that has not begun."""
    home = folder / f"{seed}-{len(list(folder.iterdir()))}"
    home.mkdir()
    return KioskDay(seed, databases.new("sqlite"), home, citizens=CITIZENS, parts=parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_with_every_fault_ends_well(databases: Databases, tmp_path: Path, seed: int) -> None:
    """To see one that fails: `scripts/simulate --seed N --citizens 10`."""
    day = a_day(databases, tmp_path, seed)
    day.run()
    assert set(day.exchange.met) == set(Mishap)
    assert day.process.crashes
    assert sum(machine.deaths for machine in day.machines) > len(day.machines)
    assert day.promises.all()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_longer_days_end_well_too(databases: Databases, tmp_path: Path, seed: int) -> None:
    a_day(databases, tmp_path, seed).run()


def test_the_days_hold_what_kiosks_are_for(databases: Databases, tmp_path: Path) -> None:
    """Tickets of blocks, places that a late request took, papers of each end: or the days would prove little."""
    facts: set[str] = set()
    papers: set[str] = set()
    for seed in (1, 2, 3):
        day = a_day(databases, tmp_path, seed)
        day.run()
        facts |= {name for recorded in day.promises.told for name in recorded.event.data}
        papers |= {end for each in day.machines for end in each.book().papers.values()}
    assert {"offline", "superseded"} <= facts
    assert papers == {"done", "expired", "doubtful"}


def test_one_seed_is_one_day(databases: Databases, tmp_path: Path) -> None:
    """Same tickets, same secrets, same deaths, to the millisecond."""
    first, second = (a_day(databases, tmp_path, 7) for _ in range(2))
    first.run()
    second.run()
    assert first.safety.tickets() == second.safety.tickets()
    assert first.exchange.met == second.exchange.met
    assert [each.deaths for each in first.machines] == [each.deaths for each in second.machines]


# ---------------------------------------------------------------- kiosks that break a rule


class ForgetfulCable(Cable):
    """Asks the server under another key than the one that the journal keeps."""

    def issue(self, tap: Tap) -> Issued:
        return super().issue(replace(tap, key=f"{tap.key}-again"))


class RenamingCable(Cable):
    """Brings tickets under other keys than those of their taps."""

    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer:
        keys = {f"{each.key}-offline": each.key for each in tickets}
        renamed = tuple(replace(each, key=f"{each.key}-offline") for each in tickets)
        answer = super().upload(renamed, key)
        results = tuple(replace(each, key=keys[each.key]) for each in answer.results)
        return replace(answer, results=results)


class CarelessCable(Cable):
    """Believes that an upload was kept that nobody has answered."""

    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer:
        results = tuple(KeptTicket(key=each.key, outcome="kept") for each in tickets)
        return UploadAnswer(results=results, seq=0, at=self.time())


class HastyJournal(Journal):
    """Does not wait until the disk has what it writes."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        with self._file.reading() as db:
            db.execute("PRAGMA synchronous=OFF")


class RewoundJournal(Journal):
    """Begins each block anew after a start."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        with sqlite3.connect(path) as db:
            db.execute("DROP INDEX IF EXISTS one_number")
            db.execute("UPDATE blocks SET next = first")


class RepeatingJournal(Journal):
    """Does not write down that a paper may be out."""

    def begin_sending(self, ticket: str) -> None:
        """Nothing."""


class StubbornJournal(Journal):
    """Prints again what may be out."""

    def end_paper(self, ticket: str, state: PaperEnd, reason: str | None = None) -> None:
        if state == "doubtful":
            self.not_sent(ticket)
        else:
            super().end_paper(ticket, state, reason)


class ConfidentJournal(Journal):
    """Takes a paper that failed for one that came out."""

    def not_sent(self, ticket: str) -> None:
        self.end_paper(ticket, "done")


class GreedyJournal(Journal):
    """Takes ten numbers more than were leased."""

    def keep_blocks(self, blocks: Iterable[Block]) -> None:
        super().keep_blocks(replace(each, first=each.first - 10) for each in blocks)


MUTANTS: dict[str, tuple[Parts, str]] = {
    "asks under another key": (Parts(cable=ForgetfulCable), "nobody asked for|second place"),
    "brings under another key": (Parts(cable=RenamingCable), "second place in the line"),
    "never brought": (Parts(cable=CarelessCable), "a promised ticket is lost"),
    "not synced": (Parts(journal=HastyJournal), "a promised ticket is lost|two citizens|one tap"),
    "a block used again": (Parts(journal=RewoundJournal), "two citizens|refused a ticket"),
    "printed again after a death": (Parts(journal=RepeatingJournal), "a paper printed twice"),
    "printed again after lost ink": (Parts(journal=StubbornJournal), "a paper printed twice"),
    "believed": (Parts(journal=ConfidentJournal), "believed, not printed"),
    "not leased": (Parts(journal=GreedyJournal), "refused a ticket"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_worse_kiosk_is_found_out(databases: Databases, tmp_path: Path, name: str) -> None:
    parts, reason = MUTANTS[name]

    def live() -> None:
        for seed in range(1, SEEDS_OF_A_MUTANT + 1):
            a_day(databases, tmp_path, seed, parts).run()

    with pytest.raises(AssertionError, match=reason):
        live()

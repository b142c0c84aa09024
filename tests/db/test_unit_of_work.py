"""One transaction or nothing, and one answer to one request: after a rollback, a restart, in another process."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from server.actions import housekeeping
from server.actions.hall import Caller
from server.db.tables import metadata
from server.db.unit_of_work import RequestKey
from server.domain.errors import KeyReused, UnknownBranch
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId, Seq
from server.domain.roles import Role
from server.domain.states import Verb
from server.wire import TicketAnswer
from tests.builders import MORNING, SeededChance, Town, open_hall
from tests.statements import recorded, watched

FACT = Event(kind=EventKind.SHIFT_OPENED, at=MORNING)


class PowerCut(Exception):
    """Anything that goes wrong between two steps."""


def contents(town: Town) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with town.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table))]
            for table in metadata.sorted_tables
        }


def test_what_is_left_without_commit_is_undone_whole(town: Town) -> None:
    before = contents(town)
    heard: list[Seq] = []
    town.hall.store.listen(lambda _, seq: heard.append(seq))
    with town.hall.store.change(town.branch) as work:
        work.record_event(FACT)

    def cut_in_the_middle() -> None:
        with town.hall.store.change(town.branch) as work:
            work.record_event(FACT)
            raise PowerCut

    with pytest.raises(PowerCut):
        cut_in_the_middle()
    assert contents(town) == before
    assert heard == []


@pytest.mark.parametrize("steps", range(14))
def test_a_ticket_is_issued_whole_or_not_at_all(town: Town, steps: int) -> None:
    """The database fails at each statement of the action in turn; the retry then gets the number 1."""
    before = contents(town)
    left = [steps]

    def fail(*_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise PowerCut

    issued = None
    with suppress(PowerCut), watched(town.engine, fail):
        issued = town.issue(key="k").value.label
    if issued is None:
        assert contents(town) == before
    assert town.issue(key="k").value.label == "A001"


def test_listeners_hear_of_a_commit_after_it(town: Town) -> None:
    """Whoever is woken must find what woke them."""
    found: list[tuple[Seq, int]] = []

    def listen(branch: BranchId, seq: Seq) -> None:
        with town.engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT count(*) FROM tickets")).scalar_one()
        found.append((seq, rows))

    town.hall.store.listen(listen)
    assert town.issue(key="k").value.seq == 1
    town.issue(key="k")
    assert found == [(1, 1)]


def test_an_unknown_branch_cannot_be_locked(town: Town) -> None:
    with pytest.raises(UnknownBranch), town.hall.store.change(BranchId(999_999)):
        pass


def test_a_change_takes_the_write_lock_at_once(town: Town) -> None:
    """A lock taken on the first write would let two read the same state before."""
    with recorded(town.engine) as statements:
        town.issue()
    wanted = (
        "BEGIN IMMEDIATE" if town.engine.dialect.name == "sqlite" else "UPDATE branches SET seq"
    )
    assert wanted in statements[0][0]


def test_sqlite_is_durable(town: Town) -> None:
    """WAL and FULL: an acknowledged ticket survives a power cut. PostgreSQL has it by default."""
    if town.engine.dialect.name != "sqlite":
        return
    with town.engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
    assert found == ["wal", 2, 1]


def replay_elsewhere(town_url: str, caller: Caller) -> tuple[TicketAnswer, bool]:
    """The same request in a process that never saw the first one."""
    from server.actions.tickets import issue_ticket
    from server.domain.ids import Language
    from server.domain.states import TicketClass
    from tests.builders import HandClock

    engine, hall = open_hall(town_url, HandClock(MORNING + timedelta(hours=9)), SeededChance(99))
    answered = issue_ticket(
        hall=hall,
        caller=caller,
        branch=caller.branch,
        service="a",
        ticket_class=TicketClass.ORDINARY,
        language=Language.ARABIC,
        key="k",
    )
    engine.dispose()
    return answered.value, answered.is_new


def test_a_replay_is_the_first_answer_in_another_process(town: Town) -> None:
    first = town.issue(key="k").value
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(replay_elsewhere, town.url, town.kiosk).result() == (first, False)


def test_a_replay_is_the_first_answer_after_a_restart(town: Town) -> None:
    """Even when the ticket has moved on since."""
    town.sit()
    issued = town.issue(key="k").value
    called = town.call(key="c").value
    for verb in (Verb.START, Verb.FINISH):
        town.step(verb, issued.id)
    engine, hall = open_hall(town.url, town.clock, SeededChance(5))
    reopened = replace(town, engine=engine, hall=hall)
    assert reopened.issue(key="k").value == issued
    again = reopened.call(key="c")
    assert (again.value, again.is_new) == (called, False)
    engine.dispose()


def test_one_key_for_two_requests_is_refused(town: Town) -> None:
    town.issue("a", key="k")
    before = contents(town)
    with pytest.raises(KeyReused):
        town.issue("b", key="k")
    assert contents(town) == before


def test_two_devices_may_use_the_same_key(town: Town) -> None:
    other = Caller(scope="another kiosk", role=Role.KIOSK, branch=town.branch)
    assert town.issue(key="k").value.label == "A001"
    assert town.issue(key="k", kiosk=other).value.label == "A002"


def test_answers_are_forgotten_after_two_days_and_not_before(town: Town) -> None:
    town.issue(key="k")
    town.clock.advance(housekeeping.ANSWERS_KEPT)
    assert housekeeping.forget_answers(hall=town.hall) == 0
    town.clock.advance(timedelta(milliseconds=1))
    assert housekeeping.forget_answers(hall=town.hall) == 1


def test_an_answer_is_kept_with_its_change_or_not_at_all(town: Town) -> None:
    request = RequestKey(scope="s", key="k", fingerprint="f")
    with town.hall.store.change(town.branch) as work:
        work.remember(request, 1, MORNING)
    with town.hall.store.change(town.branch) as work:
        assert work.replayed(request, int) is None

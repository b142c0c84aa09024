"""Prepared statements give what SQLAlchemy itself gives: the same rows, types and errors."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.db import codec, reads, staffing, unit_of_work, views
from server.db.prepared import Prepared
from server.db.tables import branches, requests, segments, services, tickets
from server.domain.states import Verb
from tests.builders import MORNING, Town
from tests.statements import recorded

PREPARED = [
    value
    for module in (reads, staffing, unit_of_work, views)
    for value in vars(module).values()
    if isinstance(value, Prepared)
]
TYPED = (branches, services, tickets, segments)
"""Between them they hold every type: JSON, dates, times, booleans, floats, numbers and texts."""


@pytest.mark.parametrize("table", TYPED, ids=lambda table: str(table.name))
def test_rows_are_those_of_sqlalchemy(town: Town, table: sa.Table) -> None:
    town.sit()
    town.issue()
    called = town.call().value
    for verb in (Verb.START, Verb.FINISH):
        town.step(verb, called.id)
    statement = sa.select(table).order_by(*table.primary_key)
    with town.hall.store.read() as connection:
        ours = Prepared(statement).all(connection, {})
        theirs = connection.execute(statement).all()
    assert ours
    assert [tuple(row) for row in ours] == [tuple(row) for row in theirs]
    assert [type(value) for value in ours[0]] == [type(value) for value in theirs[0]]
    assert ours[0]._fields == theirs[0]._fields


def test_the_statement_is_sent_as_sqlalchemy_sends_it(town: Town) -> None:
    statement = sa.select(tickets).where(tickets.c.id == sa.bindparam("id"), tickets.c.calls >= 0)
    with town.hall.store.read() as connection, recorded(town.engine) as sent:
        connection.execute(statement, {"id": "x"}).all()
        assert Prepared(statement).first(connection, {"id": "x"}) is None
    first, second = [(text, _plain(values)) for text, values in sent]
    assert first == second


def test_many_rows_are_one_go(town: Town) -> None:
    segment = {column.name: None for column in segments.c if column.name != "id"}
    ticket = town.ticket(town.issue().value.id)
    rows = [
        {
            **segment,
            "ticket_id": ticket.id,
            "service_id": ticket.service,
            "waiting_from": MORNING,
            "ended_at": MORNING,
            "outcome": outcome,
        }
        for outcome in ("ticket_parked", "ticket_finished")
    ]
    with town.hall.store.administer() as connection, recorded(town.engine) as sent:
        unit_of_work._insert_segment.run_many(connection, rows)
    assert len([text for text, _ in sent if text.startswith("INSERT")]) == 1
    with town.hall.store.read() as connection:
        found = connection.execute(sa.select(segments.c.outcome).order_by(segments.c.id)).scalars()
        assert list(found) == ["ticket_parked", "ticket_finished"]


def test_a_broken_constraint_is_sqlalchemys_error_without_values(town: Town) -> None:
    insert = Prepared(sa.insert(tickets))
    values = codec.ticket_values(town.ticket(town.issue().value.id))
    with (
        town.hall.store.administer() as connection,
        pytest.raises(sa.exc.IntegrityError) as caught,
    ):
        insert.run(connection, values)
    assert "INSERT INTO tickets" in str(caught.value)
    assert values["secret"] not in str(caught.value.statement)
    assert caught.value.params is None


def test_a_forgotten_parameter_is_not_taken_for_null(town: Town) -> None:
    find = Prepared(sa.select(requests).where(requests.c.key == sa.bindparam("key")))
    with town.hall.store.read() as connection, pytest.raises(KeyError, match="key"):
        find.all(connection, {"scope": "kiosk"})


def test_a_list_of_any_length_cannot_be_prepared(town: Town) -> None:
    several = Prepared(
        sa.select(tickets).where(tickets.c.id.in_(sa.bindparam("ids", expanding=True)))
    )
    with town.hall.store.read() as connection, pytest.raises(AssertionError, match="any length"):
        several.all(connection, {"ids": ["a", "b"]})


def test_a_time_without_a_zone_never_reaches_the_database(town: Town) -> None:
    before = Prepared(sa.select(tickets.c.id).where(tickets.c.issued_at < sa.bindparam("moment")))
    with town.hall.store.read() as connection:
        assert before.all(connection, {"moment": MORNING}) == []
        with pytest.raises(AssertionError, match="without a zone"):
            before.all(connection, {"moment": MORNING.replace(tzinfo=None)})


def test_every_prepared_statement_compiles_for_both_databases(town: Town) -> None:
    assert len(PREPARED) > 20
    for statement in PREPARED:
        with town.hall.store.read() as connection:
            statement._for(connection)


def _plain(values: Any) -> Any:
    return dict(values) if isinstance(values, dict) else tuple(values)

"""What the tables refuse by themselves: a lost race is an error, never a wrong row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from server.db import codec
from server.db.tables import UtcMillis, desk_lines, events, jobs, lines, metadata, shifts, tickets
from server.domain.ids import Label, Secret, TicketId
from server.domain.states import TicketState
from server.domain.ticket import Ticket
from tests.builders import MORNING, Town, a_ticket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIALECT = sqlite.dialect()


def put(town: Town, table: sa.Table, *rows: dict[str, Any]) -> None:
    """Insert rows behind the back of every action."""
    with town.engine.begin() as connection:
        for row in rows:
            connection.execute(sa.insert(table), row)


def ticket_row(town: Town, serial: int, **changes: Any) -> dict[str, Any]:
    """A ticket of the town's first service, all different from each other."""
    with town.engine.connect() as connection:
        service = connection.execute(
            sa.text("SELECT min(id) FROM services WHERE branch_id = :b"), {"b": town.branch}
        ).scalar_one()
    ticket: Ticket = a_ticket(
        id=TicketId(f"{serial:026d}"),
        branch=town.branch,
        service=service,
        label=Label(f"A{serial:03d}"),
        secret=Secret(f"{serial:013d}"),
    )
    return codec.ticket_values(ticket) | changes


def shift_row(town: Town, desk: int, agent: int, **changes: Any) -> dict[str, Any]:
    """An open shift."""
    return {
        "branch_id": town.branch,
        "desk_id": town.desks[desk],
        "agent_id": town.agents[agent].agent,
        "opened_at": MORNING,
        "auto_call": False,
    } | changes


def event_row(town: Town, seq: int) -> dict[str, Any]:
    """Any fact."""
    return {"branch_id": town.branch, "seq": seq, "at": MORNING, "kind": "x", "data": {}}


def job_row(town: Town, event_seq: int) -> dict[str, Any]:
    """A print job."""
    return {
        "branch_id": town.branch,
        "kind": "print",
        "target": "printer:1",
        "state": "pending",
        "created_at": MORNING,
        "run_at": MORNING,
        "expires_at": MORNING,
        "attempts": 0,
        "event_seq": event_seq,
    }


def test_no_number_twice_on_a_day(town: Town) -> None:
    put(town, tickets, ticket_row(town, 1))
    with pytest.raises(IntegrityError):
        put(town, tickets, ticket_row(town, 2, label="A001"))
    put(town, tickets, ticket_row(town, 2, label="A001", day=MORNING.date() + timedelta(days=1)))


def test_no_secret_twice(town: Town) -> None:
    put(town, tickets, ticket_row(town, 1))
    with pytest.raises(IntegrityError):
        put(town, tickets, ticket_row(town, 2, secret=f"{1:013d}"))


@pytest.mark.parametrize("second", ["called", "serving"])
def test_no_two_tickets_at_one_desk(town: Town, second: str) -> None:
    desk = town.desks[0]
    put(town, tickets, ticket_row(town, 1, desk_id=desk, state="serving"))
    with pytest.raises(IntegrityError):
        put(town, tickets, ticket_row(town, 2, desk_id=desk, state=second))
    put(town, tickets, ticket_row(town, 2, desk_id=desk, state="done"))


def test_no_two_open_shifts_at_a_desk_nor_of_an_agent(town: Town) -> None:
    put(town, shifts, shift_row(town, 0, 0))
    for desk, agent in ((0, 1), (1, 0)):
        with pytest.raises(IntegrityError):
            put(town, shifts, shift_row(town, desk, agent))
    put(town, shifts, shift_row(town, 0, 0, closed_at=MORNING), shift_row(town, 1, 1))


def test_nobody_waits_less_than_not_at_all(town: Town) -> None:
    service = ticket_row(town, 1)["service_id"]
    row = {"branch_id": town.branch, "day": MORNING.date(), "service_id": service}
    with pytest.raises(IntegrityError):
        put(town, lines, row | {"last_number": 1, "waiting": -1})


def test_no_seq_twice_and_no_second_job_of_an_event(town: Town) -> None:
    put(town, events, event_row(town, 900))
    with pytest.raises(IntegrityError):
        put(town, events, event_row(town, 900))
    put(town, jobs, job_row(town, 900))
    with pytest.raises(IntegrityError):
        put(town, jobs, job_row(town, 900))


def test_what_is_referred_to_exists(town: Town) -> None:
    """SQLite checks this only because the engine asks it to."""
    for table, row in (
        (tickets, ticket_row(town, 1, service_id=999_999)),
        (shifts, shift_row(town, 0, 0, desk_id=999_999)),
        (desk_lines, {"desk_id": town.desks[0], "service_id": 999_999, "lag_seconds": 0}),
    ):
        with pytest.raises(IntegrityError):
            put(town, table, row)


@given(st.integers(-(10**13), 10**13))
def test_times_come_back_to_the_millisecond(millis: int) -> None:
    kind = UtcMillis()
    moment = EPOCH + timedelta(milliseconds=millis)
    assert kind.process_bind_param(moment, DIALECT) == millis
    assert kind.process_result_value(millis, DIALECT) == moment
    in_paris = moment.astimezone() if abs(millis) < 10**12 else moment
    assert kind.process_bind_param(in_paris, DIALECT) == millis


def test_times_keep_their_order_below_the_millisecond() -> None:
    """Cut down, never rounded up: an instant is not stored as one that has not come yet."""
    kind = UtcMillis()
    assert kind.process_bind_param(EPOCH + timedelta(microseconds=1999), DIALECT) == 1
    assert kind.process_bind_param(None, DIALECT) is None
    assert kind.process_result_value(None, DIALECT) is None


def test_a_time_without_a_zone_never_reaches_the_database() -> None:
    with pytest.raises(AssertionError, match="without a zone"):
        UtcMillis().process_bind_param(datetime(2026, 1, 1), DIALECT)


@pytest.mark.parametrize("state", list(TicketState))
def test_a_ticket_comes_back_as_it_was_written(town: Town, state: TicketState) -> None:
    row = ticket_row(town, 1)
    written = a_ticket(
        state,
        branch=town.branch,
        service=row["service_id"],
        desk=None,
        agent=town.agents[0].agent,
        not_before=MORNING + timedelta(minutes=5, milliseconds=1),
        no_shows=2,
    )
    put(town, tickets, codec.ticket_values(written))
    assert town.ticket(written.id) == written


def test_every_time_is_milliseconds() -> None:
    """A plain DateTime would lose its zone on SQLite."""
    kinds = {type(column.type) for table in metadata.tables.values() for column in table.columns}
    assert sa.DateTime not in kinds
    assert UtcMillis in kinds

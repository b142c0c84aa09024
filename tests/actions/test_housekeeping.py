"""What time does to a branch."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from server.actions import housekeeping
from server.db import outbox
from server.db.tables import branches
from server.domain.events import EventKind
from server.domain.hours import OFFICE_HOURS, Hours, hours_values
from server.domain.ids import Seq
from tests.builders import CASABLANCA, Town


def test_opening_and_closing_are_events_once(town: Town) -> None:
    _office_hours(town)
    town.issue()
    assert not _note(town), "open as at the last event"
    town.clock.advance(timedelta(hours=12))
    assert [_note(town), _note(town)] == [True, False]
    town.clock.advance(timedelta(hours=12))
    assert [_note(town), _note(town)] == [True, False]
    with town.hall.store.read() as connection:
        kinds = [each.event.kind for each in outbox.events_after(connection, town.branch, Seq(1))]
    assert kinds == [EventKind.BRANCH_CLOSED, EventKind.BRANCH_OPENED]


def test_a_branch_without_history_notes_nothing(town: Town) -> None:
    _office_hours(town)
    town.clock.advance(timedelta(hours=12))
    assert not _note(town)


def _note(town: Town) -> bool:
    return housekeeping.note_hours(hall=town.hall, branch=town.branch)


def _office_hours(town: Town) -> None:
    hours = Hours(zone=CASABLANCA, rules=OFFICE_HOURS)
    with town.hall.store.administer() as connection:
        connection.execute(
            sa.update(branches)
            .where(branches.c.id == town.branch)
            .values(hours=hours_values(hours))
        )

"""Changing what was set up: one transaction with its event or nothing, and "already so" writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from server.actions.amendments import (
    BranchChange,
    ServiceChange,
    change_branch,
    change_desk,
    change_service,
    close_day,
    reopen_day,
    set_hours,
)
from server.db import outbox, reads
from server.db.staffing import learn
from server.domain.branch import Catalogue
from server.domain.errors import BranchClosed, Invalid, Refusal, UnknownDesk, UnknownService
from server.domain.events import EventKind
from server.domain.hours import OFFICE_HOURS, Hours, HoursRule, Span
from server.domain.ids import Language, Seq
from server.domain.states import TicketClass, TicketState, Verb
from tests.builders import CASABLANCA, MORNING, Town
from tests.web.builders import nothing_written

ZERO = timedelta(0)
TODAY = date(2026, 6, 1)


def catalogue(town: Town) -> Catalogue:
    with town.hall.store.read() as connection:
        return reads.catalogue(connection, reads.branch(connection, town.branch))


def events(town: Town, after: int = 0) -> list[EventKind]:
    with town.hall.store.read() as connection:
        page = outbox.events_after(connection, town.branch, Seq(after))
    return [each.event.kind for each in page]


def branch_change(town: Town) -> bool:
    return change_branch(
        hall=town.hall, branch=town.branch, change=BranchChange(names={Language.ARABIC: "بركان"})
    )


def service_change(town: Town) -> bool:
    change = ServiceChange(icon="stamp", place=3)
    return change_service(hall=town.hall, branch=town.branch, code="a", change=change)


def desk_change(town: Town) -> bool:
    lines = {"c": ZERO, "a": timedelta(minutes=7)}
    return change_desk(hall=town.hall, branch=town.branch, number=1, lines=lines).is_new


def day_closed(town: Town) -> bool:
    day = date(2027, 1, 11)
    return close_day(hall=town.hall, branch=town.branch, day=day, why="Manifeste")


@pytest.mark.parametrize("change", [branch_change, service_change, desk_change, day_closed])
def test_a_change_is_one_event_and_the_same_again_is_none(
    town: Town, change: Callable[[Town], bool]
) -> None:
    assert change(town)
    assert events(town) == [EventKind.CATALOGUE_CHANGED]
    with nothing_written(town):
        assert not change(town)


def a_bad_branch(town: Town) -> None:
    change = BranchChange(open_kiosk=True, accent="#ffffff")
    change_branch(hall=town.hall, branch=town.branch, change=change)


def a_zone_of_another_day(town: Town) -> None:
    change = BranchChange(zone="Pacific/Kiritimati", open_kiosk=True)
    town.clock.advance(timedelta(hours=4))
    change_branch(hall=town.hall, branch=town.branch, change=change)


def an_endless_head_start(town: Town) -> None:
    change = BranchChange(priority_head_start=timedelta(days=1))
    change_branch(hall=town.hall, branch=town.branch, change=change)


def a_bad_service(town: Town) -> None:
    change = ServiceChange(icon="stamp", names={Language.FRENCH: "a\nb"})
    change_service(hall=town.hall, branch=town.branch, code="a", change=change)


def a_place_that_is_not(town: Town) -> None:
    change = ServiceChange(icon="stamp", place=4)
    change_service(hall=town.hall, branch=town.branch, code="a", change=change)


def an_unknown_service(town: Town) -> None:
    lines = {"a": ZERO, "z": ZERO}
    change_desk(hall=town.hall, branch=town.branch, number=1, lines=lines)


def an_unknown_desk(town: Town) -> None:
    change_desk(hall=town.hall, branch=town.branch, number=9, lines={"a": ZERO})


def a_desk_without_lines(town: Town) -> None:
    change_desk(hall=town.hall, branch=town.branch, number=1, lines={})


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (a_bad_branch, Invalid),
        (a_zone_of_another_day, Invalid),
        (an_endless_head_start, Invalid),
        (a_bad_service, Invalid),
        (a_place_that_is_not, Invalid),
        (an_unknown_service, UnknownService),
        (an_unknown_desk, UnknownDesk),
        (a_desk_without_lines, Invalid),
    ],
)
def test_a_refused_change_writes_nothing(
    town: Town, change: Callable[[Town], None], refusal: type[Refusal]
) -> None:
    with nothing_written(town), pytest.raises(refusal):
        change(town)


def test_places_are_counted_in_the_order_of_the_kiosk(town: Town) -> None:
    def order(code: str, place: int) -> list[str]:
        change = ServiceChange(place=place)
        change_service(hall=town.hall, branch=town.branch, code=code, change=change)
        return [each.code for each in catalogue(town).services]

    assert order("c", 1) == ["c", "a", "b"]
    assert order("c", 2) == ["a", "c", "b"]
    assert order("a", 3) == ["c", "b", "a"]


def test_another_expected_time_takes_the_place_of_what_was_learnt(town: Town) -> None:
    town.sit()
    for _ in range(3):
        ticket = town.issue().value.id
        town.call()
        town.step(Verb.START, ticket)
        town.clock.advance(timedelta(minutes=1))
        town.step(Verb.FINISH, ticket)
    change = ServiceChange(expected=timedelta(minutes=20))
    assert change_service(hall=town.hall, branch=town.branch, code="a", change=change)
    with town.hall.store.read() as connection:
        service = reads.service_by_code(connection, town.branch, "a")
        assert learn(connection, service.id, 20 * 60).mean_seconds == 20 * 60


def test_a_head_start_counts_from_now_on(town: Town) -> None:
    before = town.ticket(town.issue(ticket_class=TicketClass.PRIORITY).value.id)
    change = BranchChange(priority_head_start=timedelta(minutes=5))
    change_branch(hall=town.hall, branch=town.branch, change=change)
    after = town.ticket(town.issue(ticket_class=TicketClass.PRIORITY).value.id)
    assert MORNING - before.rank_at == timedelta(minutes=30)
    assert MORNING - after.rank_at == timedelta(minutes=5)
    assert town.ticket(before.id) == before


def test_a_desk_changes_its_lines_under_an_agent_with_a_ticket(town: Town) -> None:
    """Desk 1 serves a and b; c has people waiting whom it calls right after the change."""
    town.sit()
    mine = town.issue("a").value
    waiting = town.issue("c").value
    town.call()
    done = change_desk(hall=town.hall, branch=town.branch, number=1, lines={"c": ZERO})
    assert done.value == (), "the other desks serve a and b"
    town.step(Verb.START, mine.id)
    town.step(Verb.FINISH, mine.id)
    assert town.ticket(mine.id).state is TicketState.DONE
    assert town.call().value.id == waiting.id


def test_a_service_that_no_desk_serves_any_more_is_named(town: Town) -> None:
    for number, left in ((2, ()), (3, ("c",))):
        done = change_desk(hall=town.hall, branch=town.branch, number=number, lines={"b": ZERO})
        assert done.value == left
    assert change_desk(
        hall=town.hall, branch=town.branch, number=1, lines={"b": ZERO, "c": ZERO}
    ).value == ("a",)


def test_hours_that_close_the_hall_now_are_told_like_the_hour_itself(town: Town) -> None:
    assert close_day(hall=town.hall, branch=town.branch, day=TODAY, why="")
    assert events(town) == [EventKind.BRANCH_CLOSED, EventKind.CATALOGUE_CHANGED]
    with pytest.raises(BranchClosed):
        town.issue()
    assert reopen_day(hall=town.hall, branch=town.branch, day=TODAY)
    assert events(town, after=2) == [EventKind.BRANCH_OPENED, EventKind.CATALOGUE_CHANGED]
    town.issue()


def test_hours_are_kept_whole_in_the_zone_of_the_branch(town: Town) -> None:
    ramadan = HoursRule(
        weekdays=((Span(start=time(9), end=time(15)),),) * 7,
        first_day=date(2027, 2, 8),
        comment="Ramadan",
    )
    closed = {date(2027, 1, 11), date(2027, 5, 1)}
    wanted = Hours(
        zone=CASABLANCA,
        rules=(*OFFICE_HOURS, ramadan),
        closed_days=frozenset(closed),
        closed_for={date(2027, 1, 11): "Manifeste"},
    )
    elsewhere = replace(wanted, zone=wanted.zone.no_cache("Europe/Paris"))
    assert set_hours(hall=town.hall, branch=town.branch, wanted=elsewhere)
    assert catalogue(town).branch.hours == wanted
    assert wanted.is_open(datetime(2027, 2, 9, 9, 30, tzinfo=UTC))

"""Issuing and the shift: labels, closed doors, the last number of a day, pauses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import queue
from server.domain.branch import Catalogue
from server.domain.errors import (
    BranchClosed,
    DeskPaused,
    LineFull,
    ServiceClosed,
    TicketInHand,
    UnknownService,
)
from server.domain.events import EventKind
from server.domain.hours import OFFICE_HOURS, Hours
from server.domain.ids import AgentId, DeskId, Language, Secret, TicketId, in_language
from server.domain.queue import IssueRequest, PauseReason, Shift
from server.domain.roles import Right, Role, rights_of
from server.domain.states import TicketClass, TicketState
from server.domain.ticket import Change
from tests.builders import CASABLANCA, MORNING, a_branch, a_service, a_ticket

SHIFT = Shift(desk=DeskId(1), agent=AgentId(1), opened_at=MORNING)
LATER = MORNING + timedelta(hours=1)


def issued(number: int = 1, ticket_class: TicketClass = TicketClass.ORDINARY) -> Change:
    """A tap that gives `number`."""
    return queue.issue(
        IssueRequest(ticket_class=ticket_class, language=Language.ARABIC, printer=7),
        branch=a_branch(),
        service=a_service(),
        number=number,
        day=MORNING.date(),
        ticket_id=TicketId("1"),
        secret=Secret("S"),
        now=MORNING,
    )


@given(st.integers(1, queue.MAX_NUMBER))
def test_a_label_is_the_letter_and_three_digits(number: int) -> None:
    label = queue.label_of(a_service(letter="K"), number)
    assert (label[0], int(label[1:]), len(label)) == ("K", number, 4)


def test_past_the_last_number_the_line_is_full() -> None:
    assert queue.label_of(a_service(), 999) == "A999"
    with pytest.raises(LineFull) as caught:
        queue.label_of(a_service(), 1000)
    assert caught.value.details == {"service": "a"}


def test_issuing_waits_at_the_place_of_its_class() -> None:
    change = issued(12, TicketClass.PRIORITY)
    after = change.after
    assert (after.label, after.state) == ("A012", TicketState.WAITING)
    assert after.rank_at == MORNING - timedelta(minutes=30)
    assert change.before is None
    assert change.event.kind is EventKind.TICKET_ISSUED
    assert change.event.data == {"label": "A012", "class": "priority", "printer": 7}


def test_no_event_tells_the_secret() -> None:
    assert "S" not in {str(value) for value in issued().event.data.values()}


def test_a_closed_branch_and_a_closed_service_give_no_ticket() -> None:
    closed = a_branch(hours=Hours(zone=CASABLANCA, rules=OFFICE_HOURS))
    night = MORNING.replace(hour=22)
    with pytest.raises(BranchClosed):
        queue.require_open(closed, a_service(), night)
    with pytest.raises(ServiceClosed):
        queue.require_open(closed, a_service(is_open=False), MORNING)
    queue.require_open(closed, a_service(), MORNING)


def test_a_desk_calls_when_it_is_free_and_not_paused() -> None:
    queue.require_ready(SHIFT, None)
    with pytest.raises(TicketInHand) as caught:
        queue.require_ready(SHIFT, a_ticket(TicketState.CALLED))
    assert caught.value.details == {"label": "A012", "state": "called"}
    paused = queue.pause(SHIFT, reason=PauseReason.PRAYER, in_hand=None, now=LATER)
    assert paused is not None
    with pytest.raises(DeskPaused):
        queue.require_ready(paused[0], None)


def test_a_pause_begins_once_and_ends_once() -> None:
    paused = queue.pause(SHIFT, reason=PauseReason.BREAK, in_hand=None, now=LATER)
    assert paused is not None
    shift, event = paused
    assert (shift.paused_at, event.kind) == (LATER, EventKind.PAUSE_STARTED)
    assert event.data == {"reason": "break"}
    assert queue.pause(shift, reason=PauseReason.BREAK, in_hand=None, now=LATER) is None
    resumed = queue.resume(shift, now=LATER)
    assert resumed is not None
    assert resumed[0] == SHIFT
    assert queue.resume(SHIFT, now=LATER) is None


def test_nobody_pauses_with_a_citizen_at_the_desk() -> None:
    with pytest.raises(TicketInHand):
        queue.pause(
            SHIFT, reason=PauseReason.BREAK, in_hand=a_ticket(TicketState.SERVING), now=LATER
        )


def test_the_automatic_call_is_set_once() -> None:
    altered = queue.set_auto_call(SHIFT, is_on=True, now=LATER)
    assert altered is not None
    assert (altered[0].auto_call, altered[1].data) == (True, {"on": 1})
    assert queue.set_auto_call(altered[0], is_on=True, now=LATER) is None


def test_a_catalogue_refuses_an_unknown_service() -> None:
    catalogue = Catalogue(branch=a_branch(), services=(a_service(),), desks=())
    assert catalogue.service("a").letter == "A"
    with pytest.raises(UnknownService):
        catalogue.service("z")


def test_a_text_is_never_empty_handed() -> None:
    texts = {Language.FRENCH: "Bonjour", Language.ENGLISH: "Hello"}
    assert in_language(texts, Language.ENGLISH) == "Hello"
    assert in_language(texts, Language.AMAZIGH) == "Bonjour"
    assert in_language({Language.ENGLISH: "Hello"}, Language.ARABIC) == "Hello"
    with pytest.raises(ValueError, match="at least one language"):
        in_language({}, Language.ARABIC)


def test_only_arabic_runs_from_right_to_left() -> None:
    assert [each for each in Language if each.is_right_to_left] == [Language.ARABIC]


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right.ISSUE, {"kiosk", "agent", "supervisor", "admin", "integration"}),
        (Right.SERVE, {"agent", "supervisor", "admin"}),
        (Right.SUPERVISE, {"supervisor", "admin"}),
        (Right.READ_EVENTS, {"supervisor", "admin", "integration"}),
        (Right.ADMINISTER, {"admin"}),
    ],
)
def test_who_may_do_what(right: Right, roles: set[str]) -> None:
    """The whole table: a right that a role gains by accident fails here."""
    assert {role.value for role in Role if right in rights_of(role)} == roles

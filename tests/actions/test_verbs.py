"""The verbs one by one: what they write, what they teach, whom they refuse, and bugs that were found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from server.actions import desks as desk_verbs
from server.actions import housekeeping, settings, shifts, tickets
from server.db import desk_view, outbox, reads
from server.db.staffing import read_staffing
from server.domain.errors import (
    AgentElsewhere,
    DeskTaken,
    IllegalTransition,
    LineFull,
    NoShift,
    NotAllowed,
    Refusal,
    TicketInHand,
    UnknownDesk,
    UnknownService,
    UnknownTicket,
)
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId, DeskId, Language, Secret, Seq, TicketId
from server.domain.states import TicketClass, TicketState, Verb
from tests.builders import SeededChance, Town, build_town


def events_of(town: Town, after: int = 0) -> list[Event]:
    """The facts so far."""
    with town.hall.store.read() as connection:
        return [each.event for each in outbox.events_after(connection, town.branch, Seq(after))]


def call_chosen(town: Town, ticket_id: str, desk: int = 0) -> None:
    """Agent 0 calls one out of the order."""
    desk_verbs.call_ticket(
        hall=town.hall,
        caller=town.agents[0],
        desk=town.desks[desk],
        ticket_id=TicketId(ticket_id),
        key=None,
    )


def test_tickets_of_one_millisecond_are_called_in_the_order_of_their_numbers(town: Town) -> None:
    """Ids were random within a millisecond, so A002 could go before A001."""
    town.sit()
    labels = [town.issue().value.label for _ in range(20)]
    called = []
    for _ in labels:
        answer = town.call().value
        called.append(answer.label)
        for verb in (Verb.START, Verb.FINISH):
            town.step(verb, answer.id)
    assert called == labels


def test_a_missed_ticket_of_yesterday_stays_missed(town: Town) -> None:
    """It went back to yesterday's line, from which nobody calls."""
    town.sit()
    issued = town.issue().value
    town.call()
    town.clock.advance(timedelta(days=1))
    housekeeping.close_past_days(hall=town.hall, branch=town.branch)
    assert town.ticket(issued.id).state is TicketState.MISSED
    town.sit()
    with pytest.raises(IllegalTransition) as caught:
        town.step(Verb.REINSTATE, issued.id)
    assert caught.value.details["state"] == TicketState.MISSED


def test_a_call_says_why_and_the_log_keeps_it(town: Town) -> None:
    """B001 came first, A001 has a head start of 30 minutes."""
    town.sit()
    ordinary = town.issue("b").value
    town.clock.advance(timedelta(minutes=10))
    priority = town.issue("a", ticket_class=TicketClass.PRIORITY).value
    assert (ordinary.ahead, priority.ahead) == (0, 0)
    answer = town.call().value
    assert answer.explanation is not None
    assert (answer.label, answer.explanation.cause) == (priority.label, "priority")
    assert (answer.explanation.over, answer.explanation.minutes) == (ordinary.label, 30)
    told = events_of(town)[-1].data
    assert told == {"label": "A001", "cause": "priority", "over": "B001", "minutes": 30}


def test_a_chosen_ticket_is_logged_as_chosen(town: Town) -> None:
    town.sit()
    town.issue()
    second = town.issue().value
    call_chosen(town, second.id)
    assert events_of(town)[-1].data["cause"] == "chosen"


def test_a_finished_visit_teaches_how_long_it_takes(town: Town) -> None:
    town.sit()
    issued = town.issue().value
    town.call()
    town.step(Verb.START, issued.id)
    town.clock.advance(timedelta(minutes=17))
    town.step(Verb.FINISH, issued.id)
    with town.hall.store.read() as connection:
        day = town.clock.now().date()
        found = read_staffing(connection, town.branch, day).handling.values()
    assert sorted(each.mean_seconds for each in found) == [360.0, 360.0, pytest.approx(420.0)]


def test_the_desk_shows_whom_it_would_call(town: Town) -> None:
    """The view's next one is the one that the next call gets, with the same reason."""
    town.sit()
    for service in ("b", "a", "b"):
        town.issue(service)
        town.clock.advance(timedelta(seconds=1))
    agent = town.agents[0].require_agent()
    with town.hall.store.read() as connection:
        shift = reads.shift_of(connection, town.branch, agent)
        assert shift is not None
        view = desk_view.desk(connection, town.branch, shift, town.clock.now())
    assert view.next_up == town.call().value.explanation


def test_closing_a_shift_gives_a_called_ticket_back(town: Town) -> None:
    town.sit()
    issued = town.issue().value
    town.call()
    rank = town.ticket(issued.id).rank_at
    shifts.close_shift(hall=town.hall, caller=town.agents[0], desk=town.desks[0], key=None)
    after = town.ticket(issued.id)
    assert (after.state, after.rank_at, after.desk) == (TicketState.WAITING, rank, None)
    kinds = [event.kind for event in events_of(town)][-2:]
    assert kinds == [EventKind.TICKET_RETURNED, EventKind.SHIFT_CLOSED]


def test_the_thousandth_number_is_refused_and_takes_nothing(town: Town) -> None:
    with town.hall.store.change(town.branch) as work:
        service = reads.service_by_code(work.connection, town.branch, "a")
        for _ in range(998):
            work.take_number(service.id, town.clock.now().date())
        work.commit()
    assert town.issue().value.label == "A999"
    for _ in range(2):
        with pytest.raises(LineFull):
            town.issue()
    town.clock.advance(timedelta(days=1))
    assert town.issue().value.label == "A001"


def served(town: Town) -> str:
    """A ticket in the hand of agent 0, being served."""
    town.sit()
    town.issue()
    called = town.call().value
    town.step(Verb.START, called.id)
    return called.id


def kiosk_calls(town: Town) -> None:
    desk_verbs.call_next(hall=town.hall, caller=town.kiosk, desk=town.desks[0], key=None)


def agent_of_no_shift_calls(town: Town) -> None:
    town.call(1)


def calls_with_a_hand_full(town: Town) -> None:
    town.issue()
    town.call()


def calls_at_another_desk(town: Town) -> None:
    call_chosen(town, town.issue().value.id, desk=1)


def sits_at_a_taken_desk(town: Town) -> None:
    town.sit(1, desk=0)


def sits_twice(town: Town) -> None:
    town.sit(0, desk=1)


def sits_nowhere(town: Town) -> None:
    shifts.open_shift(hall=town.hall, caller=town.agents[1], desk=DeskId(999_999), key=None)


def leaves_a_citizen(town: Town) -> None:
    shifts.close_shift(hall=town.hall, caller=town.agents[0], desk=town.desks[0], key=None)


def asks_for_another_branch(town: Town) -> None:
    tickets.issue_ticket(
        hall=town.hall,
        caller=town.kiosk,
        branch=BranchId(999_999),
        service="a",
        ticket_class=TicketClass.ORDINARY,
        language=Language.FRENCH,
        key=None,
    )


def guesses_a_secret(town: Town) -> None:
    tickets.cancel_ticket(hall=town.hall, secret=Secret("0000000000000"), key=None)


def takes_an_unknown_service(town: Town) -> None:
    town.issue("z")


def steps_on_an_unknown_ticket(town: Town) -> None:
    town.step(Verb.FINISH, "0" * 26)


def reopens_without_the_right(town: Town) -> None:
    town.sit(1)
    town.step(Verb.REOPEN, "0" * 26, agent=1)


REFUSED: list[tuple[Callable[[Town], None], type[Refusal]]] = [
    (kiosk_calls, NotAllowed),
    (agent_of_no_shift_calls, NoShift),
    (calls_with_a_hand_full, TicketInHand),
    (calls_at_another_desk, NoShift),
    (sits_at_a_taken_desk, DeskTaken),
    (sits_twice, AgentElsewhere),
    (sits_nowhere, UnknownDesk),
    (leaves_a_citizen, TicketInHand),
    (asks_for_another_branch, NotAllowed),
    (guesses_a_secret, UnknownTicket),
    (takes_an_unknown_service, UnknownService),
    (steps_on_an_unknown_ticket, UnknownTicket),
    (reopens_without_the_right, NotAllowed),
]


@pytest.mark.parametrize(("act", "refusal"), REFUSED)
def test_who_may_not_is_told_so_and_the_ticket_in_hand_stays(
    town: Town, act: Callable[[Town], None], refusal: type[Refusal]
) -> None:
    """Agent 0 serves somebody; whatever others try, that ticket is as it was."""
    held = served(town)
    before = town.ticket(held)
    with pytest.raises(refusal):
        act(town)
    assert town.ticket(held) == before


def test_a_closed_service_gives_no_ticket_until_it_opens(town: Town) -> None:
    for is_open in (False, False, True):
        settings.set_service_open(hall=town.hall, branch=town.branch, code="a", is_open=is_open)
        refused = [] if is_open else ["service_closed"]
        found = []
        try:
            town.issue()
        except Refusal as refusal:
            found.append(refusal.code)
        assert found == refused
    kinds = [event.kind for event in events_of(town)]
    assert kinds == [EventKind.SERVICE_CLOSED, EventKind.SERVICE_OPENED, EventKind.TICKET_ISSUED]


def test_another_branch_has_its_own_numbers_and_its_own_seq(town: Town) -> None:
    """Two branches in one database never meet."""
    other = build_town(town.url, town.engine, SeededChance(7))
    assert [town.issue().value.label, other.issue().value.label] == ["A001", "A001"]
    assert town.issue().value.seq == other.issue().value.seq == 2
    other.sit()
    with pytest.raises(UnknownTicket):
        other.step(Verb.FINISH, served(town))


def test_no_event_carries_a_secret(town: Town) -> None:
    issued = town.issue().value
    served(town)
    text = str(events_of(town))
    assert issued.secret is not None
    assert issued.label in text
    assert issued.secret not in text

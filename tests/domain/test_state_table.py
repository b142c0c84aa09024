"""Every state × every verb: DESIGN section 4, written down a second time, apart from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from server.domain import ticket as verbs
from server.domain.errors import (
    IllegalTransition,
    RecallTooSoon,
    ReopenTooLate,
    TicketNotHere,
)
from server.domain.events import EventKind
from server.domain.ids import ServiceId
from server.domain.states import TicketState, Verb
from server.domain.ticket import Change, Decision, Ticket, Unchanged
from tests.builders import MORNING, a_place, a_ticket

S, V, K = TicketState, Verb, EventKind
NOW = MORNING + timedelta(minutes=1)
OTHER_LINE = ServiceId(2)

TAKE: Mapping[Verb, Callable[[Ticket], Decision]] = {
    V.CALL: lambda each: verbs.call(each, place=a_place(), now=NOW),
    V.RECALL: lambda each: verbs.recall(each, place=a_place(), now=NOW),
    V.START: lambda each: verbs.start(each, place=a_place(), now=NOW),
    V.UNDO_START: lambda each: verbs.undo_start(each, place=a_place(), now=NOW),
    V.FINISH: lambda each: verbs.finish(each, place=a_place(), now=NOW),
    V.REOPEN: lambda each: verbs.reopen(each, place=a_place(), now=NOW),
    V.NO_SHOW: lambda each: verbs.no_show(each, place=a_place(), now=NOW),
    V.REINSTATE: lambda each: verbs.reinstate(each, place=a_place(), now=NOW),
    V.PARK: lambda each: verbs.park(each, place=a_place(), now=NOW),
    V.UNPARK: lambda each: verbs.unpark(each, place=a_place(), now=NOW),
    V.TRANSFER: lambda each: verbs.transfer(each, to=OTHER_LINE, place=a_place(), now=NOW),
    V.RETURN: lambda each: verbs.return_to_line(each, place=a_place(), now=NOW),
    V.CANCEL: lambda each: verbs.cancel(each, place=a_place(), now=NOW),
    V.CLOSE_DAY: lambda each: verbs.close_day(each, now=NOW),
}

LEADS: Mapping[tuple[TicketState, Verb], tuple[TicketState, EventKind]] = {
    (S.WAITING, V.CALL): (S.CALLED, K.TICKET_CALLED),
    (S.WAITING, V.PARK): (S.PARKED, K.TICKET_PARKED),
    (S.WAITING, V.TRANSFER): (S.WAITING, K.TICKET_TRANSFERRED),
    (S.WAITING, V.CANCEL): (S.CANCELLED, K.TICKET_CANCELLED),
    (S.WAITING, V.CLOSE_DAY): (S.EXPIRED, K.TICKET_EXPIRED),
    (S.CALLED, V.START): (S.SERVING, K.TICKET_STARTED),
    (S.CALLED, V.RECALL): (S.CALLED, K.TICKET_RECALLED),
    (S.CALLED, V.NO_SHOW): (S.WAITING, K.TICKET_NOT_SHOWN),
    (S.CALLED, V.TRANSFER): (S.WAITING, K.TICKET_TRANSFERRED),
    (S.CALLED, V.RETURN): (S.WAITING, K.TICKET_RETURNED),
    (S.CALLED, V.PARK): (S.PARKED, K.TICKET_PARKED),
    (S.CALLED, V.CANCEL): (S.CANCELLED, K.TICKET_CANCELLED),
    (S.CALLED, V.CLOSE_DAY): (S.MISSED, K.TICKET_MISSED),
    (S.SERVING, V.FINISH): (S.DONE, K.TICKET_FINISHED),
    (S.SERVING, V.TRANSFER): (S.WAITING, K.TICKET_TRANSFERRED),
    (S.SERVING, V.PARK): (S.PARKED, K.TICKET_PARKED),
    (S.SERVING, V.UNDO_START): (S.CALLED, K.TICKET_START_UNDONE),
    (S.SERVING, V.CLOSE_DAY): (S.DONE, K.TICKET_FINISHED),
    (S.PARKED, V.UNPARK): (S.WAITING, K.TICKET_UNPARKED),
    (S.PARKED, V.CALL): (S.CALLED, K.TICKET_CALLED),
    (S.PARKED, V.FINISH): (S.DONE, K.TICKET_FINISHED),
    (S.PARKED, V.CANCEL): (S.CANCELLED, K.TICKET_CANCELLED),
    (S.PARKED, V.CLOSE_DAY): (S.MISSED, K.TICKET_MISSED),
    (S.MISSED, V.REINSTATE): (S.WAITING, K.TICKET_REINSTATED),
    (S.DONE, V.REOPEN): (S.SERVING, K.TICKET_REOPENED),
}
ALREADY = {
    (S.CALLED, V.CALL),
    (S.SERVING, V.START),
    (S.DONE, V.FINISH),
    (S.PARKED, V.PARK),
    (S.WAITING, V.UNPARK),
    (S.WAITING, V.RETURN),
    (S.WAITING, V.REINSTATE),
    (S.CANCELLED, V.CANCEL),
}
PAIRS = [(state, verb) for state in TicketState for verb in Verb]
UNLISTED = [pair for pair in PAIRS if pair not in LEADS and pair not in ALREADY]
LEAVES_THE_DESK = {V.NO_SHOW, V.TRANSFER, V.RETURN, V.PARK}


@pytest.mark.parametrize(("state", "verb"), LEADS)
def test_lawful_steps_lead_where_the_table_says(state: TicketState, verb: Verb) -> None:
    """The state and the fact are those of the table; number, secret and arrival never change."""
    before = a_ticket(state)
    decision = TAKE[verb](before)
    assert isinstance(decision, Change)
    after = decision.after
    assert (after.state, decision.event.kind) == LEADS[state, verb]
    assert decision.before == before
    kept = ("id", "branch", "day", "label", "secret", "ticket_class", "language", "issued_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.rank_at == before.rank_at
    assert decision.event.at == NOW
    assert decision.event.data["label"] == before.label


@pytest.mark.parametrize(("state", "verb"), sorted(ALREADY))
def test_already_so_writes_nothing(state: TicketState, verb: Verb) -> None:
    """The second press of the same key changes nothing."""
    before = a_ticket(state)
    assert TAKE[verb](before) == Unchanged(ticket=before)


@pytest.mark.parametrize(("state", "verb"), UNLISTED)
def test_every_other_step_is_refused_and_names_the_state(state: TicketState, verb: Verb) -> None:
    """Unlisted is illegal; the refusal says where the ticket stands."""
    with pytest.raises(IllegalTransition) as caught:
        TAKE[verb](a_ticket(state))
    assert caught.value.details["state"] == state
    assert state.value in caught.value.message


def test_the_table_is_exhaustive() -> None:
    """Every pair is in exactly one of the three lists, and every verb of the code was tried."""
    assert len(PAIRS) == len(LEADS) + len(ALREADY) + len(UNLISTED) == len(S) * len(V)
    assert set(TAKE) == set(V)


@pytest.mark.parametrize(("state", "verb"), [pair for pair in LEADS if pair[1] in LEAVES_THE_DESK])
def test_leaving_the_desk_forgets_it(state: TicketState, verb: Verb) -> None:
    """A ticket back in a line or aside occupies nobody; the segment keeps who had it."""
    before = a_ticket(state)
    decision = TAKE[verb](before)
    assert isinstance(decision, Change)
    after = decision.after
    assert (after.desk, after.agent, after.called_at, after.started_at) == (None,) * 4
    assert after.calls == 0
    assert after.segment_from == NOW
    segment = decision.segment
    assert segment is not None
    assert (segment.desk, segment.agent) == (before.desk, before.agent)
    assert (segment.waiting_from, segment.ended_at) == (before.segment_from, NOW)


AT_DESK_ONLY = [
    (state, verb)
    for state in (S.CALLED, S.SERVING)
    for verb in (V.RECALL, V.START, V.UNDO_START, V.FINISH, V.NO_SHOW, V.PARK, V.TRANSFER, V.RETURN)
    if (state, verb) in LEADS
]


@pytest.mark.parametrize(("state", "verb"), AT_DESK_ONLY)
def test_another_desk_cannot_touch_a_ticket_in_hand(state: TicketState, verb: Verb) -> None:
    with pytest.raises(TicketNotHere):
        TAKE[verb](replace(a_ticket(state), desk=a_place(desk=2).desk))


def test_starting_what_another_desk_serves_is_not_already_so() -> None:
    """The agent would believe to have the citizen."""
    with pytest.raises(IllegalTransition):
        TAKE[V.START](replace(a_ticket(S.SERVING), desk=a_place(desk=2).desk))


def test_a_ticket_called_elsewhere_is_not_called_again() -> None:
    with pytest.raises(IllegalTransition):
        verbs.call(a_ticket(S.CALLED), place=a_place(desk=2), now=NOW)


def test_recall_keeps_its_distance_and_counts() -> None:
    """Ten seconds apart, to the millisecond."""
    called = a_ticket(S.CALLED)
    early = MORNING + verbs.RECALL_GAP - timedelta(milliseconds=1)
    with pytest.raises(RecallTooSoon):
        verbs.recall(called, place=a_place(), now=early)
    decision = verbs.recall(called, place=a_place(), now=MORNING + verbs.RECALL_GAP)
    assert isinstance(decision, Change)
    assert decision.after.calls == 2
    assert decision.after.called_at == MORNING + verbs.RECALL_GAP


def test_a_recall_that_is_too_soon_never_says_zero_seconds() -> None:
    """Whoever waits the seconds that they were told is not refused a second time."""
    early = MORNING + verbs.RECALL_GAP - timedelta(milliseconds=400)
    with pytest.raises(RecallTooSoon) as caught:
        verbs.recall(a_ticket(S.CALLED), place=a_place(), now=early)
    assert caught.value.details["seconds_left"] == 1


def test_the_third_no_show_is_missed() -> None:
    """Twice held for five minutes with the rank kept, then missed; reinstating starts afresh."""
    ticket = a_ticket(S.CALLED)
    for count in (1, 2):
        decision = verbs.no_show(ticket, place=a_place(), now=NOW)
        assert isinstance(decision, Change)
        assert decision.after.state is S.WAITING
        assert decision.after.no_shows == count
        assert decision.after.not_before == NOW + timedelta(minutes=5)
        called = verbs.call(decision.after, place=a_place(), now=NOW)
        assert isinstance(called, Change)
        assert called.after.not_before is None
        ticket = called.after
    decision = verbs.no_show(ticket, place=a_place(), now=NOW)
    assert isinstance(decision, Change)
    assert (decision.after.state, decision.event.kind) == (S.MISSED, K.TICKET_MISSED)
    back = verbs.reinstate(decision.after, place=a_place(), now=NOW)
    assert isinstance(back, Change)
    assert (back.after.no_shows, back.after.not_before) == (0, None)


def test_reopening_ends_after_a_quarter_of_an_hour() -> None:
    done = a_ticket(S.DONE)
    last = MORNING + timedelta(minutes=15)
    reopened = verbs.reopen(done, place=a_place(desk=2), now=last)
    assert isinstance(reopened, Change)
    assert reopened.after.desk == a_place(desk=2).desk
    with pytest.raises(ReopenTooLate):
        verbs.reopen(done, place=a_place(), now=last + timedelta(milliseconds=1))


def test_a_start_undone_after_a_reopening_can_be_recalled() -> None:
    """Finished while parked, it had no call left to recall: this was an assertion, so a 500."""
    ticket = a_ticket(S.PARKED)
    for verb in (V.FINISH, V.REOPEN, V.UNDO_START):
        decision = TAKE[verb](ticket)
        assert isinstance(decision, Change)
        ticket = decision.after
    later = NOW + verbs.RECALL_GAP
    recalled = verbs.recall(ticket, place=a_place(), now=later)
    assert isinstance(recalled, Change)
    assert recalled.after.called_at == later


def test_closing_the_day_is_flagged() -> None:
    for state in (S.WAITING, S.CALLED, S.SERVING, S.PARKED):
        assert verbs.close_day(a_ticket(state), now=NOW).event.data["at_closing"] == 1


def test_a_transfer_to_its_own_line_is_already_so() -> None:
    waiting = a_ticket(S.WAITING)
    decision = verbs.transfer(waiting, to=waiting.service, place=a_place(), now=NOW)
    assert decision == Unchanged(ticket=waiting)


def test_a_transfer_lifts_the_hold_and_forgets_the_no_shows() -> None:
    """The other line never called them: they start afresh there, with the rank they came with."""
    held = a_ticket(S.WAITING, no_shows=2, not_before=NOW + timedelta(minutes=5))
    decision = TAKE[V.TRANSFER](held)
    assert isinstance(decision, Change)
    assert (decision.after.not_before, decision.after.no_shows) == (None, 0)
    assert decision.event.data["from_service"] == held.service

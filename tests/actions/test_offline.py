"""Kiosks that work alone: their blocks, what they bring back, papers and scans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from server.actions import housekeeping, offline, settings, tickets
from server.db import device_views, reads
from server.domain.errors import DayNotLeasable, LineFull, NotAllowed
from server.domain.events import EventKind
from server.domain.ids import Language, Secret, TicketId
from server.domain.queue import MAX_NUMBER
from server.domain.states import TicketClass, TicketState, Verb
from tests.actions.test_devices import events
from tests.builders import MORNING, Town
from tests.machines import (
    a_device,
    blocks_of,
    offline_ticket,
    outcomes,
    upload,
)

TODAY = MORNING.date()


def issue(town: Town, count: int, service: str = "a") -> list[int]:
    """The numbers of so many tickets from the server."""
    return [int(town.issue(service).value.label[1:]) for _ in range(count)]


def waiting(town: Town, day: date = TODAY) -> dict[str, int]:
    """What the lines say."""
    with town.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT services.code, lines.waiting FROM lines JOIN services"
            f" ON services.id = lines.service_id WHERE lines.day = '{day.isoformat()}'"
        )
        return {code: count for code, count in rows if count}


def test_a_kiosk_gets_a_block_of_every_service(town: Town) -> None:
    kiosk = a_device(town)
    found = blocks_of(town, kiosk)
    assert {code: (each.first, each.last) for code, each in found.items()} == dict.fromkeys(
        ("a", "b", "c"), (900, 999)
    )
    leased = events(town, EventKind.NUMBERS_LEASED)
    assert [each.event.data["first"] for each in leased] == [900] * 3


def test_asked_again_it_is_the_same(town: Town) -> None:
    kiosk = a_device(town)
    first = blocks_of(town, kiosk)
    town.clock.advance(timedelta(hours=1))
    assert blocks_of(town, kiosk) == first
    assert len(events(town, EventKind.NUMBERS_LEASED)) == 3
    service = settings.NewService(code="d", letter="D", names={Language.FRENCH: "d"})
    settings.create_service(hall=town.hall, branch=town.branch, new=service)
    assert set(blocks_of(town, kiosk)) == {"a", "b", "c", "d"}


def test_two_kiosks_never_share_a_number_nor_with_the_server(town: Town) -> None:
    kiosks = [a_device(town) for _ in range(3)]
    found = [blocks_of(town, kiosk)["a"] for kiosk in kiosks]
    spans = [set(range(each.first, each.last + 1)) for each in found]
    assert len(set().union(*spans)) == sum(map(len, spans)) == 300
    assert issue(town, 3) == [1, 2, 3]


def test_the_line_is_full_where_the_blocks_begin(town: Town) -> None:
    block = blocks_of(town, a_device(town))["a"]
    with town.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE lines SET last_number = {block.first - 2}")
    assert issue(town, 1) == [block.first - 1]
    with pytest.raises(LineFull):
        town.issue()
    assert issue(town, 1, "b") == [block.first - 1]


def test_a_block_follows_the_busiest_of_the_last_days(town: Town) -> None:
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["b"]
    issue(town, 3, "b")
    with town.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE lines SET last_number = 189 WHERE day = '{TODAY}'")
    upload(town, kiosk, offline_ticket(block, at=MORNING))
    town.clock.advance(timedelta(days=1))
    found = blocks_of(town, kiosk)
    assert found["b"].last - found["b"].first + 1 == 285, "189 online and one offline, half more"
    assert found["c"].last - found["c"].first + 1 == 284


def test_numbers_are_leased_ahead_but_not_for_any_day(town: Town) -> None:
    kiosk = a_device(town)
    assert blocks_of(town, kiosk, TODAY + timedelta(days=1))
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=2)):
        with pytest.raises(DayNotLeasable):
            blocks_of(town, kiosk, day)


def test_who_was_not_paired_gets_no_numbers(town: Town) -> None:
    with pytest.raises(NotAllowed):
        blocks_of(town, town.kiosk)


def test_tickets_are_kept_as_they_are_on_paper(town: Town) -> None:
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    town.clock.advance(timedelta(hours=1))
    found = [
        offline_ticket(block, place, at=MORNING + timedelta(minutes=place)) for place in range(3)
    ]
    answer = upload(town, kiosk, *found)
    assert outcomes(answer.results) == [("kept", None)] * 3
    assert [each.label for each in answer.results] == ["A900", "A901", "A902"]
    for each in found:
        kept = town.ticket(each.id)
        assert (kept.secret, kept.state) == (each.secret, TicketState.WAITING)
        assert kept.issued_at == kept.rank_at == each.issued_at
    assert waiting(town) == {"a": 3}
    told = events(town, EventKind.TICKET_ISSUED)
    assert [each.event.ticket for each in told] == [each.id for each in found]
    assert all(each.event.at == town.clock.now() for each in told)
    assert told[0].event.data == {
        "label": "A900",
        "class": "ordinary",
        "device": kiosk.require_device(),
        "offline": 1,
    }


def test_they_are_ranked_by_the_time_of_issue(town: Town) -> None:
    """Uploaded last, come first."""
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    town.clock.advance(timedelta(minutes=30))
    town.issue()
    early = offline_ticket(block, at=MORNING + timedelta(minutes=5))
    head_start = offline_ticket(
        block, 1, at=MORNING + timedelta(minutes=25), ticket_class="priority"
    )
    upload(town, kiosk, head_start, early)
    town.sit()
    called = []
    for _ in range(3):
        call = town.call().value
        called.append(call.label)
        town.step(Verb.START, call.id)
        town.step(Verb.FINISH, call.id)
    assert called == ["A901", "A900", "A001"]


def test_uploading_twice_changes_nothing(town: Town) -> None:
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    found = [offline_ticket(block, place, at=MORNING) for place in range(2)]
    first = upload(town, kiosk, *found, key="batch-1")
    assert upload(town, kiosk, *found, key="batch-1") == first
    town.clock.advance(timedelta(days=3))  # longer than answers are kept
    housekeeping.forget_answers(hall=town.hall)
    later = offline_ticket(block, 2, at=MORNING)
    again = upload(town, kiosk, *found, later)
    assert outcomes(again.results) == [("already", None), ("already", None), ("kept", None)]
    assert len(events(town, EventKind.TICKET_ISSUED)) == 3
    assert waiting(town) == {"a": 3}


def test_each_ticket_is_judged_on_its_own(town: Town) -> None:
    mine, other = a_device(town), a_device(town)
    block, theirs = blocks_of(town, mine)["a"], blocks_of(town, other)["a"]
    online = town.issue().value
    good = offline_ticket(block, 0, at=MORNING)
    found = [
        good,
        offline_ticket(block, 0, at=MORNING),
        offline_ticket(block, 1, at=MORNING, id=good.id),
        offline_ticket(block, 2, at=MORNING, secret=good.secret),
        offline_ticket(block, 3, at=MORNING, secret=str(online.secret)),
        offline_ticket(theirs, 0, at=MORNING),
        replace(offline_ticket(block, 0, at=MORNING), number=1),
        replace(offline_ticket(block, 4, at=MORNING), day=TODAY + timedelta(days=1)),
        replace(offline_ticket(block, 5, at=MORNING), service="nothing"),
        offline_ticket(block, 6, at=MORNING, ticket_class="royal"),
        offline_ticket(block, 7, at=MORNING, language="la"),
        offline_ticket(block, 8, at=MORNING, id="short"),
        offline_ticket(block, 9, at=MORNING, secret="short"),
        offline_ticket(block, 99, at=MORNING),
    ]
    assert outcomes(upload(town, mine, *found).results) == [
        ("kept", None),
        ("refused", "number_taken"),
        ("refused", "number_taken"),
        ("refused", "number_taken"),
        ("refused", "number_taken"),
        ("refused", "number_not_leased"),
        ("refused", "number_not_leased"),
        ("refused", "number_not_leased"),
        ("refused", "unknown_service"),
        ("refused", "invalid"),
        ("refused", "invalid"),
        ("refused", "invalid"),
        ("refused", "invalid"),
        ("kept", None),
    ]
    assert waiting(town) == {"a": 3}


@pytest.mark.parametrize("shift", [timedelta(hours=5), timedelta(days=-400)])
def test_a_clock_that_jumped_is_bounded_and_told(town: Town, shift: timedelta) -> None:
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    now = town.clock.advance(timedelta(hours=2))
    wrong = offline_ticket(block, at=now + shift)
    (result,) = upload(town, kiosk, wrong).results
    kept = town.ticket(wrong.id)
    assert kept.issued_at == (now if shift > timedelta(0) else MORNING)
    assert result.shifted_seconds == round((kept.issued_at - wrong.issued_at).total_seconds())
    (event,) = events(town, EventKind.TICKET_ISSUED)
    assert event.event.data["shifted_seconds"] == result.shifted_seconds


def test_a_day_that_is_over_is_kept_and_closed_as_every_day(town: Town) -> None:
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    late = offline_ticket(block, at=MORNING + timedelta(hours=2))
    town.clock.advance(timedelta(days=1))
    (result,) = upload(town, kiosk, late).results
    assert (result.outcome, result.shifted_seconds) == ("kept", 0)
    assert town.ticket(late.id).day == TODAY
    town.sit()
    assert waiting(town, TODAY + timedelta(days=1)) == {}
    assert housekeeping.close_past_days(hall=town.hall, branch=town.branch) == 1
    assert town.ticket(late.id).state is TicketState.EXPIRED
    assert waiting(town) == {}


def test_a_lost_answer_is_superseded_by_the_paper(town: Town) -> None:
    """The server committed the tap, the kiosk never heard of it and printed a number of its own."""
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    lost = town.issue(key="tap", kiosk=kiosk).value
    paper = offline_ticket(block, at=MORNING, key="tap")
    assert outcomes(upload(town, kiosk, paper).results) == [("kept", None)]
    assert town.ticket(lost.id).state is TicketState.CANCELLED
    assert waiting(town) == {"a": 1}
    (cancelled,) = events(town, EventKind.TICKET_CANCELLED)
    assert cancelled.event.data == {"label": "A001", "superseded": "A900"}
    again = town.issue(key="tap", kiosk=kiosk)
    assert (again.value.id, again.value.label, again.is_new) == (paper.id, "A900", False)
    assert outcomes(upload(town, kiosk, paper).results) == [("already", None)]


def test_a_request_that_arrives_after_its_paper_gets_the_papers_ticket(town: Town) -> None:
    kiosk = a_device(town)
    paper = offline_ticket(blocks_of(town, kiosk)["a"], at=MORNING, key="tap")
    upload(town, kiosk, paper)
    late = town.issue(key="tap", kiosk=kiosk)
    assert (late.value.id, late.value.secret, late.is_new) == (paper.id, paper.secret, False)
    assert waiting(town) == {"a": 1}


def test_a_lost_ticket_that_was_served_stays_so(town: Town) -> None:
    kiosk = a_device(town)
    paper = offline_ticket(blocks_of(town, kiosk)["a"], at=MORNING, key="tap")
    lost = town.issue(key="tap", kiosk=kiosk).value
    town.sit()
    town.call()
    for verb in (Verb.START, Verb.FINISH):
        town.step(verb, lost.id)
    assert outcomes(upload(town, kiosk, paper).results) == [("kept", None)]
    assert town.ticket(lost.id).state is TicketState.DONE


def test_another_requests_key_is_left_alone(town: Town) -> None:
    kiosk = a_device(town)
    other = town.issue("b", key="tap", kiosk=kiosk).value
    paper = offline_ticket(blocks_of(town, kiosk)["a"], at=MORNING, key="tap")
    assert outcomes(upload(town, kiosk, paper).results) == [("kept", None)]
    assert town.ticket(other.id).state is TicketState.WAITING
    assert town.issue("b", key="tap", kiosk=kiosk).value == other


def not_printed(town: Town) -> list[tuple[str, ...]]:
    """What staff see of papers that did not come, by device."""
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        found = device_views.notices(connection, branch, town.clock.now())
    return [each.not_printed for each in found]


def test_a_paper_that_did_not_come_is_told_to_staff(town: Town) -> None:
    kiosk = a_device(town)
    ticket = town.issue(kiosk=kiosk).value

    def note(state: str) -> bool:
        return offline.note_paper(
            hall=town.hall,
            caller=kiosk,
            ticket_id=TicketId(ticket.id),
            state="printed" if state == "printed" else "not_printed",
            reason="paper_end",
            key=None,
        ).is_new

    assert not note("printed"), "as it should be: no news"
    assert note("not_printed")
    assert not note("not_printed")
    (event,) = events(town, EventKind.TICKET_NOT_PRINTED)
    assert event.event.data["reason"] == "paper_end"
    assert not_printed(town) == [("A001",)]
    assert note("printed")
    assert len(events(town, EventKind.TICKET_PRINTED)) == 1
    assert not_printed(town) == []
    note("not_printed")
    tickets.cancel_ticket(hall=town.hall, secret=Secret(str(ticket.secret)), key=None)
    assert not_printed(town) == [], "nobody waits for it any more"


def test_an_offline_day_uses_only_its_block(town: Town) -> None:
    """A whole block, a hundred at a time: every number is kept, none beyond."""
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    found = [offline_ticket(block, place, at=MORNING) for place in range(100)]
    assert outcomes(upload(town, kiosk, *found).results) == [("kept", None)] * 100
    beyond = replace(offline_ticket(block, 0, at=MORNING), number=MAX_NUMBER + 1)
    assert outcomes(upload(town, kiosk, beyond).results) == [("refused", "number_not_leased")]
    assert town.issue(ticket_class=TicketClass.PRIORITY).value.label == "A001"

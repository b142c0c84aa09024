"""Kiosks that come back from an outage: further numbers, papers that no line takes, days that a clock got wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.actions import devices
from server.db import device_views, reads
from server.domain.errors import NotAllowed
from server.domain.events import EventKind
from tests.actions.test_devices import events
from tests.builders import MORNING, Town
from tests.machines import (
    a_device,
    blocks_in_order,
    blocks_of,
    offline_ticket,
    operator,
    outcomes,
    upload,
)

TODAY = MORNING.date()


def test_a_block_that_is_nearly_used_up_is_followed_by_another(town: Town) -> None:
    """A second outage of the same day finds numbers; nothing is leased twice."""
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    found = [offline_ticket(block, place, at=MORNING) for place in range(76)]
    upload(town, kiosk, *found[:75])
    assert blocks_in_order(town, kiosk, "a") == [(900, 999)], "a quarter is left"
    upload(town, kiosk, found[75])
    both = [(800, 899), (900, 999)]
    assert blocks_in_order(town, kiosk, "a") == both
    assert blocks_in_order(town, kiosk, "a") == both, "asked twice"
    assert blocks_in_order(town, kiosk, "b") == [(900, 999)]
    assert len(events(town, EventKind.NUMBERS_LEASED)) == 4
    second = replace(block, first=800, last=899)
    results = upload(town, kiosk, *(offline_ticket(second, at, at=MORNING) for at in range(2)))
    assert outcomes(results.results) == [("kept", None)] * 2
    with town.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT first, kept FROM blocks WHERE kept > 0")
        assert sorted(map(tuple, rows)) == [(800, 2), (900, 76)]


def not_in_line(town: Town) -> list[tuple[str, ...]]:
    """What the desk is told of papers that no line took, by device."""
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        found = device_views.notices(connection, branch, town.clock.now())
    return [each.not_in_line for each in found]


def test_a_refused_paper_is_told_to_staff_once(town: Town) -> None:
    mine, other = a_device(town), a_device(town)
    theirs = blocks_of(town, other)["a"]
    paper = offline_ticket(theirs, at=MORNING)
    nameless = replace(offline_ticket(theirs, at=MORNING), service="nothing")
    for _ in range(2):
        assert outcomes(upload(town, mine, paper, nameless).results) == [
            ("refused", "number_not_leased"),
            ("refused", "unknown_service"),
        ]
    device = mine.require_device()
    assert [each.event.data for each in events(town, EventKind.TICKET_REFUSED)] == [
        {"device": device, "code": "number_not_leased", "label": f"A{theirs.first}"},
        {"device": device, "code": "unknown_service"},
    ]
    assert not_in_line(town) == [(f"A{theirs.first}",)]
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        cards = device_views.devices(connection, branch, town.clock.now()).devices
    assert {each.id: each.not_in_line for each in cards}[device] == (f"A{theirs.first}",)
    town.clock.advance(timedelta(days=1))
    assert not_in_line(town) == []


def test_a_revoked_kiosks_numbers_are_given_to_nobody(town: Town) -> None:
    kiosk = a_device(town)
    gone = blocks_of(town, kiosk)["a"]
    devices.revoke_device(
        hall=town.hall, caller=operator(town), device_id=kiosk.require_device(), key=None
    )
    for act in (
        lambda: blocks_of(town, kiosk),
        lambda: upload(town, kiosk, offline_ticket(gone, at=MORNING)),
    ):
        with pytest.raises(NotAllowed):
            act()
    heir = blocks_of(town, a_device(town))["a"]
    assert heir.last < gone.first


def test_a_kiosk_that_was_paired_anew_brings_what_it_gave_out_before(town: Town) -> None:
    before, anew = a_device(town), a_device(town)
    block = blocks_of(town, before)["a"]
    first, second = (offline_ticket(block, place, at=MORNING) for place in range(2))
    upload(town, before, first)
    assert outcomes(upload(town, anew, second).results) == [("refused", "number_not_leased")]
    devices.revoke_device(
        hall=town.hall, caller=operator(town), device_id=before.require_device(), key=None
    )
    twice = offline_ticket(block, 0, at=MORNING)
    nobodys = replace(offline_ticket(block, at=MORNING), number=500)
    assert outcomes(upload(town, anew, first, second, twice, nobodys).results) == [
        ("already", None),
        ("kept", None),
        ("refused", "number_taken"),
        ("refused", "number_not_leased"),
    ]


def test_a_number_of_yesterday_issued_today_stands_in_todays_line(town: Town) -> None:
    """The kiosk's clock was a day late: its citizen is in the house."""
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    now = town.clock.advance(timedelta(days=1))
    gone = offline_ticket(block, 0, at=MORNING)
    here = offline_ticket(block, 1, at=now - timedelta(minutes=5))
    blocks_of(town, kiosk)
    assert outcomes(upload(town, kiosk, gone, here).results) == [("kept", None)] * 2
    assert town.ticket(gone.id).day == TODAY
    kept = town.ticket(here.id)
    assert (kept.day, kept.issued_at) == (now.date(), here.issued_at)
    told = [each.event.data.get("shifted_days") for each in events(town, EventKind.TICKET_ISSUED)]
    assert told == [None, 1]
    town.sit()
    assert town.call().value.label == "A901"
    town.clock.advance(timedelta(days=1))
    assert outcomes(upload(town, kiosk, here).results) == [("already", None)]


def test_a_number_of_tomorrow_stands_in_todays_line(town: Town) -> None:
    kiosk = a_device(town)
    blocks_of(town, kiosk)
    ahead = blocks_of(town, kiosk, TODAY + timedelta(days=1))["a"]
    early = offline_ticket(ahead, at=MORNING + timedelta(days=1))
    assert outcomes(upload(town, kiosk, early).results) == [("kept", None)]
    kept = town.ticket(early.id)
    assert (kept.day, kept.issued_at) == (TODAY, MORNING)
    (event,) = events(town, EventKind.TICKET_ISSUED)
    assert event.event.data["shifted_days"] == -1


def test_a_number_that_today_has_already_is_refused_and_told(town: Town) -> None:
    kiosk = a_device(town)
    yesterdays = blocks_of(town, kiosk)["a"]
    now = town.clock.advance(timedelta(days=1))
    todays = offline_ticket(blocks_of(town, kiosk)["a"], at=now)
    late = offline_ticket(yesterdays, at=now)
    assert outcomes(upload(town, kiosk, todays, late).results) == [
        ("kept", None),
        ("refused", "number_taken"),
    ]
    assert not_in_line(town) == [("A900",)]


def test_a_number_that_the_server_may_yet_give_out_today_is_refused(town: Town) -> None:
    """Nobody has leased it today: online numbers would run into it."""
    kiosk = a_device(town)
    yesterdays = blocks_of(town, kiosk)["a"]
    now = town.clock.advance(timedelta(days=1))
    late = offline_ticket(yesterdays, at=now)
    assert outcomes(upload(town, kiosk, late).results) == [("refused", "number_taken")]
    assert town.issue().value.label == "A001"

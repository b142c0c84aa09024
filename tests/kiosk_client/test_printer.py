"""The printer loop: at most one paper a ticket, and an honest word about each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk_client.printer import EXPIRE, LOOK_SECONDS, MUTE_LOOK_SECONDS
from server.delivery.channels import Broken, Handed, PrinterStatus, Unreachable
from server.delivery.channels.status import Fault, Paper
from tests.kiosk_client.builders import Parts, kiosk_parts
from tests.kiosk_client.fake_server import BRANCH


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Parts]:
    with kiosk_parts(tmp_path) as parts:
        yield parts


def printed(kiosk: Parts) -> list[str]:
    return [job for job, _ in kiosk.channel.jobs]


def state(kiosk: Parts, ticket: str) -> str:
    return kiosk.home.printing(BRANCH, ticket)


def test_a_paper_is_printed_once(kiosk: Parts) -> None:
    ticket = kiosk.tap().answer.id
    assert state(kiosk, ticket) == "waiting"
    assert kiosk.printer.turn(kiosk.channel) == LOOK_SECONDS
    assert kiosk.printer.turn(kiosk.channel) == LOOK_SECONDS
    assert printed(kiosk) == [ticket]
    assert state(kiosk, ticket) == "done"
    assert kiosk.home.status(BRANCH).printer == "ok"


def test_what_certainly_did_not_come_out_is_tried_again(kiosk: Parts) -> None:
    ticket = kiosk.tap().answer.id
    kiosk.channel.fail_next(Unreachable("off"), Broken("cable", handed=Handed.PART))
    for wait in (1, 2):
        assert kiosk.printer.turn(kiosk.channel) == wait
        assert state(kiosk, ticket) == "fault", "the citizen learns at once"
    assert kiosk.home.status(BRANCH).printer == "broken_midway"
    assert kiosk.tap().printing == "fault"
    kiosk.printer.turn(kiosk.channel)
    assert printed(kiosk)[0] == ticket
    assert kiosk.changes[-1] == "ok", "the link is woken, and staff know"


def test_what_may_be_out_is_never_sent_again(kiosk: Parts) -> None:
    ticket = kiosk.tap().answer.id
    kiosk.channel.fail_next(Broken("cable", handed=Handed.ALL_INK))
    kiosk.printer.turn(kiosk.channel)
    kiosk.printer.turn(kiosk.channel)
    assert printed(kiosk) == []
    assert state(kiosk, ticket) == "expired", "note your number"
    kiosk.link.turn()
    assert kiosk.town.papers == {ticket: ("not_printed", "unsure")}


def test_what_the_printer_proved_is_done_although_the_wire_broke(kiosk: Parts) -> None:
    ticket = kiosk.tap().answer.id
    kiosk.channel.fail_next(Broken("cable", handed=Handed.PRINTED))
    kiosk.printer.turn(kiosk.channel)
    assert state(kiosk, ticket) == "done"


def test_a_machine_that_died_at_the_last_ink_prints_no_second_paper(kiosk: Parts) -> None:
    ticket = kiosk.tap().answer.id
    kiosk.journal.begin_sending(ticket)
    kiosk.printer.turn(kiosk.channel)
    assert printed(kiosk) == []
    assert state(kiosk, ticket) == "expired"


def test_old_paper_is_not_printed(kiosk: Parts) -> None:
    ticket = kiosk.tap().answer.id
    kiosk.steady.seconds += (EXPIRE + timedelta(seconds=1)).total_seconds()
    kiosk.printer.turn(kiosk.channel)
    assert printed(kiosk) == []
    kiosk.link.turn()
    assert kiosk.town.papers == {ticket: ("not_printed", "too_late")}


def test_an_idle_printer_is_asked_and_staff_are_told(kiosk: Parts) -> None:
    kiosk.channel.says = PrinterStatus(state="ok", paper=Paper.NEAR_END)
    kiosk.printer.turn(kiosk.channel)
    kiosk.link.turn()
    assert (kiosk.town.reports[-1].printer_state, kiosk.town.reports[-1].paper) == (
        "ok",
        "near_end",
    )
    kiosk.channel.says = PrinterStatus(state="fault", fault=Fault.COVER_OPEN)
    kiosk.printer.turn(kiosk.channel)
    kiosk.link.turn()
    assert kiosk.town.reports[-1].printer_state == "cover_open", "at once, not in five seconds"


def test_offline_paper_says_so(kiosk: Parts) -> None:
    kiosk.tap()
    kiosk.go_away()
    kiosk.tap()
    kiosk.printer.turn(kiosk.channel)
    assert len({data for _, data in kiosk.channel.jobs}) == 2


def test_a_silent_printer_is_unknown_prints_and_is_asked_seldom(kiosk: Parts) -> None:
    kiosk.channel.says = PrinterStatus(state="unknown")
    assert kiosk.printer.turn(kiosk.channel) == MUTE_LOOK_SECONDS
    assert kiosk.home.status(BRANCH).printer == "unknown"
    ticket = kiosk.tap()
    assert ticket.printing == "queued", "silence is no fault"
    kiosk.printer.turn(kiosk.channel)
    assert printed(kiosk) == [ticket.answer.id]

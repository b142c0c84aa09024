"""A QR shown to a kiosk: whose ticket, where it stands, and back into the line for who was missed today."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.actions import settings
from server.actions.scans import scan_ticket
from server.domain.errors import UnknownTicket
from server.domain.events import EventKind
from server.domain.ids import BranchId, Language, Secret
from server.wire_devices import ScanAnswer
from tests.actions.test_devices import events
from tests.builders import Town


def test_a_scan_tells_the_place(town: Town) -> None:
    town.issue()
    secret = town.issue().value.secret
    found = scan(town, secret)
    assert (found.ticket.label, found.ticket.state, found.ticket.ahead) == ("A002", "waiting", 1)
    assert not found.can_be_reinstated


def test_a_missed_ticket_comes_back_with_its_rank_and_only_when_asked(town: Town) -> None:
    _, secret = town.miss()
    town.issue()
    found = scan(town, secret)
    assert (found.ticket.state, found.can_be_reinstated, found.was_reinstated) == (
        "missed",
        True,
        False,
    )
    back = scan(town, secret, reinstate=True)
    assert (back.ticket.state, back.ticket.ahead, back.was_reinstated) == ("waiting", 0, True)
    again = scan(town, secret, reinstate=True)
    assert (again.ticket.state, again.was_reinstated) == ("waiting", False)


def test_the_same_request_twice_is_the_same_answer(town: Town) -> None:
    _, secret = town.miss()
    back = scan(town, secret, reinstate=True, key="1")
    assert back.was_reinstated
    assert scan(town, secret, reinstate=True, key="1") == back
    assert not scan(town, secret, reinstate=True, key="2").was_reinstated
    assert len(events(town, EventKind.TICKET_REINSTATED)) == 1


def test_a_ticket_missed_yesterday_stays_missed(town: Town) -> None:
    _, secret = town.miss()
    town.clock.advance(timedelta(days=1))
    found = scan(town, secret, reinstate=True)
    assert (found.ticket.state, found.can_be_reinstated) == ("missed", False)


def test_a_ticket_of_another_branch_is_unknown(town: Town) -> None:
    secret = town.issue().value.secret
    new = settings.NewBranch(slug="elsewhere", names={Language.FRENCH: "Ailleurs"})
    elsewhere = settings.create_branch(hall=town.hall, new=new)
    with pytest.raises(UnknownTicket):
        scan(town, secret, branch=elsewhere)
    with pytest.raises(UnknownTicket):
        scan(town, "0" * 13)


def scan(
    town: Town,
    secret: str | None,
    *,
    reinstate: bool = False,
    branch: BranchId | None = None,
    key: str | None = None,
) -> ScanAnswer:
    """At a kiosk of the town, or of another branch."""
    caller = replace(town.kiosk, branch=branch or town.branch)
    assert secret is not None
    return scan_ticket(
        hall=town.hall, caller=caller, secret=Secret(secret), reinstate=reinstate, key=key
    )

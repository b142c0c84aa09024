"""A tap on the kiosk, with the server there, slow, gone and back; nothing promised is lost, no number twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from device_client.clock import DeviceClock
from kiosk_client.house import Home
from kiosk_client.server import TAP_TIMEOUT_SECONDS
from server.domain.errors import (
    BranchClosed,
    KeyReused,
    KioskOutOfOrder,
    LineFull,
    ServerAway,
    ServiceClosed,
    UnknownBranch,
    UnknownService,
    UnknownTicket,
)
from server.domain.hours import OFFICE_HOURS
from tests.builders import HandClock, SeededChance
from tests.kiosk_client.builders import NOON, Parts, a_tap, assemble, kiosk_parts
from tests.kiosk_client.fake_server import BRANCH, Town


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Parts]:
    with kiosk_parts(tmp_path) as parts:
        yield parts


def test_with_the_server_the_number_is_the_servers(kiosk: Parts) -> None:
    taken = kiosk.tap()
    assert (taken.answer.label, taken.is_new, taken.is_offline) == ("A001", True, False)
    assert taken.url == taken.answer.url
    assert taken.printing == "queued"
    kiosk.printer.turn(kiosk.channel)
    assert [job for job, _ in kiosk.channel.jobs] == [taken.answer.id]


def test_without_it_the_number_is_the_kiosks_own_and_survives_the_sync(kiosk: Parts) -> None:
    kiosk.go_away()
    taken = kiosk.tap()
    assert (taken.answer.label, taken.is_offline) == ("A950", True)
    assert taken.answer.ahead is None, "nobody knows its place"
    assert not kiosk.home.status(BRANCH).is_online
    kiosk.come_back()
    assert kiosk.home.status(BRANCH).is_online
    (kept,) = kiosk.town.kept.values()
    assert (kept.number, kept.id, kept.secret) == (950, taken.answer.id, taken.answer.secret)
    assert kiosk.journal.waiting_to_sync() == 0


def test_a_key_is_one_ticket_whatever_happens_in_between(kiosk: Parts) -> None:
    online = kiosk.tap(key="one")
    kiosk.go_away()
    again = kiosk.tap(key="one")
    assert (again.answer, again.is_new) == (online.answer, False)
    offline = kiosk.tap(key="two")
    kiosk.come_back()
    replayed = kiosk.tap(key="two")
    assert (replayed.answer, replayed.is_new) == (offline.answer, False)
    assert not replayed.is_offline, "the server knows it by now"
    assert "two" not in kiosk.town.issued
    with pytest.raises(KeyReused):
        kiosk.tap("legal", key="two")


def test_a_lost_answer_is_one_ticket_with_the_papers_number(kiosk: Parts) -> None:
    kiosk.town.lose_replies = True
    taken = kiosk.tap(key="lost")
    assert taken.is_offline
    assert "lost" in kiosk.town.issued, "the server had made one of its own"
    kiosk.town.lose_replies = False
    kiosk.link.turn()
    assert kiosk.town.kept["lost"].number == 950, "the upload supersedes it under the same key"
    assert kiosk.town.labels() == [taken.answer.label]


def test_a_slow_server_is_waited_for_once(kiosk: Parts) -> None:
    kiosk.town.hang_seconds = TAP_TIMEOUT_SECONDS + 1
    began = time.monotonic()
    assert kiosk.tap().is_offline
    assert TAP_TIMEOUT_SECONDS <= time.monotonic() - began < TAP_TIMEOUT_SECONDS + 0.5
    began = time.monotonic()
    assert kiosk.tap().is_offline
    assert time.monotonic() - began < 0.3, "it is known to be away: the next citizen does not wait"


def test_two_taps_at_once_are_one_ticket(kiosk: Parts) -> None:
    kiosk.go_away()
    labels: list[str] = []
    threads = [
        threading.Thread(target=lambda: labels.append(kiosk.tap(key="same").answer.label))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert labels == ["A950"] * 8


def test_the_block_ends_honestly(tmp_path: Path) -> None:
    with kiosk_parts(tmp_path, town=Town(now=NOON, block_size=2)) as kiosk:
        kiosk.go_away()
        assert [kiosk.tap().answer.label for _ in range(2)] == ["A998", "A999"]
        with pytest.raises(LineFull):
            kiosk.tap()
        assert kiosk.tap("legal").answer.label == "B998", "the other lines go on"


def test_a_line_that_is_full_on_the_server_goes_on_with_the_kiosks_own_numbers(
    tmp_path: Path,
) -> None:
    with kiosk_parts(tmp_path, town=Town(now=NOON, block_size=1)) as kiosk:
        kiosk.town.refuse = "line_full"
        taken = kiosk.tap(key="last")
        assert (taken.answer.label, kiosk.link.is_online) == ("A999", True)
        assert kiosk.tap(key="last").answer.label == "A999", "the same key is the same ticket"
        with pytest.raises(LineFull):
            kiosk.tap()
        kiosk.link.turn()
        assert kiosk.town.labels() == ["A999"], "uploaded at once"
        assert kiosk.tap().answer.label == "A998", "and followed by further numbers"


def test_refusals_of_the_server_are_its_own(kiosk: Parts) -> None:
    kiosk.town.refuse = "service_closed"
    with pytest.raises(ServiceClosed):
        kiosk.tap()
    kiosk.town.refuse = "some_new_code"
    with pytest.raises(Exception, match="no") as refused:
        kiosk.tap()
    assert vars(refused.value)["details"]["server_code"] == "some_new_code"
    assert kiosk.journal.waiting_to_sync() == 0
    with pytest.raises(UnknownService):
        kiosk.tap("nothing")
    with pytest.raises(UnknownBranch):
        kiosk.home.view("elsewhere")


def test_after_a_flat_battery_no_number_of_an_unknown_day_is_given_out(kiosk: Parts) -> None:
    kiosk.go_away()
    flat = DeviceClock(
        HandClock(NOON - timedelta(days=2000)), kiosk.steady, boot="boot-2", not_before=NOON
    )
    home = Home(
        kiosk.link,
        kiosk.journal,
        flat,
        SeededChance(1),
        printer=kiosk.printer.status,
        paper_ordered=kiosk.printer.ordered,
    )
    with pytest.raises(KioskOutOfOrder, match="which day"):
        home.take(BRANCH, a_tap())
    flat.server_said(NOON, asked=kiosk.steady(), answered=kiosk.steady())
    assert home.take(BRANCH, a_tap()).answer.label == "A950"
    kiosk.fake.start()


def test_closed_is_closed_without_the_server_too(tmp_path: Path) -> None:
    town = Town(now=NOON)
    town.hours = replace(town.hours, rules=OFFICE_HOURS)
    with kiosk_parts(tmp_path, town=town) as kiosk:
        kiosk.go_away()
        assert kiosk.tap().is_offline
        kiosk.steady.seconds += timedelta(hours=8).total_seconds()
        with pytest.raises(BranchClosed):
            kiosk.tap()
        view = kiosk.home.view(BRANCH)
        assert not view.is_open
        assert view.opens_at is not None


def test_a_revoked_kiosk_gives_no_tickets_even_offline(kiosk: Parts) -> None:
    kiosk.town.revoked = True
    with pytest.raises(KioskOutOfOrder):
        kiosk.tap()
    kiosk.go_away()
    with pytest.raises(KioskOutOfOrder):
        kiosk.tap()
    kiosk.town.revoked = False
    kiosk.come_back()
    assert kiosk.tap().answer.label == "A001"


def test_another_s_401_shuts_no_kiosk(kiosk: Parts) -> None:
    kiosk.town.portal = True
    assert kiosk.tap().answer.label == "A950"
    kiosk.go_away()
    assert kiosk.tap().answer.label == "A951"
    assert not kiosk.link.is_revoked
    kiosk.town.portal = False
    kiosk.come_back()
    assert kiosk.town.labels() == ["A950", "A951"]


def test_a_token_that_is_accepted_again_opens_the_kiosk_again(tmp_path: Path) -> None:
    """A server that was restored from an old backup, and then from the right one."""
    with kiosk_parts(tmp_path) as kiosk:
        kiosk.town.revoked = True
        kiosk.link.turn()
        again = assemble(kiosk.fake, kiosk.journal, seed=1)
        seen = [again.link.is_revoked]
        for revoked in (True, False):
            kiosk.town.revoked = revoked
            again.link.turn()
            seen.append(again.link.is_revoked)
        assert seen == [True, True, False], "a restart does not forget it, an acceptance ends it"
        again.go_away()
        assert again.tap().answer.label == "A950"
        again.fake.start()
        again.close()


def test_tickets_are_found_by_their_qr(kiosk: Parts) -> None:
    taken = kiosk.tap()
    found = kiosk.home.find(BRANCH, taken.answer.secret or "", reinstate=False)
    assert (found.label, found.state) == ("A001", "waiting")
    with pytest.raises(UnknownTicket):
        kiosk.home.find(BRANCH, "NOTHING", reinstate=False)
    kiosk.go_away()
    found = kiosk.home.find(BRANCH, taken.answer.secret or "", reinstate=False)
    assert (found.label, found.view) == ("A001", None), "its number is known here"
    with pytest.raises(ServerAway):
        kiosk.home.find(BRANCH, "NOTHING", reinstate=False)


def test_a_view_without_the_server_is_made_from_the_catalogue(kiosk: Parts) -> None:
    assert kiosk.home.view(BRANCH).seq == kiosk.town.seq
    kiosk.go_away()
    view = kiosk.home.view(BRANCH)
    assert view.seq == kiosk.town.seq, "a screen never goes back"
    assert [tile.code for tile in view.services] == ["civil", "legal"]
    assert view.is_open


def test_a_server_ticket_that_cannot_be_kept_is_good_but_has_no_paper(tmp_path: Path) -> None:
    with kiosk_parts(tmp_path, town=Town(now=NOON, block_size=400), pages_max=20) as kiosk:
        kiosk.go_away()
        with suppress(KioskOutOfOrder):
            for _ in range(400):
                kiosk.tap()
        assert kiosk.journal.state == "full"
        kiosk.come_back()
        taken = kiosk.tap(key="online")
        assert (taken.answer.label, taken.printing) == ("A001", "fault"), "note your number"
        assert kiosk.tap(key="online").answer.label == "A001"

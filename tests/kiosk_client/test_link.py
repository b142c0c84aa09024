"""The link: what is fetched, what is brought, what is told, and what a lost answer changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from device_client.clock import DeviceClock
from kiosk_client.link import (
    AWAY_SECONDS_MAX,
    BATCH_TICKETS_MAX,
    HOUSEKEEPING_SECONDS,
    KEPT_FOR,
    POLL_SECONDS,
    Link,
)
from server.domain.errors import KioskOutOfOrder, LineFull, ServerAway
from server.wire_devices import Block
from tests.builders import HandClock
from tests.kiosk_client.builders import DAY, NOON, Parts, assemble, full_disk, kiosk_parts
from tests.kiosk_client.fake_server import BRANCH, Town


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Parts]:
    with kiosk_parts(tmp_path) as parts:
        yield parts


def test_the_first_contact_brings_all_that_is_needed_alone(kiosk: Parts) -> None:
    assert kiosk.link.catalogue is not None
    for day in (DAY, DAY + timedelta(days=1)):
        assert kiosk.journal.numbers_left(day) == {"civil": 50, "legal": 50}
    assert kiosk.town.reports[0].waiting_to_sync == 0


def test_nothing_is_fetched_twice(kiosk: Parts) -> None:
    for _ in range(3):
        kiosk.link.turn()
    assert kiosk.town.leases == {DAY: 1, DAY + timedelta(days=1): 1}
    assert kiosk.town.requests["/device/catalogue"] == 1
    assert kiosk.town.requests[f"/branches/{BRANCH}/views/kiosk"] == 4
    assert len(kiosk.town.reports) == 1, "nothing changed, and five seconds have not passed"


def test_a_block_that_is_nearly_used_up_is_followed_by_another(kiosk: Parts) -> None:
    """A second outage of the same day finds numbers again, below the first ones."""
    kiosk.go_away()
    used = [kiosk.tap().answer.label for _ in range(40)]
    kiosk.come_back()
    assert kiosk.journal.numbers_left(DAY) == {"civil": 10 + 50, "legal": 50}
    kiosk.go_away()
    more = [kiosk.tap().answer.label for _ in range(60)]
    assert len({*used, *more}) == 100
    assert (more[0], more[9], more[10], more[-1]) == ("A990", "A999", "A900", "A949")
    with pytest.raises(LineFull):
        kiosk.tap()


def test_a_new_catalogue_is_fetched_when_the_report_tells_of_it(kiosk: Parts) -> None:
    kiosk.town.version = "v2"
    kiosk.go_away()
    kiosk.come_back()  # a return is reported at once
    kiosk.link.turn()
    assert kiosk.link.catalogue is not None
    assert kiosk.link.catalogue.raw.version == "v2"


def test_a_restart_without_the_server_knows_everything(tmp_path: Path) -> None:
    with kiosk_parts(tmp_path) as first:
        first.go_away()
        label = first.tap().answer.label
        again = assemble(first.fake, first.journal, seed=1)
        again.link.turn()
        assert not again.link.is_online
        assert again.tap().answer.label > label
        again.close()


@pytest.mark.parametrize("stored", ["{", '{"version": "older"}', "[]"])
def test_a_catalogue_of_another_version_is_fetched_anew(tmp_path: Path, stored: str) -> None:
    with kiosk_parts(tmp_path) as kiosk:
        kiosk.journal.keep_fact("catalogue", stored)
        kiosk.journal.keep_fact("clock", stored)
        assert kiosk.journal.anchor() is None
        kiosk.fake.stop()
        again = assemble(kiosk.fake, kiosk.journal, seed=1)
        with pytest.raises(ServerAway, match="never"):
            again.tap()
        again.come_back()
        assert again.tap().answer.label == "A001"
        again.close()


def test_a_day_goes_up_in_order_in_batches(tmp_path: Path) -> None:
    with kiosk_parts(tmp_path, town=Town(now=NOON, block_size=250)) as kiosk:
        kiosk.go_away()
        labels = [kiosk.tap().answer.label for _ in range(230)]
        kiosk.come_back()
        assert [size for _, size in kiosk.town.batches] == [
            BATCH_TICKETS_MAX,
            BATCH_TICKETS_MAX,
            30,
        ]
        assert kiosk.town.labels() == labels
        assert kiosk.journal.waiting_to_sync() == 0
        times = [ticket.issued_at for ticket in kiosk.town.kept.values()]
        assert times == sorted(times)


def test_a_lost_answer_brings_the_same_batch_again(kiosk: Parts) -> None:
    kiosk.go_away()
    for _ in range(3):
        kiosk.tap()
    kiosk.fake.start()
    kiosk.link.turn()
    kiosk.go_away()
    for _ in range(3):
        kiosk.tap()
    kiosk.town.lose_replies = True
    kiosk.fake.start()
    kiosk.link.turn()  # the view is lost already
    assert not kiosk.link.is_online
    kiosk.town.lose_replies = False
    kiosk.link.turn()
    assert len(kiosk.town.kept) == 6
    assert kiosk.journal.waiting_to_sync() == 0


def test_the_same_tickets_are_the_same_request(kiosk: Parts) -> None:
    kiosk.go_away()
    kiosk.tap()
    kiosk.fake.start()
    batch = kiosk.journal.to_upload(100)
    sent = kiosk.link._sent(batch)
    kiosk.link._sent(batch)
    assert [each.outcome for each in sent] == ["kept"]
    first, second = (key for key, _ in kiosk.town.batches)
    assert first == second


def test_a_request_that_is_refused_as_a_whole_is_no_verdict_on_its_tickets(kiosk: Parts) -> None:
    kiosk.go_away()
    labels = [kiosk.tap().answer.label for _ in range(4)]
    kiosk.town.refuse_uploads = True
    kiosk.come_back()
    assert kiosk.journal.waiting_to_sync() == 4
    sent = len(kiosk.town.batches)
    kiosk.link.turn()
    assert len(kiosk.town.batches) == sent, "not again at once"
    assert kiosk.town.reports[-1].waiting_to_sync == 4
    kiosk.town.refuse_uploads = False
    kiosk.link._upload_again_at = 0.0
    kiosk.link.turn()
    assert kiosk.town.labels() == labels


def test_one_bad_ticket_does_not_hold_up_the_others(kiosk: Parts) -> None:
    kiosk.go_away()
    for _ in range(4):
        kiosk.tap()
    kiosk.town.unreadable = 951
    kiosk.come_back()
    assert kiosk.town.labels() == ["A950", "A952", "A953"]
    assert [ticket.number for ticket in kiosk.journal.to_upload(9)] == [951], "it is kept here"


def test_a_refused_ticket_is_told_and_never_shown_as_confirmed(kiosk: Parts) -> None:
    kiosk.go_away()
    kiosk.tap(key="unwanted")
    kiosk.tap()
    kiosk.town.unwanted = 950
    kiosk.come_back()
    assert kiosk.town.labels() == ["A951"]
    assert kiosk.journal.to_upload(9) == (), "a verdict on one ticket is final"
    assert kiosk.town.reports[-1].waiting_to_sync == 1
    assert kiosk.tap(key="unwanted").is_offline


def test_waiting_grows_while_away_and_a_return_is_noticed(kiosk: Parts) -> None:
    kiosk.go_away()
    waits = []
    for _ in range(6):
        kiosk.link.turn()
        waits.append(kiosk.link._waiting_seconds)
    assert waits == sorted(waits)
    assert waits[-1] == AWAY_SECONDS_MAX
    kiosk.come_back()
    assert kiosk.link._waiting_seconds == POLL_SECONDS


def test_a_jump_of_the_clock_is_reported_and_times_stay_true(kiosk: Parts) -> None:
    kiosk.wall.advance(timedelta(hours=-7))
    kiosk.link.turn()
    report = kiosk.town.reports[-1]
    assert report.clock_skew_seconds == pytest.approx(-7 * 3600, abs=1)
    kiosk.go_away()
    kiosk.steady.seconds += 60
    kiosk.tap()
    kiosk.come_back()
    (kept,) = kiosk.town.kept.values()
    assert abs(kept.issued_at - (NOON + timedelta(seconds=60))) < timedelta(seconds=2)


def test_a_full_disk_is_refused_reported_and_heals(kiosk: Parts) -> None:
    def told() -> str:
        return kiosk.town.reports[-1].journal

    kiosk.go_away()
    promised = kiosk.tap().answer.label
    with full_disk():
        with pytest.raises(KioskOutOfOrder):
            kiosk.tap()
        kiosk.come_back()
        assert told() == "full"
        with pytest.raises(KioskOutOfOrder):
            kiosk.tap()
        assert kiosk.town.issued == {}, "refused before the server was asked"
    kiosk.link.turn()
    assert told() == "ok"
    assert kiosk.town.labels() == [promised]
    assert kiosk.tap().printing == "queued"


def test_papers_are_told(kiosk: Parts) -> None:
    taken = kiosk.tap()
    kiosk.printer.turn(kiosk.channel)
    kiosk.link.turn()
    assert kiosk.town.papers == {taken.answer.id: ("printed", None)}


def test_a_wall_clock_that_is_a_year_ahead_forgets_no_number(tmp_path: Path) -> None:
    """After a power cut without the server there is only the wall clock (found by a simulated day)."""
    with kiosk_parts(tmp_path) as kiosk:
        kiosk.go_away()
        label = kiosk.tap().answer.label
        kiosk.come_back()
        kiosk.go_away()
        year_ahead = DeviceClock(HandClock(NOON + timedelta(days=400)), kiosk.steady, boot="boot-2")
        link = Link(
            kiosk.server,
            kiosk.journal,
            year_ahead,
            version="1",
            printer=kiosk.printer.status,
            steady=lambda: HOUSEKEEPING_SECONDS + 1,
        )
        link.load()
        link.turn()
        link.stop()
        kiosk.journal.keep_blocks([Block(service="civil", day=DAY, first=950, last=999)])
        assert kiosk.tap().answer.label > label


def test_old_days_are_forgotten_by_the_server_s_time(kiosk: Parts) -> None:
    kiosk.steady.seconds += KEPT_FOR.total_seconds() + 2 * 86_400
    link = Link(
        kiosk.server,
        kiosk.journal,
        kiosk.clock,
        version="1",
        printer=kiosk.printer.status,
        steady=lambda: HOUSEKEEPING_SECONDS + 1,
    )
    kiosk.fake.stop()
    link.load()
    link.turn()
    link.stop()
    assert kiosk.journal.numbers_left(DAY) == {}

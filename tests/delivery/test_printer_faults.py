"""Every fault of a printer, driven: the ticket is on paper exactly once or not believed, staff know why in time,
and printing goes on by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.delivery.channels.pieces import pieces
from tests.builders import Town
from tests.delivery.print_shop import (
    PRINTED_SECONDS_MAX,
    Shop,
    Way,
    by_device_file,
    by_serial_port,
    print_shop,
    wait_until,
)
from virtual_printer import Conduct, Ending

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

SLOW = Conduct(drain_bytes_a_second=15_000)
STANDING = [
    pytest.param(Conduct(rows_left=0), "paper_end", id="no paper"),
    pytest.param(Conduct(cover_open=True), "cover_open", id="cover"),
    pytest.param(Conduct(overheated=True), "overheated", id="heat"),
    pytest.param(Conduct(offline=True), "offline", id="offline"),
    pytest.param(Conduct(refuses=True), "refused", id="refuses"),
]
MIDWAY = [
    pytest.param(Conduct(cover_open=True), "cover_open", id="cover"),
    pytest.param(Conduct(overheated=True), "overheated", id="heat"),
    pytest.param(Conduct(offline=True), "offline", id="offline"),
    pytest.param(Conduct(frozen=True), "timed_out", id="frozen"),
    pytest.param(Conduct(refuses=True), "refused", id="unplugged"),
]


@pytest.mark.parametrize(("conduct", "code"), STANDING)
def test_a_standing_fault_is_told_and_nothing_is_sent(
    town: Town, conduct: Conduct, code: str
) -> None:
    with print_shop(town, conduct) as shop:
        shop.town.issue()
        shop.must_be_told(code)
        assert shop.job_states() == ["pending"]
        assert shop.printer.papers == []
        shop.mend()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        shop.must_be_told("ok")


@pytest.mark.parametrize(("conduct", "code"), STANDING)
def test_a_fault_of_an_idle_printer_is_told_and_so_is_its_end(
    town: Town, conduct: Conduct, code: str
) -> None:
    with print_shop(town) as shop:
        shop.must_be_told("ok")
        shop.printer.behave(conduct)
        shop.must_be_told(code)
        shop.mend()
        shop.must_be_told("ok")
        assert shop.printer.papers == []


@pytest.mark.parametrize(("conduct", "code"), MIDWAY)
def test_a_fault_in_the_middle_of_a_ticket(town: Town, conduct: Conduct, code: str) -> None:
    with print_shop(town, SLOW) as shop:
        shop.town.issue()
        _wait_for_ink(shop)
        shop.printer.behave(replace(conduct, drain_bytes_a_second=15_000))
        shop.must_be_told(code)
        assert shop.job_states() == ["pending"]
        shop.mend()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        shop.must_be_told("ok")


def test_paper_that_ends_in_the_middle_of_a_ticket(town: Town) -> None:
    """The half on the old roll is no ticket: after the new roll the ticket begins again, once."""
    with print_shop(town, Conduct(rows_left=200)) as shop:
        shop.town.issue()
        shop.must_be_told("paper_end")
        assert shop.job_states() == ["pending"]
        shop.mend()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        assert shop.printer.papers[0].paper.ending is Ending.RAN_OUT
        assert shop.printer.papers[-1].paper.ending is Ending.CUT


def test_paper_near_its_end_is_told_and_prints(town: Town) -> None:
    with print_shop(town, Conduct(near_end=True)) as shop:
        shop.must_be_told("paper_near_end")
        shop.town.issue()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        assert shop.state() == "paper_near_end"


def test_a_blade_that_jams_is_a_fault_and_the_ticket_is_printed(town: Town) -> None:
    """The ink is out; whoever frees the blade tears the paper off. The next ticket waits."""
    with print_shop(town, Conduct(cutter_jammed=True)) as shop:
        shop.town.issue()
        shop.must_be_told("cutter")
        shop.must_have_printed()
        shop.town.issue("b")
        shop.jobs_must_become("done", "pending")
        shop.must_be_told("cutter")
        shop.mend()
        shop.must_have_printed(2)
        assert [shop.whole_papers(0), shop.whole_papers(1)] == [1, 1]


@pytest.mark.parametrize("conduct", [Conduct(silent=True), Conduct(garbage=True)])
def test_a_printer_without_answers_is_unknown_and_prints_once(town: Town, conduct: Conduct) -> None:
    with print_shop(town, conduct) as shop:
        shop.town.issue()
        shop.must_have_printed()
        shop.town.issue("b")
        shop.must_have_printed(2)
        shop.printer.wait_for_papers(2)
        assert [shop.whole_papers(0), shop.whole_papers(1)] == [1, 1]
        assert shop.state() == "unknown"


def test_a_slow_printer_prints_once(town: Town) -> None:
    """Slower in all than the time-out: what counts is that bytes keep moving."""
    with print_shop(town, Conduct(drain_bytes_a_second=6_000)) as shop:
        shop.town.issue()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        assert len(shop.told()) == 1, "ok, and nothing else"


def test_a_cable_pulled_in_the_middle(town: Town) -> None:
    with print_shop(town, Conduct(reset_after_bytes=9_000)) as shop:
        shop.town.issue()
        shop.must_be_told("broken_midway")
        assert shop.job_states() == ["pending"]
        shop.mend()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        torn = [each for each in shop.printer.papers if each.paper.ending is Ending.TORN]
        assert torn, "what was printed before is there too"


def test_a_report_that_is_lost_prints_nothing_twice(town: Town) -> None:
    """All ink arrived and no answer came back: nobody can tell, so nothing is believed and nothing repeated."""
    with print_shop(town) as shop:
        shop.town.issue()
        shop.must_have_printed()
        shop.printer.behave(Conduct(reset_after_bytes=_bytes_until_all_ink(shop.press.jobs[0])))
        shop.town.issue("a")
        shop.jobs_must_become("done", "expired")
        assert "unsure" in shop.reasons()[0]
        shop.mend()
        shop.must_be_told("ok")
        shop.town.issue("b")
        shop.jobs_must_become("done", "expired", "done")
        assert [shop.whole_papers(index) for index in range(3)] == [1, 1, 1]


def test_a_printer_that_cannot_prove_is_watched_and_prints_once(town: Town) -> None:
    clone = Conduct(real_time_only=True)
    with print_shop(town, replace(clone, rows_left=200)) as shop:
        shop.town.issue()
        shop.must_be_told("paper_end")
        assert shop.job_states() == ["pending"]
        shop.printer.behave(clone)
        shop.must_have_printed()
        shop.printer.wait_for_papers(2)
        assert shop.whole_papers() == 1


@pytest.mark.parametrize("way", [by_serial_port, by_device_file])
def test_paper_that_ends_is_the_same_by_serial_port_and_device_file(town: Town, way: Way) -> None:
    with print_shop(town, Conduct(rows_left=200), way=way) as shop:
        shop.town.issue()
        shop.must_be_told("paper_end")
        assert shop.job_states() == ["pending"]
        shop.mend()
        shop.must_have_printed()
        assert shop.whole_papers() == 1
        shop.must_be_told("ok")


@pytest.mark.parametrize("way", [by_serial_port, by_device_file])
def test_a_device_that_takes_nothing_any_more_is_told(town: Town, way: Way) -> None:
    with print_shop(town, SLOW, way=way) as shop:
        shop.must_be_told("ok")
        shop.town.issue()
        _wait_for_ink(shop)
        shop.printer.behave(replace(SLOW, frozen=True))
        shop.must_be_told("timed_out")
        shop.mend()
        shop.must_have_printed()
        assert shop.whole_papers() == 1


@pytest.mark.parametrize("way", [by_serial_port, by_device_file])
def test_a_device_without_answers_prints_once(town: Town, way: Way) -> None:
    with print_shop(town, Conduct(silent=True), way=way) as shop:
        shop.town.issue()
        shop.must_have_printed()
        shop.printer.wait_for_papers(1)
        assert shop.whole_papers() == 1
        assert shop.state() == "unknown"


def _bytes_until_all_ink(data: bytes) -> int:
    """What a printer that proves has received when the last of the ink is there, and no question after it."""
    cut = pieces(data)
    questions, fence = 4 * 3, 3
    bands = sum(len(band) + fence for band in cut.ink[:-1])
    return questions + len(cut.head) + fence + bands + fence + len(cut.ink[-1])


def _wait_for_ink(shop: Shop) -> None:
    """Until some of the ticket is out, and not all."""
    mechanism = shop.printer._mechanism
    wait_until(
        lambda: mechanism._decoder.rows_printed > 100,
        PRINTED_SECONDS_MAX,
        "printing",
        shop.job_states,
    )

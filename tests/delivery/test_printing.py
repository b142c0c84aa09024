"""From an issued ticket to its paper: jobs made once, printers that fail, jobs that grow too old."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from server.actions import settings, tickets
from server.app import FONTS
from server.db import jobs, outbox
from server.db.jobs import JobKind, JobState
from server.db.tables import services
from server.delivery.channels import (
    Broken,
    Fault,
    Handed,
    MemoryChannel,
    PrinterStatus,
    Refused,
    TimedOut,
)
from server.delivery.channels import (
    Paper as Roll,
)
from server.delivery.channels.status import UNKNOWN, failed
from server.delivery.dispatcher import CONSUMER, Dispatcher
from server.delivery.paper import PaperPress
from server.delivery.printing import PrintSender
from server.delivery.retry import wait_after
from server.domain.ids import Secret, Seq, TicketId
from server.domain.ticket import Ticket
from tests.builders import Town
from tests.machines import blocks_of, offline_ticket, paired, upload
from virtual_printer import Decoder

EXPIRES = timedelta(seconds=180)
LEASE = timedelta(seconds=30)
WIDTH = 576


class Paper:
    """Delivery of one town, with printers that only remember; run by hand, one step at a time."""

    def __init__(self, town: Town, printers: int = 1) -> None:
        self.town = town
        self.channels: dict[str, MemoryChannel] = {}
        self.printers = [self._printer(number) for number in range(printers)]
        self.dispatcher = Dispatcher(town.hall, expires_after=EXPIRES)
        self.sender = PrintSender(
            town.hall, PaperPress(FONTS), self.channels.__getitem__, _url, lease=LEASE
        )

    def deliver(self) -> int:
        """Everything that is due now."""
        self.dispatcher.run_once()
        return self.sender.run_once()

    def look(self) -> None:
        """The sweep over idle printers."""
        for branch, printer in self.sender.printers():
            self.sender.look(branch, printer)

    def channel(self, index: int = 0) -> MemoryChannel:
        return self.channels[f"tcp://printer-{index}"]

    def job_states(self) -> list[str]:
        """Of all jobs, oldest first."""
        return [str(row.state) for row in self._rows("SELECT state FROM jobs ORDER BY id")]

    def printer_state(self) -> str:
        return str(self._rows("SELECT state FROM printers ORDER BY id")[0].state)

    def events(self) -> list[str]:
        """The kinds of all events, in order."""
        return [str(row.kind) for row in self._rows("SELECT kind FROM events ORDER BY seq")]

    def _rows(self, statement: str) -> list[sa.Row[*tuple[object, ...]]]:
        with self.town.engine.connect() as connection:
            return list(connection.execute(sa.text(statement)).all())

    def _printer(self, number: int) -> int:
        address = f"tcp://printer-{number}"
        self.channels[address] = MemoryChannel()
        return settings.create_printer(
            hall=self.town.hall,
            branch=self.town.branch,
            name=address,
            address=address,
            width_dots=WIDTH,
        )


def _url(ticket: Ticket) -> str:
    return f"HTTP://Q.EXAMPLE.MA/T/{ticket.secret}"


def test_each_ticket_is_printed_once_and_in_order(town: Town) -> None:
    paper = Paper(town)
    for _ in range(3):
        town.issue()
    assert paper.deliver() == 3
    assert paper.deliver() == 0
    assert paper.job_states() == ["done"] * 3
    decoder = Decoder(WIDTH)
    pages = [page for _, data in paper.channel().jobs for page in decoder.feed(data)]
    assert [page.complete for page in pages] == [True] * 3
    assert paper.printer_state() == "ok"


def test_a_branch_without_a_printer_has_no_jobs(town: Town) -> None:
    paper = Paper(town, printers=0)
    town.issue()
    assert paper.deliver() == 0
    assert paper.job_states() == []


def test_events_met_twice_make_one_job(town: Town) -> None:
    """A dispatcher that lost its cursor (a restored backup) prints nothing again."""
    paper = Paper(town)
    town.issue()
    paper.deliver()
    with town.hall.store.administer() as connection:
        outbox.move_cursor(connection, CONSUMER, town.branch, Seq(0))
    assert paper.deliver() == 0
    assert paper.job_states() == ["done"]


def test_a_printer_that_fails_keeps_its_jobs_and_staff_see_why(town: Town) -> None:
    paper = Paper(town)
    paper.channel().fail_next(Refused("port closed"), TimedOut("no answer"))
    town.issue()
    town.issue()
    assert paper.deliver() == 0
    assert paper.printer_state() == "refused"
    assert paper.job_states() == ["pending", "pending"]
    assert paper.deliver() == 0, "not before its time"
    town.clock.advance(timedelta(seconds=1))
    assert paper.deliver() == 0
    assert paper.printer_state() == "timed_out"
    town.clock.advance(timedelta(seconds=2))
    assert paper.deliver() == 2
    assert paper.printer_state() == "ok"
    assert paper.events().count("printer_changed") == 3


def test_what_may_have_been_printed_is_given_up_and_never_repeated(town: Town) -> None:
    paper = Paper(town)
    paper.channel().fail_next(Broken("cable", handed=Handed.ALL_INK))
    town.issue()
    town.issue()
    assert paper.deliver() == 0
    assert paper.job_states() == ["expired", "pending"]
    assert "ticket_not_printed" in paper.events()
    assert paper.printer_state() == "broken_midway"
    town.clock.advance(timedelta(seconds=1))
    assert paper.deliver() == 1, "the next one is none of its business"


def test_what_cannot_be_whole_is_printed_again(town: Town) -> None:
    paper = Paper(town)
    paper.channel().fail_next(Broken("cable", handed=Handed.PART))
    town.issue()
    paper.deliver()
    assert paper.job_states() == ["pending"]
    town.clock.advance(timedelta(seconds=1))
    assert paper.deliver() == 1


def test_after_a_break_the_printer_knows_the_cause_better(town: Town) -> None:
    paper = Paper(town)
    paper.channel().fail_next(TimedOut("silent", handed=Handed.PART))
    paper.channel().says = failed(Fault.PAPER_END)
    town.issue()
    paper.deliver()
    assert paper.printer_state() == "paper_end"


def test_a_sender_that_died_over_the_last_ink_prints_nothing_again(town: Town) -> None:
    paper = Paper(town)
    town.issue()
    paper.dispatcher.run_once()
    target = jobs.printer_target(paper.printers[0])
    with town.hall.store.administer() as connection:
        job = jobs.claim(connection, JobKind.PRINT, target, town.clock.now(), LEASE)
        assert job is not None
        jobs.note_last_ink(connection, job.id)
    town.clock.advance(LEASE)
    assert paper.sender.run_once() == 0
    assert paper.job_states() == ["expired"]
    assert len(paper.channel().jobs) == 0
    assert paper.events()[-1] == "ticket_not_printed"


def test_an_idle_printer_is_looked_at_and_only_news_are_written(town: Town) -> None:
    paper = Paper(town)
    for says, code in (
        (PrinterStatus(state="ok", paper=Roll.OK), "ok"),
        (PrinterStatus(state="ok", paper=Roll.NEAR_END), "paper_near_end"),
        (failed(Fault.COVER_OPEN), "cover_open"),
        (UNKNOWN, "unknown"),
    ):
        paper.channel().says = says
        paper.look()
        paper.look()
        assert paper.printer_state() == code
    assert paper.events().count("printer_changed") == 4


def test_paper_that_runs_again_is_not_waited_for(town: Town) -> None:
    paper = Paper(town)
    paper.channel().fail_next(*[Refused("off")] * 5)
    town.issue()
    for _ in range(5):
        paper.deliver()
        town.clock.advance(timedelta(seconds=10))
    town.clock.advance(-timedelta(seconds=10))
    assert paper.deliver() == 0, "not before its time"
    paper.look()
    assert paper.deliver() == 1


def test_an_address_without_a_way_is_a_fault_like_any_other(town: Town) -> None:
    def no_way(address: str) -> MemoryChannel:
        raise ValueError(f"printer address {address!r}: needs pyserial")

    paper = Paper(town)
    paper.sender = PrintSender(town.hall, PaperPress(FONTS), no_way, _url, lease=LEASE)
    paper.look()
    assert paper.printer_state() == "unreachable"
    town.issue()
    assert paper.deliver() == 0
    assert paper.job_states() == ["pending"]


def test_a_printer_at_work_is_not_asked(town: Town) -> None:
    paper = Paper(town)
    town.issue()
    paper.dispatcher.run_once()
    target = jobs.printer_target(paper.printers[0])
    with town.hall.store.administer() as connection:
        jobs.claim(connection, JobKind.PRINT, target, town.clock.now(), LEASE)
    paper.channel().says = failed(Fault.COVER_OPEN)
    paper.look()
    assert paper.printer_state() == "unknown"


def test_a_job_that_is_too_old_expires(town: Town) -> None:
    paper = Paper(town)
    paper.channel().fail_next(*[Refused("off") for _ in range(100)])
    town.issue()
    paper.deliver()
    town.clock.advance(EXPIRES)
    assert paper.deliver() == 0
    assert paper.job_states() == ["expired"]
    assert paper.events()[-1] == "ticket_not_printed"
    with town.hall.store.read() as connection:
        ticket = connection.execute(sa.text("SELECT id FROM tickets")).scalar_one()
        state = jobs.state_of(connection, JobKind.PRINT, TicketId(ticket))
    assert state is JobState.EXPIRED


def test_one_printer_that_hangs_delays_no_other(town: Town) -> None:
    paper = Paper(town, printers=2)
    paper.channel(0).fail_next(TimedOut("hangs"))
    town.issue()
    town.issue(kiosk=replace(town.kiosk, printer=paper.printers[1]))
    assert paper.deliver() == 1
    assert len(paper.channel(1).jobs) == 1


def test_a_sender_that_died_gives_its_job_back(town: Town) -> None:
    paper = Paper(town)
    town.issue()
    paper.dispatcher.run_once()
    target = jobs.printer_target(paper.printers[0])
    with town.hall.store.administer() as connection:
        now = town.clock.now()
        assert jobs.claim(connection, JobKind.PRINT, target, now, LEASE) is not None
    assert paper.sender.run_once() == 0, "the lease holds"
    town.clock.advance(LEASE)
    assert paper.sender.run_once() == 1


def test_two_senders_never_have_the_same_job(town: Town) -> None:
    paper = Paper(town)
    town.issue()
    town.issue()
    paper.dispatcher.run_once()
    target = jobs.printer_target(paper.printers[0])
    for expected in (True, False):
        with town.hall.store.administer() as connection:
            job = jobs.claim(connection, JobKind.PRINT, target, town.clock.now(), LEASE)
        assert (job is not None) is expected


def test_a_cancelled_ticket_is_not_printed(town: Town) -> None:
    paper = Paper(town)
    answer = town.issue().value
    assert answer.secret, "the answer to an issue carries the secret"
    tickets.cancel_ticket(hall=town.hall, secret=Secret(answer.secret), key=None)
    assert paper.deliver() == 0
    assert len(paper.channel().jobs) == 0
    assert paper.job_states() == ["expired"]


def test_a_ticket_that_cannot_be_drawn_holds_up_no_other(town: Town) -> None:
    paper = Paper(town)
    town.issue("a")
    town.issue("b")
    with town.hall.store.administer() as connection:
        connection.execute(
            sa.update(services).where(services.c.code == "a").values(names={"ar": "ا" * 200})
        )
    assert paper.deliver() == 1
    assert paper.job_states() == ["expired", "done"]
    assert "ticket_not_printed" in paper.events()


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 10), (5_000, 10)])
def test_waits_double_up_to_a_limit(attempts: int, seconds: int) -> None:
    assert wait_after(attempts) == timedelta(seconds=seconds)


def test_there_is_no_wait_before_an_attempt() -> None:
    with pytest.raises(ValueError, match="attempt"):
        wait_after(0)


def test_a_kiosk_that_prints_itself_needs_no_job(town: Town) -> None:
    """One that was paired with a printer of the server has its tickets printed there."""
    paper = Paper(town, printers=2)
    alone, _ = paired(town)
    helped, _ = paired(town, printer="tcp://printer-1")
    town.issue(kiosk=alone)
    town.issue(kiosk=helped)
    block = blocks_of(town, helped)["a"]
    upload(town, helped, offline_ticket(block, at=town.clock.now()))
    paper.deliver()
    assert [len(paper.channel(index).jobs) for index in range(2)] == [0, 1]

"""Cost has a bound: the same queries with ten and ten thousand waiting, and none that reads a whole table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from server.actions import desks as desk_verbs
from server.actions import tickets as ticket_verbs
from server.actions.scans import scan_ticket
from server.db import codec, desk_view, device_views, jobs, outbox, reads, views
from server.db.jobs import JobKind, JobState
from server.db.tables import events, lines, requests, segments, tickets
from server.db.tables import jobs as jobs_table
from server.domain.ids import Label, Secret, TicketId
from server.domain.states import TicketClass, TicketState, Verb
from server.wire_devices import OfflineTicket
from tests.builders import MORNING, Town, a_ticket
from tests.machines import a_device, blocks_of, offline_ticket, upload
from tests.statements import Recorded, plan_of, recorded

FEW, MANY = 10, 10_000
PAST = 5_000
GROWING = [table.name for table in (tickets, events, segments, requests, jobs_table)]
_serial = iter(range(1, 10**9))


def crowd(town: Town, count: int, state: TicketState = TicketState.WAITING, days: int = 0) -> None:
    """`count` tickets of service `a`, with their events and requests, written straight into the tables."""
    day = MORNING.date() - timedelta(days=days)
    with town.engine.begin() as connection:
        service = reads.service_by_code(connection, town.branch, "a").id
        found = [
            a_ticket(
                state,
                id=TicketId(f"{serial:026d}"),
                branch=town.branch,
                service=service,
                day=day,
                label=Label(f"Z{serial:07d}"),
                secret=Secret(f"{serial:013d}"),
                rank_at=MORNING - timedelta(hours=1) + timedelta(milliseconds=serial),
                desk=town.desks[1] if state is TicketState.DONE else None,
                agent=None,
            )
            for serial in (next(_serial) for _ in range(count))
        ]
        connection.execute(sa.insert(tickets), [codec.ticket_values(each) for each in found])
        if state is TicketState.WAITING:
            number = 500 if count > PAST else 100  # past the numbers that an earlier crowd led to
            set_lines(connection, town, number)


def set_lines(connection: sa.Connection, town: Town, number: int) -> None:
    """The lines as if all these had come one by one; numbers that kiosks have leased stay leased."""
    day = MORNING.date()
    waiting = sa.select(tickets.c.service_id, sa.func.count().label("waiting")).where(
        tickets.c.state == "waiting", tickets.c.day == day
    )
    for each in connection.execute(waiting.group_by(tickets.c.service_id)).mappings().all():
        row = {"last_number": number, "waiting": each["waiting"]}
        present = sa.update(lines).where(lines.c.service_id == each["service_id"])
        if not connection.execute(present.values(row)).rowcount:
            row |= {"branch_id": town.branch, "service_id": each["service_id"]}
            connection.execute(sa.insert(lines).values(day=day, **row))


def past(town: Town) -> None:
    """What years leave behind: finished tickets, answers, jobs; then the planner looks at it."""
    crowd(town, PAST, TicketState.DONE, days=1)
    with town.engine.begin() as connection:
        connection.execute(
            sa.insert(requests),
            [
                {"scope": "x", "key": str(n), "fingerprint": "", "answer": b"", "at": MORNING}
                for n in range(PAST)
            ],
        )
        connection.execute(
            sa.insert(events),
            [
                {"branch_id": town.branch, "seq": -n, "at": MORNING, "kind": "x", "data": {}}
                for n in range(PAST)
            ],
        )
        connection.execute(
            sa.insert(jobs_table),
            [
                {
                    "branch_id": town.branch,
                    "kind": "print",
                    "target": "printer:1",
                    "ticket_id": f"{n:026d}",
                    "state": "done",
                    "created_at": MORNING,
                    "run_at": MORNING,
                    "expires_at": MORNING,
                    "attempts": 1,
                    "event_seq": -n - 1,
                }
                for n in range(PAST)
            ],
        )
    with town.engine.connect() as connection:
        for table in GROWING:
            connection.exec_driver_sql(f"ANALYZE {table}")
        connection.commit()


def verbs(town: Town) -> dict[str, Callable[[], object]]:
    """What people do all day; each leaves the desk free for the next."""

    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    places = iter(range(block.last - block.first + 1))

    def ticket_alone() -> OfflineTicket:
        return offline_ticket(block, next(places), at=town.clock.now())

    def serve(verb: Verb) -> Callable[[], object]:
        return lambda: town.step(verb, _in_hand(town))

    def recall() -> object:
        town.clock.advance(timedelta(minutes=1))
        return town.step(Verb.RECALL, _in_hand(town))

    return {
        "issue": lambda: town.issue(key=f"k{next(_serial)}"),
        "issue priority": lambda: town.issue(ticket_class=TicketClass.PRIORITY),
        "call": lambda: town.call(key=f"k{next(_serial)}"),
        "recall": recall,
        "start": serve(Verb.START),
        "finish": serve(Verb.FINISH),
        "call again": town.call,
        "no show": serve(Verb.NO_SHOW),
        "call a third": town.call,
        "transfer": lambda: desk_verbs.transfer_ticket(
            hall=town.hall,
            caller=town.agents[0],
            ticket_id=TicketId(_in_hand(town)),
            to="b",
            key=None,
        ),
        "upload": lambda: upload(town, kiosk, ticket_alone()),
        "scan": lambda: scan_ticket(
            hall=town.hall,
            caller=kiosk,
            secret=Secret(_any_waiting(town)),
            reinstate=True,
            key=None,
        ),
        "cancel": lambda: ticket_verbs.cancel_ticket(
            hall=town.hall, secret=Secret(_any_waiting(town)), key=None
        ),
    }


def screens(town: Town) -> dict[str, Callable[[sa.Connection], object]]:
    """Every view, and the questions that delivery asks."""
    now = town.clock.now()

    def line(connection: sa.Connection) -> object:
        branch = reads.branch(connection, town.branch)
        service = reads.service_by_code(connection, town.branch, "a")
        return views.line(connection, branch, service, now)

    def desk(connection: sa.Connection) -> object:
        agent = town.agents[0].require_agent()
        shift = reads.shift_of(connection, town.branch, agent)
        assert shift is not None
        return desk_view.desk(connection, town.branch, shift, now)

    def ticket(connection: sa.Connection) -> object:
        found = reads.ticket_by_secret(connection, Secret(_any_waiting(town)))
        return views.ticket(connection, found, now)

    return {
        "board": lambda connection: views.board(
            connection, reads.branch_by_slug(connection, town.slug), now
        ),
        "devices": lambda connection: device_views.devices(
            connection, reads.branch_by_slug(connection, town.slug), now
        ),
        "kiosk": lambda connection: views.kiosk(
            connection, reads.branch_by_slug(connection, town.slug), now
        ),
        "desk": desk,
        "line": line,
        "ticket": ticket,
        "events": lambda connection: outbox.events_after(
            connection, town.branch, outbox.latest(connection, town.branch)
        ),
        "unfinished": lambda connection: reads.unfinished(
            connection, town.branch, MORNING.date(), 200
        ),
        "jobs due": lambda connection: jobs.targets_due(connection, JobKind.PRINT, now, 50),
        "jobs overdue": lambda connection: jobs.overdue(connection, now, 50),
        "jobs waiting": lambda connection: jobs.waiting_by_target(connection, town.branch),
        "job state": lambda connection: jobs.state_of(connection, JobKind.PRINT, TicketId("1")),
        "claim": lambda connection: jobs.claim(
            connection, JobKind.PRINT, "printer:1", now, timedelta(seconds=1)
        ),
    }


def counted(town: Town) -> dict[str, int]:
    """How many statements each verb and each view makes."""
    found = {}
    for name, act in verbs(town).items():
        with recorded(town.engine) as statements:
            act()
        # The helpers of this file ask for the ticket in hand; they are not counted.
        found[name] = sum("nouba test" not in statement for statement, _ in statements)
    for name, show in screens(town).items():
        with recorded(town.engine) as statements, town.hall.store.read() as connection:
            show(connection)
        found[name] = sum("nouba test" not in statement for statement, _ in statements)
    return found


def test_ten_thousand_waiting_cost_no_query_more(town: Town) -> None:
    town.sit()
    crowd(town, FEW)
    counted(town)  # names that never change are asked once a process
    with_few = counted(town)
    crowd(town, MANY)
    assert counted(town) == with_few
    assert with_few["call"] <= 16
    assert with_few["issue"] <= 14
    assert max(with_few.values()) <= 24


def test_a_hundred_tickets_cost_no_statement_more_than_two(town: Town) -> None:
    """A batch is written in a few statements, however many tickets it holds: an offline day is back in seconds."""
    kiosk = a_device(town)
    block = blocks_of(town, kiosk)["a"]
    places, counts = itertools.count(), []
    for size in (2, 98):
        batch = [offline_ticket(block, next(places), at=town.clock.now()) for _ in range(size)]
        with recorded(town.engine) as statements:
            upload(town, kiosk, *batch)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 16


def test_no_query_reads_a_table_that_grows(town: Town) -> None:
    """Every statement of every verb and view is explained: it must search an index, never scan."""
    town.sit()
    past(town)
    crowd(town, 200)
    statements: Recorded = []
    with recorded(town.engine) as acted:
        for act in verbs(town).values():
            act()
        with town.hall.store.read() as connection:
            for show in screens(town).values():
                show(connection)
    statements += [each for each in acted if "nouba test" not in each[0]]
    scans = {
        statement: plan
        for statement, parameters in statements
        if statement.split()[0] in {"SELECT", "UPDATE", "DELETE"}
        and reads_a_whole_table(plan := plan_of(town.engine, statement, parameters))
    }
    assert not scans, "\n\n".join(f"{statement}\n→ {plan}" for statement, plan in scans.items())


def test_the_scan_is_seen_when_there_is_one(town: Town) -> None:
    """The oracle of the test above can fail."""
    past(town)
    asked = "SELECT count(language) FROM tickets WHERE language = 'xx'"
    assert reads_a_whole_table(plan_of(town.engine, asked, {}))


def reads_a_whole_table(plan: str) -> bool:
    """A scan of a table or of a whole index; SQLite says SCAN, PostgreSQL Seq Scan."""
    tables = "|".join(GROWING)
    return bool(
        re.search(
            rf"SCAN (?:{tables})\b(?! USING INDEX \w*(?:pending|order|aside|unfinished)\b)|Seq Scan on (?:{tables})\b",
            plan,
        )
    )


@pytest.mark.parametrize("state", [JobState.DONE, JobState.EXPIRED])
def test_a_finished_job_is_not_finished_again(town: Town, state: JobState) -> None:
    past(town)
    with town.hall.store.administer() as connection:
        assert not jobs.finish(connection, 1, state)


def _in_hand(town: Town) -> str:
    with town.engine.connect() as connection:
        return str(
            connection.exec_driver_sql(
                "/* nouba test */ SELECT id FROM tickets WHERE state IN ('called', 'serving')"
            ).scalar_one()
        )


def _any_waiting(town: Town) -> str:
    with town.engine.connect() as connection:
        return str(
            connection.exec_driver_sql(
                "/* nouba test */ SELECT secret FROM tickets WHERE state = 'waiting'"
                " ORDER BY id DESC LIMIT 1"
            ).scalar_one()
        )


def test_many_phones_are_told_what_each_alone_is_told(town: Town) -> None:
    """After a restart what their tickets share is read once: two further phones of a line cost no statement."""
    crowd(town, reads.AHEAD_COUNTED_MAX + 2)
    now = town.clock.now()
    with town.hall.store.read() as connection:
        rows = connection.execute(sa.select(tickets).order_by(tickets.c.rank_at, tickets.c.id))
        found = [codec.ticket(row) for row in rows]
        some = [found[0], found[1], found[-3], found[-2], found[-1]]
        around = views.Around(connection, town.branch)
        alone = [views.ticket(connection, each, now) for each in some]
        assert [views.ticket_among(connection, each, now, around) for each in some] == alone
        with recorded(town.engine) as statements:
            for each in some:
                views.ticket_among(connection, each, now, around)
    assert alone[-1].ahead == reads.AHEAD_COUNTED_MAX
    assert statements == []

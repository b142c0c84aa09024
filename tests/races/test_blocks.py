"""Kiosks that lease and upload while the server issues, in threads and in two processes: no number twice."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

import sqlalchemy as sa

from server.actions import devices, offline, tickets
from server.actions.hall import Caller, Hall
from server.clock import SystemChance, SystemClock
from server.db.engine import open_engine
from server.db.tables import lines
from server.db.tables import tickets as ticket_rows
from server.domain.errors import LineFull, PairingExpired, UnknownPairing
from server.domain.ids import Language
from server.domain.states import TicketClass
from server.wire_devices import Block
from tests.builders import CASABLANCA, SERVICES, SeededChance, Town, build_town, open_hall
from tests.machines import a_device, offline_ticket, operator
from tests.simulation import checks

ISSUERS, TAPS, ALONE = 3, 10, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works in one process: kiosks that lease and then bring tickets, others that only tap."""

    url: str
    kiosks: tuple[Caller, ...]
    issuers: tuple[Caller, ...]
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What they were told."""

    blocks: tuple[Block, ...] = ()
    labels: tuple[str, ...] = ()
    full: int = 0


def work(crew: Crew) -> list[Seen]:
    """Everybody in a thread of their own, all starting together."""
    engine, hall = open_hall(crew.url, SystemClock(), SystemChance())
    together = threading.Barrier(len(crew.kiosks) + len(crew.issuers))
    with ThreadPoolExecutor(together.parties) as pool:
        running = [pool.submit(alone, hall, each, crew.day, together) for each in crew.kiosks]
        running += [pool.submit(tap, hall, each, together) for each in crew.issuers]
        seen = [each.result() for each in running]
    engine.dispose()
    return seen


def alone(hall: Hall, kiosk: Caller, day: date, together: threading.Barrier) -> Seen:
    """A kiosk that leases twice (the first reply was lost) and brings what it gave out."""
    together.wait(timeout=60)
    lease = partial(offline.lease_blocks, hall=hall, caller=kiosk, day=day)
    found = lease(key=None).value.blocks
    assert lease(key=None).value.blocks == found
    labels = []
    for place in range(ALONE):
        batch = [
            offline_ticket(block, place, at=hall.clock.now())
            for block in found
            if block.first + place <= block.last
        ]
        upload = partial(offline.keep_tickets, hall=hall, caller=kiosk, tickets=batch)
        first, again = upload(key=None).value.results, upload(key=None).value.results
        assert {each.outcome for each in first} <= {"kept"}
        assert {each.outcome for each in again} <= {"already"}
        labels += [str(each.label) for each in first]
    return Seen(blocks=found, labels=tuple(labels))


def tap(hall: Hall, kiosk: Caller, together: threading.Barrier) -> Seen:
    """Citizens at a kiosk that has the server."""
    together.wait(timeout=60)
    labels, full = [], 0
    for count in range(TAPS):
        try:
            issued = tickets.issue_ticket(
                hall=hall,
                caller=kiosk,
                branch=kiosk.branch,
                service=SERVICES[count % 2],
                ticket_class=TicketClass.ORDINARY,
                language=Language.ARABIC,
                key=f"tap {count}",
            )
        except LineFull:
            full += 1
            continue
        labels.append(issued.value.label)
    return Seen(labels=tuple(labels), full=full)


def crew_of(town: Town, kiosks: int) -> Crew:
    """New kiosks, and issuers beside them; everybody on the machine's own clock."""
    made = [a_device(town) for _ in range(kiosks + ISSUERS)]
    day = SystemClock().now().astimezone(CASABLANCA).date()
    return Crew(url=town.url, kiosks=tuple(made[:kiosks]), issuers=tuple(made[kiosks:]), day=day)


def check(town: Town, seen: list[Seen], *, from_the_first: bool = True) -> None:
    """No number belongs to two, whoever was faster; everything promised is there."""
    owned = Counter(
        (block.service, number)
        for each in seen
        for block in each.blocks
        for number in range(block.first, block.last + 1)
    )
    assert owned
    assert max(owned.values()) == 1, "two kiosks have leased one number"
    labels = [label for each in seen for label in each.labels]
    assert len(labels) == len(set(labels)), "two citizens have one number"
    with town.engine.connect() as connection:
        rows = connection.execute(sa.select(ticket_rows.c.label)).scalars().all()
        for row in connection.execute(sa.select(lines)):
            assert row.last_number < row.reserved_from
    assert sorted(rows) == sorted(labels)
    if from_the_first:
        with town.hall.store.read() as connection:
            checks.check(checks.read(connection, town.branch), checks.Story())


def test_two_kiosks_and_the_server_in_threads(database_url: str) -> None:
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance())
    check(town, work(crew_of(town, 2)))
    engine.dispose()


def test_two_kiosks_and_the_server_in_two_processes(database_url: str) -> None:
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance())
    crews = [crew_of(town, 1), crew_of(town, 1)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        check(town, [each for found in pool.map(work, crews) for each in found])
    engine.dispose()


def test_the_last_numbers_are_shared_without_a_quarrel(database_url: str) -> None:
    """Nearly nothing is free: who comes late gets none, and online taps are refused instead of doubled."""
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance())
    crew = crew_of(town, 2)
    with town.engine.begin() as connection:
        for service in connection.exec_driver_sql("SELECT id FROM services").scalars().all():
            row = {"branch_id": town.branch, "day": crew.day, "service_id": service}
            connection.execute(sa.insert(lines), row | {"last_number": 985, "waiting": 0})
    seen = work(crew)
    check(town, seen, from_the_first=False)
    assert sum(each.full for each in seen) > 0
    engine.dispose()


def test_one_code_accepted_by_two_is_one_device(town: Town) -> None:
    shown = devices.open_pairing(hall=town.hall, kind="kiosk", name=None, version="1")

    def accept(index: int) -> bool:
        try:
            devices.accept_device(
                hall=town.hall,
                caller=operator(town),
                code=shown.code,
                name=f"kiosk {index}",
                printer=None,
                key=None,
            )
        except UnknownPairing:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(accept, range(4))) == 1


def test_two_claims_at_once_leave_one_token_that_opens(town: Town) -> None:
    shown = devices.open_pairing(hall=town.hall, kind="kiosk", name="k", version="1")
    devices.accept_device(
        hall=town.hall, caller=operator(town), code=shown.code, name=None, printer=None, key=None
    )

    def claim(_: int) -> str | None:
        try:
            return devices.claim_token(hall=town.hall, claim=shown.claim).token
        except PairingExpired:
            return None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(claim, range(4)))
    with town.engine.connect() as connection:
        open_tokens = connection.exec_driver_sql(
            "SELECT id FROM tokens WHERE revoked_at IS NULL"
        ).scalars()
        token = connection.exec_driver_sql("SELECT token_id FROM devices").scalar_one()
        assert list(open_tokens) == [token]

"""A day that a kiosk spent without its server, and how fast it brings that day home."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from benchmarks.building import SLUG, Building, build
from benchmarks.crowd import Crowd, Request, Script
from benchmarks.figures import BenchWrong
from benchmarks.kiosks import LANGUAGE, has_numbers, pair, running_kiosk, wait_until
from benchmarks.rows import connect
from benchmarks.running import HOST, running_server
from benchmarks.scratch import Size
from kiosk_client.running import build as build_kiosk
from kiosk_client.settings import Place
from server import logs
from server.config_schema import LogSettings
from server.domain.ids import Language
from server.domain.states import TicketClass
from server.kiosk_house import Tap

BUSIEST_DAY = 100
"""Numbers of each service that some earlier day gave out: a block is half as large again."""
ISSUING_CLIENTS = 8
LOOK_SECONDS = 0.05
SYNC_SECONDS_MAX = 300

Ticket = tuple[str, str, str]
"""Id, number, secret."""


def bring_home(folder: Path, size: Size) -> tuple[float, float]:
    """Tickets a second: brought by the kiosk, and issued online by the same server just before.

    Raises BenchWrong unless each ticket is on the server once, with the number and the secret of its paper.
    """
    building = build(folder / "server")
    _give_out_before(building)
    with running_server(building.data) as server:
        issued = _issue(building, server.port, size.requests)
        place = pair(building, f"http://{HOST}:{server.port}", folder / "kiosk")
        with running_kiosk(place):
            wait_until(lambda: has_numbers(place, len(building.codes)), "numbers are leased")
    before = _tickets(building)
    promised = _spend_alone(place, building, size.offline_tickets)
    # The next server has another port, and the kiosk is told.
    with running_server(building.data) as server:
        moved = replace(place.identity(), server=f"http://{HOST}:{server.port}")
        place.keep_identity(moved)
        with running_kiosk(place):
            rate = _watch(building, len(before), len(promised))
    _check(_tickets(building), before, promised)
    return rate, issued


def _give_out_before(building: Building) -> None:
    yesterday = str(building.day - timedelta(days=1))
    with closing(connect(building.database)) as connection:
        connection.executemany(
            "INSERT INTO lines (branch_id, day, service_id, last_number, waiting)"
            " VALUES (?, ?, ?, ?, 0)",
            [(building.branch, yesterday, each, BUSIEST_DAY) for each in building.services],
        )


def _issue(building: Building, port: int, count: int) -> float:
    """As the bench `issue` does it."""

    def taps(first: int, share: int) -> Script:
        for number in range(first, first + share):
            yield Request(
                title="issue",
                path=f"/branches/{SLUG}/tickets",
                token=building.kiosk_token,
                body={"service": building.codes[number % len(building.codes)], "language": "ar"},
            )

    crowd = Crowd(port)
    crowd.run([taps(0, len(building.codes))])
    share = -(-count // ISSUING_CLIENTS)
    answers = crowd.run([taps(client, share) for client in range(ISSUING_CLIENTS)])
    crowd.close()
    seconds = max(each.got_at for each in answers) - min(each.sent_at for each in answers)
    return len(answers) / seconds


def _spend_alone(place: Place, building: Building, count: int) -> set[Ticket]:
    """Citizens tap on the kiosk's own house while nobody answers at the server's address."""
    logs.configure(LogSettings(level="error"))  # that the server is away is no news here
    kiosk = build_kiosk(place, settings=place.settings(), with_browser=False)
    promised: set[Ticket] = set()
    try:
        for number in range(count):
            code = building.codes[number % len(building.codes)]
            tap = Tap(
                service=code,
                ticket_class=TicketClass.ORDINARY,
                language=Language(LANGUAGE),
                key=uuid4().hex,
            )
            taken = kiosk.home.take(SLUG, tap)
            if not taken.is_offline:
                raise BenchWrong("the server that had ended gave out a number")
            promised.add((taken.answer.id, taken.answer.label, str(taken.answer.secret)))
    finally:
        kiosk.stop([])
    if len({label for _, label, _ in promised}) != count:
        raise BenchWrong("the kiosk gave out a number twice")
    return promised


def _watch(building: Building, before: int, count: int) -> float:
    """From the first batch that is seen to the last: how long the programs took to start is no part of it."""
    until = time.monotonic() + SYNC_SECONDS_MAX
    first_at, first_count, present = 0.0, 0, 0
    with closing(connect(building.database)) as connection:
        while present < count:
            if time.monotonic() > until:
                raise BenchWrong(f"{present} of {count} tickets were brought home")
            time.sleep(LOOK_SECONDS)
            query = "SELECT count(*) FROM tickets"
            present = connection.execute(query).fetchone()[0] - before
            if present and not first_count:
                first_at, first_count = time.monotonic(), present
    seconds = time.monotonic() - first_at
    # A tiny day comes in one batch.
    return (count - first_count) / seconds if first_count < count else count / LOOK_SECONDS


def _tickets(building: Building) -> set[Ticket]:
    with closing(connect(building.database)) as connection:
        rows = connection.execute("SELECT id, label, secret FROM tickets").fetchall()
    if len({label for _, label, _ in rows}) != len(rows):
        raise BenchWrong("a number is on the server twice")
    return set(rows)


def _check(after: set[Ticket], before: set[Ticket], promised: set[Ticket]) -> None:
    if lost := promised - after:
        raise BenchWrong(f"{len(lost)} promised tickets are not on the server as they were printed")
    if after != before | promised:
        raise BenchWrong("the server has tickets that nobody gave out")

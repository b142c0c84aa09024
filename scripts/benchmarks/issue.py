"""`issue`: tickets a second over HTTP, durable, by 1, 8 and 32 clients at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.building import SLUG, Building, build
from benchmarks.crowd import Answer, Crowd, Request, Script
from benchmarks.figures import BenchWrong, Figure, Pairs, Wanted, percentile
from benchmarks.floors import Floor
from benchmarks.rows import connect
from benchmarks.running import running_server
from benchmarks.scratch import Size

NAME = "issue"
WANTED = Wanted(bound=0.15, is_least=True)
WARM_UP = 26
"""One ticket a line before anything is timed."""
MEDIAN, WORST = 0.5, 0.99


@dataclass(slots=True)
class _Case:
    rate: Pairs = field(default_factory=Pairs)
    median: Pairs = field(default_factory=Pairs)
    worst: Pairs = field(default_factory=Pairs)


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Floor and server in turn, then a look at what the database holds. Raises BenchWrong."""
    building = build(folder / "issue")
    floor = Floor(build(folder / "issue-floor"))
    cases = {clients: _Case() for clients in size.clients}
    acknowledged: list[Answer] = []
    with running_server(building.data) as server:
        crowd = Crowd(server.port)
        acknowledged += crowd.run([_taps(building, 0, WARM_UP)])
        floor.issue(WARM_UP)
        for _ in range(size.rounds):
            for clients, case in cases.items():
                floors = floor.issue(size.requests)
                acknowledged += _round(crowd, building, clients, size.requests, case, floors)
        crowd.close()
        _check(building, acknowledged)
    floor.close()
    for clients, case in cases.items():
        people = "1 client" if clients == 1 else f"{clients} clients"
        yield case.rate.figure(NAME, people, "tickets/s", more_is_better=True, wanted=WANTED)
        yield case.median.figure(NAME, f"{people}, p50", "ms", more_is_better=False)
        yield case.worst.figure(NAME, f"{people}, p99", "ms", more_is_better=False)


def _round(
    crowd: Crowd, building: Building, clients: int, count: int, case: _Case, floors: list[float]
) -> list[Answer]:
    share = -(-count // clients)
    answers = crowd.run([_taps(building, client, share) for client in range(clients)])
    seconds = max(each.got_at for each in answers) - min(each.sent_at for each in answers)
    millis = [each.millis for each in answers]
    case.rate.add(len(answers) / seconds, len(floors) * 1000 / sum(floors))
    case.median.add(percentile(millis, MEDIAN), percentile(floors, MEDIAN))
    case.worst.add(percentile(millis, WORST), percentile(floors, WORST))
    return answers


def _taps(building: Building, first: int, count: int) -> Script:
    for number in range(first, first + count):
        code = building.codes[number % len(building.codes)]
        yield Request(
            title=NAME,
            path=f"/branches/{SLUG}/tickets",
            token=building.kiosk_token,
            body={"service": code, "language": "ar"},
        )


def _check(building: Building, acknowledged: list[Answer]) -> None:
    """Every acknowledged ticket is there, once, and nothing else."""
    told = {answer.body["label"] for answer in acknowledged}
    with closing(connect(building.database)) as connection:
        labels = [row[0] for row in connection.execute("SELECT label FROM tickets")]
        events = _count(connection, "SELECT count(*), max(seq) FROM events")
    if len(told) != len(acknowledged) or len(set(labels)) != len(labels):
        raise BenchWrong("a number was given out twice")
    if set(labels) != told:
        raise BenchWrong(f"{len(told)} tickets acknowledged, {len(labels)} in the database")
    if events != (len(labels), len(labels)):
        raise BenchWrong(f"{len(labels)} tickets, but events and seq are {events}")


def _count(connection: sqlite3.Connection, query: str) -> tuple[int, int]:
    count, highest = connection.execute(query).fetchone()
    return count, highest

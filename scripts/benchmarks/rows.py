"""Rows written straight into a database: people who wait, and years that went by."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.building import Building, build
from benchmarks.scratch import KEPT

BUSY_SECONDS = 30.0
TICKETS_A_DAY = 1_000
EVENTS_A_TICKET = 4

_COLUMNS = (
    "id, branch_id, day, service_id, label, secret, ticket_class, language, state, issued_at,"
    " rank_at, segment_from, calls, no_shows"
)
_INSERT_WAITING = (
    f"INSERT INTO tickets ({_COLUMNS})"
    " VALUES (?, ?, ?, ?, ?, ?, 'ordinary', 'ar', 'waiting', ?, ?, ?, 0, 0)"
)
_UPSERT_LINE = (
    "INSERT INTO lines (branch_id, day, service_id, last_number, waiting) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (branch_id, day, service_id) DO UPDATE SET"
    " last_number = excluded.last_number, waiting = waiting + excluded.waiting"
)
_NUMBERS = (
    "WITH RECURSIVE past(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM past WHERE n + 1 < :count)"
)
_PAST_TICKETS = f"""{_NUMBERS}
INSERT INTO tickets ({_COLUMNS}, desk_id, agent_id, called_at, started_at, ended_at)
SELECT printf('%026d', n), :branch, date(:day, '-' || (1 + n / :a_day) || ' days'),
  :first_service + (n % :a_day) % 26,
  char(65 + (n % :a_day) % 26) || printf('%03d', 1 + (n % :a_day) / 26),
  printf('H%012d', n), 'ordinary', 'ar', 'done', :now - 86400000 - n * 1000,
  :now - 86400000 - n * 1000, :now - 86400000 - n * 1000, 1, 0,
  :first_desk + n % 8, NULL, :now - 86300000 - n * 1000, :now - 86290000 - n * 1000,
  :now - 86200000 - n * 1000 FROM past"""
_PAST_SEGMENTS = """INSERT INTO segments
  (ticket_id, service_id, desk_id, agent_id, waiting_from, called_at, started_at, ended_at, outcome)
SELECT id, service_id, desk_id, NULL, issued_at, called_at, started_at, ended_at, 'finished'
FROM tickets WHERE state = 'done'"""
_PAST_EVENTS = f"""{_NUMBERS}
INSERT INTO events (branch_id, seq, at, kind, ticket_id, service_id, desk_id, agent_id, data)
SELECT :branch, n + 1, :now - 86400000 - (:count - n) * 250,
  CASE n % 4 WHEN 0 THEN 'ticket_issued' WHEN 1 THEN 'ticket_called'
    WHEN 2 THEN 'ticket_started' ELSE 'ticket_finished' END,
  printf('%026d', n / 4), :first_service + (n / 4) % 26, NULL, NULL, '{{}}' FROM past"""


def connect(database: Path) -> sqlite3.Connection:
    """A bare connection with the server's own durability."""
    connection = sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def now_millis() -> int:
    """The present as the database keeps it."""
    return int(datetime.now(UTC).timestamp() * 1000)


def fill_lines(building: Building, waiting: int) -> list[str]:
    """Let `waiting` people wait, evenly over the lines, counting those who wait already.

    Returns the secrets of the new ones. Nobody is taken out.
    """
    with closing(connect(building.database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        made = []
        for index in range(len(building.services)):
            wanted = waiting // len(building.services)
            wanted += index < waiting % len(building.services)
            made += _fill_line(connection, building, index, wanted)
        connection.execute("COMMIT")
    return made


def fill_one_line(building: Building, index: int, waiting: int) -> list[str]:
    """The same with everybody in one line; its labels may not suffice, so other letters lend theirs."""
    made: list[str] = []
    with closing(connect(building.database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        lender = index
        while len(made) < waiting:
            count = min(waiting - len(made), 900)
            made += _insert(connection, building, index, lender, range(1, count + 1))
            numbers = count if lender == index else 0
            line = (building.branch, str(building.day), building.services[index])
            connection.execute(_UPSERT_LINE, (*line, max(numbers, 900), count))
            lender = (lender + 1) % len(building.services)
        connection.execute("COMMIT")
    return made


def _fill_line(
    connection: sqlite3.Connection, building: Building, index: int, wanted: int
) -> list[str]:
    line = (building.branch, str(building.day), building.services[index])
    row = connection.execute(
        "SELECT last_number, waiting FROM lines WHERE branch_id=? AND day=? AND service_id=?", line
    ).fetchone()
    last, present = row or (0, 0)
    missing = max(0, wanted - present)
    if not missing:
        return []
    connection.execute(_UPSERT_LINE, (*line, last + missing, missing))
    return _insert(connection, building, index, index, range(last + 1, last + missing + 1))


def _insert(
    connection: sqlite3.Connection, building: Building, index: int, lender: int, numbers: range
) -> list[str]:
    now = now_millis()
    found = [secrets.token_hex(6).upper() for _ in numbers]
    connection.executemany(
        _INSERT_WAITING,
        [
            (
                f"{now:013d}{secret}W",
                building.branch,
                str(building.day),
                building.services[index],
                f"{building.letters[lender]}{number:03d}",
                secret,
                now,
                now,
                now,
            )
            for number, secret in zip(numbers, found, strict=True)
        ],
    )
    return found


def with_history(data: Path, past: int) -> Building:
    """A building with `past` finished tickets of earlier days, their segments and four events each.

    Prepared once for a schema and a count, then copied.
    """
    building = build(data)
    kept = KEPT / f"past-{past}-{_schema(building)}.sqlite3"
    if not kept.exists():
        _write_history(building, past)
        unfinished = kept.with_suffix(".new")
        shutil.copyfile(building.database, unfinished)
        unfinished.rename(kept)
        return building
    shutil.copyfile(kept, building.database)
    # The copy knows the tokens of the run that prepared it: this run's are put in their place.
    fresh = build(data.with_name(data.name + "-fresh"))
    with closing(connect(building.database)) as connection:
        connection.execute("ATTACH ? AS fresh", (str(fresh.database),))
        connection.execute("DELETE FROM tokens")
        connection.execute("INSERT INTO tokens SELECT * FROM fresh.tokens")
    shutil.rmtree(fresh.data)
    return replace(fresh, data=data)


def _write_history(building: Building, past: int) -> None:
    values = {
        "branch": building.branch,
        "day": str(building.day),
        "now": now_millis(),
        "a_day": TICKETS_A_DAY,
        "first_service": building.services[0],
        "first_desk": building.desks[0],
    }
    with closing(connect(building.database)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_PAST_TICKETS, {**values, "count": past})
        connection.execute(_PAST_SEGMENTS)
        events = past * EVENTS_A_TICKET
        connection.execute(_PAST_EVENTS, {**values, "count": events})
        connection.execute("UPDATE branches SET seq = ?", (events,))
        # Delivery has met all of them long ago.
        connection.execute("INSERT INTO cursors VALUES ('print', ?, ?)", (building.branch, events))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _schema(building: Building) -> str:
    with closing(connect(building.database)) as connection:
        tables = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    return hashlib.sha256(repr((tables, building.services)).encode()).hexdigest()[:12]

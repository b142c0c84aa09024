"""The least that the same durable rows can cost: bare sqlite3, one connection, one transaction a verb.

Same schema, same disk, WAL and `synchronous=FULL` as the server; no HTTP, no rules, no reading.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable

from benchmarks.building import Building
from benchmarks.rows import connect, now_millis

_ISSUE_LINE = (
    "INSERT INTO lines (branch_id, day, service_id, last_number, waiting) VALUES (?, ?, ?, 1, 1)"
    " ON CONFLICT (branch_id, day, service_id) DO UPDATE SET last_number = last_number + 1,"
    " waiting = waiting + 1 RETURNING last_number"
)
_ISSUE_TICKET = (
    "INSERT INTO tickets (id, branch_id, day, service_id, label, secret, ticket_class, language,"
    " state, issued_at, rank_at, segment_from, calls, no_shows)"
    " VALUES (?, ?, ?, ?, ?, ?, 'ordinary', 'ar', 'waiting', ?, ?, ?, 0, 0)"
)
_EVENT = (
    "INSERT INTO events (branch_id, seq, at, kind, ticket_id, service_id, desk_id, agent_id, data)"
    ' VALUES (?, ?, ?, ?, ?, ?, ?, NULL, \'{"label": "A001", "class": "ordinary"}\')'
)
_REQUEST = "INSERT INTO requests (scope, key, fingerprint, answer, at) VALUES (?, ?, ?, ?, ?)"
_BRANCH = "UPDATE branches SET seq = ? WHERE id = ?"
_CALL = (
    "UPDATE tickets SET state = 'called', desk_id = ?, called_at = ?, calls = 1, segment_from = ?"
    " WHERE id = ?"
)
_START = "UPDATE tickets SET state = 'serving', started_at = ? WHERE id = ?"
_FINISH = "UPDATE tickets SET state = 'done', ended_at = ? WHERE id = ?"
_LESS_WAITING = (
    "UPDATE lines SET waiting = waiting - 1 WHERE branch_id = ? AND day = ? AND service_id = ?"
)
_SEGMENT = (
    "INSERT INTO segments (ticket_id, service_id, desk_id, agent_id, waiting_from, called_at,"
    " started_at, ended_at, outcome) VALUES (?, ?, ?, NULL, ?, ?, ?, ?, 'finished')"
)
_LEARN = "UPDATE services SET mean_seconds = 300.5, visits = visits + 1 WHERE id = ?"
_ANSWER = json.dumps({"id": "0" * 26, "label": "A001", "state": "waiting", "padding": "x" * 240})


Transaction = Callable[..., None]


class Floor:
    """Writes what the server writes, as fast as sqlite3 can."""

    def __init__(self, building: Building) -> None:
        self._building = building
        self._connection = connect(building.database)
        self._day = str(building.day)
        self._seq = 0
        self._waiting: list[tuple[str, int]] = []

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def issue(self, count: int) -> list[float]:
        """Issue tickets; the milliseconds of each transaction."""
        return [self._timed(self._issue, number) for number in range(count)]

    def serve(self, count: int) -> tuple[list[float], float]:
        """Call, start and finish; the milliseconds of each call, and the seconds of everything."""
        self.issue(max(0, count - len(self._waiting)))
        calls = []
        began = time.perf_counter()
        for number in range(count):
            ticket, service = self._waiting.pop()
            desk = self._building.desks[number % len(self._building.desks)]
            calls.append(self._timed(self._call, ticket, service, desk))
            self._timed(self._start, ticket, service, desk)
            self._timed(self._finish, ticket, service, desk)
        return calls, time.perf_counter() - began

    def _timed(self, write: Transaction, *arguments: object) -> float:
        began = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        write(self._connection, *arguments)
        self._connection.execute("COMMIT")
        return (time.perf_counter() - began) * 1000

    def _issue(self, connection: sqlite3.Connection, number: int) -> None:
        now = now_millis()
        building = self._building
        index = number % len(building.services)
        service = building.services[index]
        line = (building.branch, self._day, service)
        last = connection.execute(_ISSUE_LINE, line).fetchone()[0]
        secret = secrets.token_hex(6).upper()
        ticket = f"{now:013d}{secret}F"
        label = f"{building.letters[index]}{last:03d}"
        values = (ticket, building.branch, self._day, service, label, secret, now, now, now)
        connection.execute(_ISSUE_TICKET, values)
        self._record(connection, "ticket_issued", ticket, service, None, now)
        self._waiting.append((ticket, service))

    def _call(self, connection: sqlite3.Connection, ticket: str, service: int, desk: int) -> None:
        now = now_millis()
        connection.execute(_CALL, (desk, now, now, ticket))
        connection.execute(_LESS_WAITING, (self._building.branch, self._day, service))
        self._record(connection, "ticket_called", ticket, service, desk, now)

    def _start(self, connection: sqlite3.Connection, ticket: str, service: int, desk: int) -> None:
        now = now_millis()
        connection.execute(_START, (now, ticket))
        self._record(connection, "ticket_started", ticket, service, desk, now)

    def _finish(self, connection: sqlite3.Connection, ticket: str, service: int, desk: int) -> None:
        now = now_millis()
        connection.execute(_FINISH, (now, ticket))
        connection.execute(_SEGMENT, (ticket, service, desk, now, now, now, now))
        connection.execute(_LEARN, (service,))
        self._record(connection, "ticket_finished", ticket, service, desk, now)

    def _record(
        self,
        connection: sqlite3.Connection,
        kind: str,
        ticket: str,
        service: int,
        desk: int | None,
        now: int,
    ) -> None:
        branch = self._building.branch
        self._seq += 1
        connection.execute(_EVENT, (branch, self._seq, now, kind, ticket, service, desk))
        answer = _ANSWER.encode()
        connection.execute(_REQUEST, ("token:1", secrets.token_hex(16), "f" * 64, answer, now))
        connection.execute(_BRANCH, (self._seq, branch))

"""The journal's verbs. Each that changes something is one transaction, on the disk when it returns.

The promise: a number is taken, its ticket kept and its paper ordered together, before the screen is
answered. Whatever happens afterwards, the ticket is uploaded and its number never given out again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from device_client.clock import Anchor
from kiosk_client.journal.file import OWNER, JournalFile, fact, keep_fact
from server.domain.errors import LineFull
from server.wire import TicketAnswer
from server.wire_devices import Block, JournalState, KeptTicket, OfflineTicket

PaperEnd = Literal["done", "expired", "doubtful"]
"""The paper is out; it was given up; it may be out, and nobody can tell."""
_ANCHOR: Final = "clock"
_PROBE: Final = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An offline ticket that has no number yet."""

    key: str
    id: str
    secret: str
    service: str
    day: date
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A ticket that this kiosk gave out, by itself or by asking the server."""

    answer: TicketAnswer
    is_offline: bool
    is_waiting: bool
    """Whether the server does not hold it: its place is not confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A print job. Its id is its ticket's: one ticket, one paper."""

    entry: Entry
    made_at: datetime
    is_interrupted: bool
    """Its sending had begun when this program ended: it may be out."""

    @property
    def ticket(self) -> str:
        return self.entry.answer.id


class Journal:
    """Every method may raise JournalFailure and has then changed nothing."""

    def __init__(
        self,
        path: Path,
        *,
        device: int | None = None,
        pages_max: int | None = None,
        connection: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """The journal of `device`, which must have been handed to it; None takes whatever is there, or a new one."""
        owner = None if device is None else str(device)
        self._file = JournalFile(path, owner=owner, pages_max=pages_max, connection=connection)

    @property
    def state(self) -> JournalState:
        return self._file.state

    def close(self) -> None:
        self._file.close()

    # ------------------------------------------------------------ whose journal it is, and what it knows

    def hand_to(self, device: int) -> None:
        """A pairing: numbers, catalogue and time of an earlier one are not this device's."""
        with self._file.writing() as db:
            if fact(db, OWNER) != str(device):
                db.execute("DELETE FROM blocks")
                db.execute("DELETE FROM facts")
            keep_fact(db, OWNER, str(device))

    def fact(self, name: str) -> str | None:
        """Something small that is known by name."""
        with self._file.reading() as db:
            return fact(db, name)

    def keep_fact(self, name: str, value: str) -> None:
        """Write it down."""
        with self._file.writing() as db:
            keep_fact(db, name, value)

    def anchor(self) -> Anchor | None:
        """The last anchor of the clock that was written down; None also for one of another version's."""
        raw = self.fact(_ANCHOR)
        try:
            return msgspec.json.decode(raw, type=Anchor) if raw else None
        except msgspec.DecodeError:
            return None

    def keep_anchor(self, anchor: Anchor) -> None:
        self.keep_fact(_ANCHOR, msgspec.json.encode(anchor).decode())

    def latest_time(self) -> datetime | None:
        """No earlier than this can it be now: the latest time that anything here bears."""
        anchor = self.anchor()
        with self._file.reading() as db:
            row = db.execute("SELECT max(issued_at) FROM tickets").fetchone()
        times = [anchor.server_at] if anchor else []
        if row[0]:
            times.append(datetime.fromisoformat(row[0]))
        return max(times, default=None)

    def probe(self) -> None:
        """Raises JournalFailure unless something can be written: how a disk with room again is noticed."""
        with self._file.writing() as db:
            keep_fact(db, _PROBE, "")

    # ------------------------------------------------------------ numbers

    def keep_blocks(self, blocks: Iterable[Block]) -> None:
        """Leased numbers. Each begins after the last that was given out of it, whatever was known of the block."""
        with self._file.writing() as db:
            db.executemany(
                "INSERT INTO blocks VALUES (:day, :service, :first, :last,"
                " 1 + coalesce((SELECT max(number) FROM tickets WHERE day = :day AND service = :service"
                " AND number BETWEEN :first AND :last), :first - 1))"
                " ON CONFLICT DO UPDATE SET next = max(next, min(excluded.next, last + 1))",
                [
                    {"day": _day(b.day), "service": b.service, "first": b.first, "last": b.last}
                    for b in blocks
                ],
            )

    def numbers_left(self, day: date) -> dict[str, int]:
        """How many numbers are left of each service that has a block on `day`."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT service, sum(last + 1 - next) FROM blocks WHERE day = ? GROUP BY service",
                (_day(day),),
            )
            return {row[0]: row[1] for row in rows}

    def at_ease(self, day: date) -> frozenset[str]:
        """The services with at least a quarter of their numbers of `day` left: the others need more."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT service FROM blocks WHERE day = ? GROUP BY service"
                " HAVING 4 * sum(last + 1 - next) >= sum(last + 1 - first)",
                (_day(day),),
            )
            return frozenset(row[0] for row in rows)

    # ------------------------------------------------------------ tickets

    def give_out(
        self, draft: Draft, complete: Callable[[int], TicketAnswer], *, with_paper: bool
    ) -> tuple[Entry, bool]:
        """Take the next number, keep the ticket and order its paper, all or nothing.

        `complete` makes the answer of a number, and must be pure. Returns the entry and whether it is new:
        the same key is the same ticket.
        Raises LineFull when the block is used up or there is none.
        """
        with self._file.writing() as db:
            known = _entry(db, "key", draft.key)
            if known is not None:
                return known, False
            number = _take_number(db, draft)
            answer = complete(number)
            _insert(db, draft, answer, number=number, sync="waiting", with_paper=with_paper)
        return Entry(answer=answer, is_offline=True, is_waiting=True), True

    def keep_answer(self, draft: Draft, answer: TicketAnswer, *, with_paper: bool) -> bool:
        """A ticket that the server gave out: kept for a second tap, its paper ordered. False if it was known."""
        with self._file.writing() as db:
            if _entry(db, "key", draft.key) is not None:
                return False
            _insert(db, draft, answer, number=None, sync="server", with_paper=with_paper)
        return True

    def by_key(self, key: str) -> Entry | None:
        """The ticket of a tap that was answered before."""
        with self._file.reading() as db:
            return _entry(db, "key", key)

    def by_secret(self, secret: str) -> Entry | None:
        """The ticket of a QR, if it is one of this kiosk's."""
        with self._file.reading() as db:
            return _entry(db, "secret", secret)

    def waiting_to_sync(self) -> int:
        """How many tickets the server does not hold: not brought yet, or refused."""
        with self._file.reading() as db:
            count: int = db.execute(
                "SELECT count(*) FROM tickets WHERE sync IN ('waiting', 'refused')"
            ).fetchone()[0]
            return count

    def labels_not_synced(self) -> list[str]:
        """Their numbers as they are on paper."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT * FROM tickets WHERE sync IN ('waiting', 'refused') ORDER BY ordinal"
            )
            return [_entry_of(row).answer.label for row in rows]

    def to_upload(self, limit: int, *, skip: int = 0) -> tuple[OfflineTicket, ...]:
        """The oldest not brought yet, after the first `skip`, in the order in which they were given out."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT * FROM tickets WHERE sync = 'waiting' ORDER BY ordinal LIMIT ? OFFSET ?",
                (limit, skip),
            ).fetchall()
        return tuple(_offline(row) for row in rows)

    def uploaded(self, results: Sequence[KeptTicket]) -> None:
        """The server has answered for these: kept, or refused for good."""
        with self._file.writing() as db:
            db.executemany(
                "UPDATE tickets SET sync = ?, code = ? WHERE key = ? AND sync = 'waiting'",
                [("refused" if r.outcome == "refused" else "kept", r.code, r.key) for r in results],
            )

    # ------------------------------------------------------------ papers

    def next_paper(self) -> Paper | None:
        """The oldest paper that is not finished."""
        with self._file.reading() as db:
            row = db.execute(
                "SELECT p.made_at, p.state, t.answer, t.number, t.sync FROM papers p"
                " JOIN tickets t ON t.id = p.ticket"
                " WHERE p.state IN ('waiting', 'sending') ORDER BY p.ordinal LIMIT 1"
            ).fetchone()
        if row is None:
            return None
        return Paper(
            entry=_entry_of(row),
            made_at=datetime.fromisoformat(row["made_at"]),
            is_interrupted=row["state"] == "sending",
        )

    def begin_sending(self, ticket: str) -> None:
        """Written before the first byte leaves: from here on the paper may be out."""
        self._set_paper(ticket, "sending", None)

    def not_sent(self, ticket: str) -> None:
        """Certainly nothing came out: it may be tried again."""
        self._set_paper(ticket, "waiting", None)

    def end_paper(self, ticket: str, state: PaperEnd, reason: str | None = None) -> None:
        """The paper is finished, one way or another; it is never sent again."""
        self._set_paper(ticket, state, reason)

    def paper_state(self, ticket: str) -> str | None:
        """`waiting`, `sending`, `done`, `expired` or `doubtful`; None when no paper was ordered."""
        with self._file.reading() as db:
            row = db.execute("SELECT state FROM papers WHERE ticket = ?", (ticket,)).fetchone()
        return None if row is None else str(row[0])

    def papers_to_tell(self, limit: int) -> list[tuple[str, PaperEnd, str | None]]:
        """Finished papers that the server was not told of, but only of tickets that it knows."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT p.ticket, p.state, p.reason FROM papers p JOIN tickets t ON t.id = p.ticket"
                " WHERE p.told = 0 AND p.state IN ('done', 'expired', 'doubtful')"
                " AND t.sync IN ('kept', 'server') ORDER BY p.ordinal LIMIT ?",
                (limit,),
            )
            return [(row[0], row[1], row[2]) for row in rows]

    def told(self, ticket: str) -> None:
        """The server knows what became of the paper."""
        with self._file.writing() as db:
            db.execute("UPDATE papers SET told = 1 WHERE ticket = ?", (ticket,))

    # ------------------------------------------------------------ housekeeping

    def forget(self, before: date) -> None:
        """Drop the days before `before`, but nothing that the server does not know of yet."""
        with self._file.writing() as db:
            day = _day(before)
            db.execute(
                "DELETE FROM papers WHERE state NOT IN ('waiting', 'sending') AND ticket IN"
                " (SELECT id FROM tickets WHERE day < ? AND sync != 'waiting')",
                (day,),
            )
            db.execute(
                "DELETE FROM tickets WHERE day < ? AND sync != 'waiting'"
                " AND id NOT IN (SELECT ticket FROM papers)",
                (day,),
            )
            db.execute("DELETE FROM blocks WHERE day < ?", (day,))

    def _set_paper(self, ticket: str, state: str, reason: str | None) -> None:
        with self._file.writing() as db:
            db.execute(
                "UPDATE papers SET state = ?, reason = ? WHERE ticket = ?", (state, reason, ticket)
            )


def _take_number(db: sqlite3.Connection, draft: Draft) -> int:
    row = db.execute(
        "UPDATE blocks SET next = next + 1 WHERE (day, service, first) ="
        " (SELECT day, service, first FROM blocks WHERE day = ? AND service = ? AND next <= last"
        " ORDER BY first DESC LIMIT 1) RETURNING next - 1",
        (_day(draft.day), draft.service),
    ).fetchone()
    if row is None:
        raise LineFull(
            "this kiosk has no number left for this line while the server is away",
            service=draft.service,
        )
    number: int = row[0]
    return number


def _insert(
    db: sqlite3.Connection,
    draft: Draft,
    answer: TicketAnswer,
    *,
    number: int | None,
    sync: str,
    with_paper: bool,
) -> None:
    assert answer.id == draft.id, "the answer is about this ticket"
    values = {
        "key": draft.key,
        "id": draft.id,
        "secret": draft.secret,
        "service": draft.service,
        "day": _day(draft.day),
        "number": number,
        "issued_at": draft.issued_at.isoformat(),
        "answer": msgspec.json.encode(answer).decode(),
        "sync": sync,
    }
    cursor = db.execute(
        "INSERT INTO tickets (key, id, secret, service, day, number, issued_at, answer, sync) VALUES"
        " (:key, :id, :secret, :service, :day, :number, :issued_at, :answer, :sync)",
        values,
    )
    if with_paper:
        db.execute(
            "INSERT INTO papers (ticket, ordinal, made_at, state) VALUES (?, ?, ?, 'waiting')",
            (draft.id, cursor.lastrowid, values["issued_at"]),
        )


def _entry(db: sqlite3.Connection, column: Literal["key", "secret"], value: str) -> Entry | None:
    row = db.execute(f"SELECT * FROM tickets WHERE {column} = ?", (value,)).fetchone()  # noqa: S608 (one of two words)
    return None if row is None else _entry_of(row)


def _entry_of(row: sqlite3.Row) -> Entry:
    return Entry(
        answer=msgspec.json.decode(row["answer"], type=TicketAnswer),
        is_offline=row["number"] is not None,
        is_waiting=row["sync"] in ("waiting", "refused"),
    )


def _offline(row: sqlite3.Row) -> OfflineTicket:
    answer = msgspec.json.decode(row["answer"], type=TicketAnswer)
    return OfflineTicket(
        key=row["key"],
        id=row["id"],
        service=row["service"],
        day=date.fromisoformat(row["day"]),
        number=row["number"],
        secret=row["secret"],
        ticket_class=answer.ticket_class,
        language=answer.language,
        issued_at=datetime.fromisoformat(row["issued_at"]),
    )


def _day(day: date) -> str:
    return day.isoformat()

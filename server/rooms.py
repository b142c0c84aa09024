"""Rooms: all screens that show the same thing in the same words, and who is in them in this process.

The web lets sockets in (after their token or secret was checked), delivery pushes to them.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from server.domain.ids import BranchId


class RoomKind(StrEnum):
    """What a room's screens show. A board's key is its look (`domain.look`), a display's is its device."""

    BOARD = "board"
    BOARD_DATA = "board_data"
    DISPLAY = "display"
    TICKET = "ticket"
    DESK = "desk"
    DEVICES = "devices"
    KIOSK = "kiosk"
    LINE = "line"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Room:
    """All screens that show the same thing in the same words. `key` is the id of what they show."""

    kind: RoomKind
    branch: int
    key: str = ""
    language: str = ""

    @property
    def name(self) -> str:
        """The room's name in Socket.IO."""
        return f"{self.kind}:{self.branch}:{self.key}:{self.language}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One push: `name` is the Socket.IO message, `body` is plain data."""

    name: str
    body: dict[str, object]


class Rooms:
    """Which rooms have somebody in them, here."""

    def __init__(self) -> None:
        self._members: dict[Room, set[str]] = defaultdict(set)
        self._joined: dict[str, set[Room]] = defaultdict(set)
        # Thousands of phones have a room each: found by their ticket, never looked through.
        self._shared: dict[BranchId, set[Room]] = defaultdict(set)
        self._tickets: dict[tuple[BranchId, str], set[Room]] = defaultdict(set)
        self._watched: Counter[BranchId] = Counter()
        self._lock = threading.Lock()

    def join(self, sid: str, rooms: Iterable[Room]) -> None:
        """A socket watches these rooms from now on, and no others."""
        with self._lock:
            self._leave(sid)
            for room in rooms:
                if room not in self._members:
                    self._siblings(room).add(room)
                    self._watched[BranchId(room.branch)] += 1
                self._members[room].add(sid)
                self._joined[sid].add(room)

    def leave(self, sid: str) -> frozenset[Room]:
        """A socket is gone; returns the rooms it was in."""
        with self._lock:
            return self._leave(sid)

    def shared(self, branch: BranchId) -> list[Room]:
        """The rooms of a branch with somebody in them, but for those of single tickets."""
        with self._lock:
            return list(self._shared.get(branch, ()))

    def looks(self, branch: BranchId) -> int:
        """In how many ways the board of a branch is open here."""
        with self._lock:
            rooms = self._shared.get(branch, ())
            return sum(room.kind is RoomKind.BOARD for room in rooms)

    def of_tickets(self, branch: BranchId, tickets: Iterable[str]) -> list[Room]:
        """The rooms of these tickets with somebody in them."""
        with self._lock:
            return [room for ticket in tickets for room in self._tickets.get((branch, ticket), ())]

    def all_tickets(self, branch: BranchId) -> list[Room]:
        """The rooms of all tickets of a branch with somebody in them."""
        with self._lock:
            return [
                room for (of, _), rooms in self._tickets.items() if of == branch for room in rooms
            ]

    def branches(self) -> frozenset[BranchId]:
        """The branches that somebody watches."""
        with self._lock:
            return frozenset(self._watched)

    def count(self) -> int:
        """How many sockets watch something."""
        with self._lock:
            return len(self._joined)

    def has(self, room: Room) -> bool:
        """Whether somebody is in it."""
        with self._lock:
            return room in self._members

    def _leave(self, sid: str) -> frozenset[Room]:
        left = frozenset(self._joined.pop(sid, ()))
        for room in left:
            self._members[room].discard(sid)
            if not self._members[room]:
                del self._members[room]
                self._forget(room)
        return left

    def _siblings(self, room: Room) -> set[Room]:
        if room.kind is RoomKind.TICKET:
            return self._tickets[BranchId(room.branch), room.key]
        return self._shared[BranchId(room.branch)]

    def _forget(self, room: Room) -> None:
        """Nobody is in a room any more: nothing of it is kept."""
        branch = BranchId(room.branch)
        siblings = self._siblings(room)
        siblings.discard(room)
        if not siblings and room.kind is RoomKind.TICKET:
            del self._tickets[branch, room.key]
        elif not siblings:
            del self._shared[branch]
        self._watched[branch] -= 1
        if not self._watched[branch]:
            del self._watched[branch]

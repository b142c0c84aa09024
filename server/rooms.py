"""Rooms: all screens that show the same thing in the same words, and who is in them in this process.

The web lets sockets in (after their token or secret was checked), delivery pushes to them.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from server.domain.ids import BranchId


class RoomKind(StrEnum):
    """What a room's screens show."""

    BOARD = "board"
    TICKET = "ticket"
    DESK = "desk"
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
        self._lock = threading.Lock()

    def join(self, sid: str, rooms: Iterable[Room]) -> None:
        """A socket watches these rooms from now on, and no others."""
        with self._lock:
            self._leave(sid)
            for room in rooms:
                self._members[room].add(sid)
                self._joined[sid].add(room)

    def leave(self, sid: str) -> frozenset[Room]:
        """A socket is gone; returns the rooms it was in."""
        with self._lock:
            return self._leave(sid)

    def of(self, branch: BranchId) -> list[Room]:
        """The rooms of a branch with somebody in them; boards and tickets first, for a call's sake."""
        order = list(RoomKind)
        with self._lock:
            found = [room for room in self._members if room.branch == branch]
        return sorted(found, key=lambda room: (order.index(room.kind), room))

    def branches(self) -> frozenset[BranchId]:
        """The branches that somebody watches."""
        with self._lock:
            return frozenset(BranchId(room.branch) for room in self._members)

    def count(self) -> int:
        """How many sockets watch something."""
        with self._lock:
            return len(self._joined)

    def _leave(self, sid: str) -> frozenset[Room]:
        left = frozenset(self._joined.pop(sid, ()))
        for room in left:
            self._members[room].discard(sid)
            if not self._members[room]:
                del self._members[room]
        return left

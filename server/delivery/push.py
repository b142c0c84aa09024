"""Tells every screen what is true: whole small views, rendered once per room, never a delta.

Each process pushes to the screens that are connected to it. It hears of a change by the commit itself (this
process), by a hint from the others (`hints`), or at the latest by its own sweep, so nothing is ever lost: a
push repeated or late is harmless, because the reader keeps the highest `seq`.

Rooms are coalesced: the first change goes out at once, further ones at most every `QUIET`; boards and tickets
hear of a call without that wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from server.actions.hall import Hall
from server.db import outbox
from server.domain.errors import Refusal
from server.domain.events import EventKind, RecordedEvent
from server.domain.ids import BranchId, Seq
from server.rooms import Message, Room, RoomKind, Rooms

QUIET = timedelta(milliseconds=250)
"""A room hears at most four times a second."""
PHONES_AT_ONCE = 50
"""What a change of the catalogue paints in one turn: a call that comes meanwhile does not wait for all phones."""
PULSE = timedelta(seconds=2)
"""How often a wall is told the present `seq`: it knows that it is connected, and whether it missed a push."""
_log = structlog.get_logger(__name__)
_AT_ONCE = frozenset({EventKind.TICKET_CALLED, EventKind.TICKET_RECALLED, EventKind.TICKET_STARTED})


_OF_DISPLAYS = frozenset(
    {EventKind.DISPLAY_CHANGED, EventKind.DISPLAY_ORDERED, EventKind.DEVICE_RENAMED}
)
"""What a display is told of itself; nothing else that happens changes it."""
_HURRIED = frozenset({RoomKind.BOARD, RoomKind.BOARD_DATA, RoomKind.TICKET, RoomKind.DESK})
_PULSED = frozenset({RoomKind.BOARD, RoomKind.DESK, RoomKind.DEVICES, RoomKind.KIOSK})


class Painter(Protocol):
    """Reads a room's view and renders it; implemented by the web layer."""

    def paint(self, room: Room) -> Message:
        """Raises Refusal when there is nothing to show any more."""
        ...


class Emitter(Protocol):
    """Sends a message to the sockets of a room in this process."""

    def emit(self, message: Message, room: str) -> None: ...

    def shut_out(self) -> None:
        """Let go of every socket whose right to what it watches has ended."""
        ...


class Pusher:
    """Pushes the changes of watched branches. `committed` may be called from anywhere; it only takes a note."""

    def __init__(self, hall: Hall, rooms: Rooms, painter: Painter, emitter: Emitter) -> None:
        self._hall = hall
        self._rooms = rooms
        self._painter = painter
        self._emitter = emitter
        self._pushed: dict[BranchId, Seq] = {}
        self._due: dict[Room, datetime] = {}
        self._rested: dict[Room, datetime] = {}
        self._wake = threading.Event()

    def committed(self, _branch: BranchId, _seq: Seq) -> None:
        """Something changed; whoever sleeps in `wait` looks."""
        self._wake.set()

    def wait(self, longest: timedelta) -> None:
        """Sleep until a change, or until a coalesced room is due, at most `longest`."""
        pause = longest
        if self._due:
            soonest = min(self._due.values()) - self._hall.clock.now()
            pause = max(min(pause, soonest), timedelta(0))
        self._wake.wait(pause.total_seconds())
        self._wake.clear()

    def run_once(self) -> int:
        """Push what is new and due; returns how many messages were sent."""
        for branch in self._rooms.branches():
            self._note(branch)
        now = self._hall.clock.now()
        ready = [room for room, at in self._due.items() if at <= now]
        order = list(RoomKind)
        for room in sorted(ready, key=lambda each: order.index(each.kind)):
            self._due.pop(room, None)
            self._rested[room] = self._hall.clock.now() + QUIET
            self._push(room)
        return len(ready)

    def pulse(self) -> None:
        """Tell the walls and desks the `seq` that they should show, once those without a right to it are gone."""
        self._emitter.shut_out()
        now = self._hall.clock.now()
        for branch in self._rooms.branches():
            with self._hall.store.read() as connection:
                seq = outbox.latest(connection, branch)
            for room in self._rooms.shared(branch):
                if room.kind in _PULSED:
                    body: dict[str, object] = {"seq": seq, "at": now.isoformat()}
                    self._emitter.emit(Message(name="pulse", body=body), room.name)
        self._forget_empty_rooms()

    def _note(self, branch: BranchId) -> None:
        """Find what happened in a branch since the last push and mark the rooms that show it."""
        with self._hall.store.read() as connection:
            latest = outbox.latest(connection, branch)
            before = self._pushed.get(branch, latest - 1)
            if latest <= before:
                return
            page = outbox.events_after(connection, branch, Seq(before))
        is_urgent = any(each.event.kind in _AT_ONCE for each in page)
        touched = _tickets_of(page)
        now = self._hall.clock.now()
        if any(each.event.kind is EventKind.CATALOGUE_CHANGED for each in page):
            self._tell_phones(branch, now)
        spoken_to = _displays_of(page)
        for room in [*self._rooms.shared(branch), *self._rooms.of_tickets(branch, touched)]:
            is_display = room.kind is RoomKind.DISPLAY
            if is_display and room.key not in spoken_to:
                continue
            # Somebody who pressed a button stands before the screen and waits.
            hurried = is_display or (is_urgent and room.kind in _HURRIED)
            rested = now if hurried else self._rested.get(room, now)
            self._due[room] = min(self._due.get(room, rested), rested)
        # A page may end before `latest`: the rest is met on the next turn, which must come at once.
        reached = page[-1].seq if page else latest
        self._pushed[branch] = reached
        if reached < latest:
            self._wake.set()

    def _tell_phones(self, branch: BranchId, now: datetime) -> None:
        """Every phone shows a bit of the catalogue, and there may be thousands: in groups, after the other screens."""
        for index, room in enumerate(self._rooms.all_tickets(branch)):
            due = now + QUIET * (1 + index // PHONES_AT_ONCE)
            self._due[room] = min(self._due.get(room, due), due)

    def _push(self, room: Room) -> None:
        try:
            message = self._painter.paint(room)
        except Refusal as refusal:
            _log.info("view_gone", room=room.name, code=refusal.code)
            return
        self._emitter.emit(message, room.name)

    def _forget_empty_rooms(self) -> None:
        self._rested = {room: at for room, at in self._rested.items() if self._rooms.has(room)}
        self._due = {room: at for room, at in self._due.items() if self._rooms.has(room)}


def _tickets_of(page: Iterable[RecordedEvent]) -> frozenset[str]:
    return frozenset(each.event.ticket for each in page if each.event.ticket is not None)


def _displays_of(page: Iterable[RecordedEvent]) -> frozenset[str]:
    """The rooms' keys of the displays that are told something of themselves."""
    events = [each.event for each in page if each.event.kind in _OF_DISPLAYS]
    return frozenset(str(event.data["device"]) for event in events)

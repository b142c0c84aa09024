"""Who is in which room of Socket.IO, found by who leaves: a cable that is pulled takes thousands at once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from socketio import Manager


class Members(Manager):
    """python-socketio's manager, but that it looks through no other rooms when a socket leaves.

    Every phone is in a room of its own and in that of its socket: with two thousand phones the library looks through
    four thousand rooms for each that leaves, eight million times in all, and nobody else is served meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rooms_of: defaultdict[str, set[str | None]] = defaultdict(set)

    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        """Raises ValueError when the socket is not connected."""
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        self._rooms_of[sid].add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Nothing happens if it is not in it."""
        super().basic_leave_room(sid, namespace, room)
        self._rooms_of[sid].discard(room)

    def basic_disconnect(self, sid: str, namespace: str, **_more: Any) -> None:
        """Out of every room."""
        for room in self._rooms_of.pop(sid, set()):
            super().basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for waiting in (self.pending_connect, self.pending_disconnect):
            if sid in waiting.get(namespace, ()):
                waiting[namespace].remove(sid)
                if not waiting[namespace]:
                    del waiting[namespace]

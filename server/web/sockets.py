"""Socket.IO: a screen says what it watches, is let into the room once its right to it is shown, and hears pushes.

The answer to `watch` is the present view, so a screen that comes back is right at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import request
from flask_login import current_user
from flask_socketio import SocketIO, join_room, leave_room

from server import i18n
from server.actions.hall import Hall
from server.db import reads
from server.domain.errors import Invalid, NoShift, NotAllowed, Refusal, UnknownTicket
from server.domain.ids import Secret
from server.domain.roles import Right, rights_of
from server.pages.forms import is_writable
from server.rooms import Message, Room, RoomKind, Rooms
from server.web import access, limits
from server.web.painter import Painter

if TYPE_CHECKING:
    from server.web.websocket import LiveSockets

TEXT_LENGTH_MAX = 80
PING_INTERVAL_SECONDS = 10
PING_TIMEOUT_SECONDS = 10
MESSAGE_BYTES_MAX = 4_096
"""What a screen may send at once: a `watch` is far smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """The live side of the server."""

    io: SocketIO
    rooms: Rooms
    live: LiveSockets | None
    """How frames are written under gevent; None leaves it to the library."""

    def emit(self, message: Message, room: str) -> None:
        """To the sockets of a room in this process: every process pushes to its own."""
        # Flask-SocketIO's own emit would also go through the message queue; its types hide `server`.
        server = cast(Any, self.io).server
        if self.live is None:
            server.emit(message.name, message.body, room=room, ignore_queue=True)
        else:
            self.live.push(server, message.name, message.body, room)


class _Asked:
    """The fields of a `watch`, checked."""

    def __init__(self, raw: object) -> None:
        if not isinstance(raw, dict):
            raise Invalid("watch takes an object", field="watch")
        self._raw = raw

    def text(self, name: str, default: str | None = None) -> str:
        value = self._raw.get(name, default)
        if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or not is_writable(value):
            raise Invalid(f"{name} must be a short text", field=name)
        return value

    def language(self) -> str:
        value = self.text("language", "")
        if value and not i18n.is_language(value):
            raise Invalid("there is no such language", field="language")
        return value


def install(io: SocketIO, hall: Hall, rooms: Rooms, painter: Painter) -> Sockets:
    """Answer `watch` and keep `rooms` true."""

    def watch(raw: object) -> dict[str, object]:
        try:
            wanted = _rooms_for(hall, _Asked(raw))
        except Refusal as refusal:
            return {"ok": False, "code": refusal.code}
        _move(rooms, _sid(), wanted)
        # Painted only now that the socket is in: what changes meanwhile reaches it as a push.
        try:
            return {"ok": True, "view": painter.paint(wanted[0]).body}
        except Refusal as refusal:
            return {"ok": False, "code": refusal.code}

    def disconnected(*_reason: object) -> None:
        rooms.leave(_sid())

    io.on_event("watch", watch)
    io.on_event("disconnect", disconnected)
    return Sockets(io=io, rooms=rooms, live=_live(io))


def _live(io: SocketIO) -> LiveSockets | None:
    if cast(Any, io).async_mode != "gevent":
        return None
    # Not at the top: an interpreter that eventlet patched must not meet gevent.
    from server.web.websocket import LiveSockets

    live = LiveSockets(MESSAGE_BYTES_MAX)
    live.install(cast(Any, io).server)
    return live


def _rooms_for(hall: Hall, asked: _Asked) -> list[Room]:
    """The rooms of a view, the one that is painted first. Raises Refusal without the right to it."""
    view = asked.text("view")
    match view:
        case "board":
            with hall.store.read() as connection:
                branch = reads.branch_by_slug(connection, asked.text("branch"))
            return [Room(kind=RoomKind.BOARD, branch=branch.id)]
        case "kiosk":
            found = access.kiosk_caller(asked.text("branch"))
            if found is None:
                raise NotAllowed("this kiosk is not signed in")
            return [Room(kind=RoomKind.KIOSK, branch=found[1].id, language=asked.language())]
        case "desk":
            return [_desk_room(hall)]
        case "devices":
            return [_devices_room()]
        case "ticket":
            return _ticket_rooms(hall, asked)
        case _:
            raise Invalid("there is no such view", field="view")


def _desk_room(hall: Hall) -> Room:
    if not current_user.is_authenticated:
        raise NotAllowed("nobody is signed in")
    member = access.staff_member()
    with hall.store.read() as connection:
        shift = reads.shift_of(connection, member.branch, member.agent.id)
    if shift is None:
        raise NoShift("open a shift first")
    language = member.agent.language.value
    return Room(
        kind=RoomKind.DESK,
        branch=member.branch,
        key=f"{shift.desk}:{shift.agent}",
        language=language,
    )


def _devices_room() -> Room:
    if not current_user.is_authenticated:
        raise NotAllowed("nobody is signed in")
    member, caller = access.staff_member(), access.staff_caller()
    caller.require(Right.READ_EVENTS)
    # Administrators see the same list with the buttons that shut a device out.
    administers = Right.ADMINISTER in rights_of(caller.role)
    return Room(
        kind=RoomKind.DEVICES,
        branch=member.branch,
        key=Right.ADMINISTER.value if administers else "",
        language=member.agent.language.value,
    )


def _ticket_rooms(hall: Hall, asked: _Asked) -> list[Room]:
    """One for the ticket's own state, one that all phones of its line share."""
    if not limits.may_look_up():
        raise NotAllowed("too many wrong secrets; wait a minute")
    try:
        with hall.store.read() as connection:
            found = reads.ticket_by_secret(connection, Secret(asked.text("secret").upper()))
    except UnknownTicket:
        limits.look_up_failed()
        raise
    language = asked.language() or found.language.value
    return [
        Room(kind=RoomKind.TICKET, branch=found.branch, key=found.id, language=language),
        Room(kind=RoomKind.LINE, branch=found.branch, key=str(found.service)),
    ]


def _move(rooms: Rooms, sid: str, wanted: list[Room]) -> None:
    for room in rooms.leave(sid):
        leave_room(room.name)
    for room in wanted:
        join_room(room.name)
    rooms.join(sid, wanted)


def _sid() -> str:
    # Flask-SocketIO adds `sid` to the request object, which Flask's types do not know.
    return str(cast(Any, request).sid)

"""Socket.IO: a screen says what it watches, is let into the room once its right to it is shown, and hears pushes.

The answer is the present view, so a screen that comes back is right at once. It may ask with the very packet by which
it connects and hears `watched`, which spares a round trip where thousands come back, or later with `watch`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from flask_login import current_user
from flask_socketio import SocketIO

from server import i18n
from server.actions.hall import Caller, Hall
from server.db import devices, reads
from server.domain.errors import (
    Invalid,
    NoShift,
    NotAllowed,
    Refusal,
    TooManyLooks,
    UnknownTicket,
)
from server.domain.ids import Secret
from server.domain.look import Look, look_of_settings, read_look
from server.domain.roles import Right, rights_of
from server.pages.forms import is_writable
from server.rooms import Message, Room, RoomKind, Rooms
from server.web import access, limits
from server.web.grants import ByOpenKiosk, ByToken, Grant, Grants, ended, of_member
from server.web.painter import Painter

if TYPE_CHECKING:
    from server.web.websocket import LiveSockets

TEXT_LENGTH_MAX = 80
LINES_LENGTH_MAX = 1_000
"""Of the codes of a look, with their commas."""
LOOKS_MAX = 50
"""Ways in which strangers may have one branch's board open in one process: each is rendered at every change."""
PING_INTERVAL_SECONDS = 10
PING_TIMEOUT_SECONDS = 10
LOCAL = "127.0.0.1"
"""Where a socket without an address comes from, as Flask-Limiter says."""
_NO_CREDENTIAL = frozenset({"board", "ticket"})
"""Views that are for everybody, or for who knows the secret: nothing else of the request is asked for."""
MESSAGE_BYTES_MAX = 4_096
"""What a screen may send at once: a `watch` is far smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """The live side of the server."""

    io: SocketIO
    hall: Hall
    rooms: Rooms
    grants: Grants
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

    def shut_out(self) -> None:
        """Let go of every socket of this process whose right to what it watches has ended."""
        held = self.grants.held()
        if not held:
            return
        with self.hall.store.read() as connection:
            gone = ended(connection, held.values())
        for sid, grant in held.items():
            if grant in gone:
                self.grants.keep(sid, None)
                # It hears that it is out, comes back, and is asked for its credential.
                cast(Any, self.io).server.disconnect(sid, ignore_queue=True)


class _Asked:
    """The fields of a `watch`, checked."""

    def __init__(self, raw: object, environ: Mapping[str, Any]) -> None:
        """`environ` is that of the request that opened the socket."""
        if not isinstance(raw, dict):
            raise Invalid("watch takes an object", field="watch")
        self._raw = raw
        self.environ = environ

    @property
    def address(self) -> str:
        """Where the socket comes from."""
        return str(self.environ.get("REMOTE_ADDR") or LOCAL)

    def text(
        self, name: str, default: str | None = None, *, length_max: int = TEXT_LENGTH_MAX
    ) -> str:
        value = self._raw.get(name, default)
        if not isinstance(value, str) or len(value) > length_max or not is_writable(value):
            raise Invalid(f"{name} must be a short text", field=name)
        return value

    def look(self) -> Look:
        """What of the board: said as in the page's address, or not at all."""
        lines = self.text("lines", "", length_max=LINES_LENGTH_MAX)
        return read_look(self.text("mode", ""), lines, self.text("desk", ""))

    def language(self) -> str:
        value = self.text("language", "")
        if value and not i18n.is_language(value):
            raise Invalid("there is no such language", field="language")
        return value


def install(app: Flask, io: SocketIO, hall: Hall, rooms: Rooms, painter: Painter) -> Sockets:
    """Answer what a screen asks with its first word or with `watch`, and keep `rooms` true."""

    grants = Grants()
    server = cast(Any, io).server

    def answer(sid: str, raw: object, environ: Mapping[str, Any]) -> dict[str, object]:
        try:
            asked = _Asked(raw, environ)
            with _context(app, asked):
                wanted, grant = _rooms_for(hall, rooms, asked)
            shows = asked.text("shows", "")
        except Refusal as refusal:
            return {"ok": False, "code": refusal.code}
        grants.keep(sid, grant)
        _move(server, rooms, sid, wanted)
        # Painted only now that the socket is in: what changes meanwhile reaches it as a push.
        try:
            said = [
                painter.present(room, shows) for room in wanted if room.kind is not RoomKind.LINE
            ]
            return {"ok": True} | {each.name: each.body for each in said}
        except Refusal as refusal:
            return {"ok": False, "code": refusal.code}

    def connected(sid: str, environ: Mapping[str, Any], asked: object = None) -> None:
        if asked:
            server.emit("watched", answer(sid, asked, environ), to=sid, ignore_queue=True)

    def watch(sid: str, asked: object) -> dict[str, object]:
        return answer(sid, asked, server.get_environ(sid))

    def disconnected(sid: str, *_reason: object) -> None:
        grants.keep(sid, None)
        rooms.leave(sid)

    # Not Flask-SocketIO's own way: it makes a request of every message and opens its session, which a wall and a
    # phone have no use for, and thousands of them come back at once.
    server.on("connect", connected)
    server.on("watch", watch)
    server.on("disconnect", disconnected)
    return Sockets(io=io, hall=hall, rooms=rooms, grants=grants, live=_live(io))


def _context(app: Flask, asked: _Asked) -> AbstractContextManager[object]:
    """With the request that opened the socket for those whose right is in its cookies or headers."""
    if asked.text("view") in _NO_CREDENTIAL:
        return app.app_context()
    return app.request_context(dict(asked.environ))


def _live(io: SocketIO) -> LiveSockets | None:
    if cast(Any, io).async_mode != "gevent":
        return None
    # Not at the top: an interpreter that eventlet patched must not meet gevent.
    from server.web.websocket import LiveSockets

    live = LiveSockets(MESSAGE_BYTES_MAX)
    live.install(cast(Any, io).server)
    return live


def _rooms_for(hall: Hall, rooms: Rooms, asked: _Asked) -> tuple[list[Room], Grant | None]:
    """The rooms of a view, and by what right. Raises Refusal without one."""
    view = asked.text("view")
    match view:
        case "board":
            return [_board_room(hall, rooms, asked)], None
        case "display":
            who = _program(asked)
            if who is None:
                raise NotAllowed("a display shows its token")
            return _display_rooms(hall, who), who.grant
        case "kiosk":
            who = _kiosk(asked)
            room = Room(kind=RoomKind.KIOSK, branch=who.caller.branch, language=asked.language())
            return [room], who.grant
        case "desk":
            who = _program(asked) or _staff()
            return [_desk_room(hall, who, asked)], who.grant
        case "devices":
            who = _program(asked) or _staff()
            return [_devices_room(who, asked)], who.grant
        case "ticket":
            return _ticket_rooms(hall, asked), None
        case _:
            raise Invalid("there is no such view", field="view")


def _board_room(hall: Hall, rooms: Rooms, asked: _Asked) -> Room:
    """The room of a look, for anybody. Raises TooManyLooks: what strangers can make the server render is bounded."""
    look = asked.look()
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.text("branch"))
    room = Room(kind=RoomKind.BOARD, branch=branch.id, key=look.key)
    if look != Look() and not rooms.has(room) and rooms.looks(branch.id) >= LOOKS_MAX:
        raise TooManyLooks("this board is open in too many different ways")
    return room


def _display_rooms(hall: Hall, who: _Who) -> list[Room]:
    """What its settings show, the same as data for its voice, and what it is told of itself."""
    branch, device = who.caller.branch, who.caller.require_device()
    with hall.store.read() as connection:
        display = devices.device(connection, branch, device).display
    if display is None:
        raise NotAllowed("only a display can do this", role=who.caller.role)
    return [
        Room(kind=RoomKind.BOARD, branch=branch, key=look_of_settings(display.settings).key),
        Room(kind=RoomKind.BOARD_DATA, branch=branch),
        Room(kind=RoomKind.DISPLAY, branch=branch, key=str(device)),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Who:
    """Who watches, by what right, and in which language unless another is asked for."""

    caller: Caller
    grant: Grant
    language: str


def _program(asked: _Asked) -> _Who | None:
    """The bearer of the token that came with the `watch`; None when none did. Raises NotAllowed."""
    token = asked.text("token", "")
    if not token:
        return None
    found = access.find_credential(token)
    if found is None or asked.text("branch", found.branch.slug) != found.branch.slug:
        raise NotAllowed("this token opens nothing here")
    return _Who(
        caller=access.caller_of(found),
        grant=ByToken(found.token_id),
        language=found.branch.languages[0].value,
    )


def _kiosk(asked: _Asked) -> _Who:
    program = _program(asked)
    if program is not None:
        return program
    found = access.kiosk_caller(asked.text("branch"))
    if found is None:
        raise NotAllowed("this kiosk is not signed in")
    caller, _ = found
    kind, _, token = caller.scope.partition(":")
    grant = ByToken(int(token)) if kind == "token" else ByOpenKiosk(caller.branch)
    return _Who(caller=caller, grant=grant, language="")


def _staff() -> _Who:
    if not current_user.is_authenticated:
        raise NotAllowed("nobody is signed in")
    member = access.staff_member()
    return _Who(
        caller=access.staff_caller(),
        grant=of_member(member),
        language=member.agent.language.value,
    )


def _desk_room(hall: Hall, who: _Who, asked: _Asked) -> Room:
    who.caller.require(Right.SERVE)
    agent = who.caller.require_agent()
    with hall.store.read() as connection:
        shift = reads.shift_of(connection, who.caller.branch, agent)
    if shift is None:
        raise NoShift("open a shift first")
    return Room(
        kind=RoomKind.DESK,
        branch=who.caller.branch,
        key=f"{shift.desk}:{shift.agent}",
        language=asked.language() or who.language,
    )


def _devices_room(who: _Who, asked: _Asked) -> Room:
    who.caller.require(Right.READ_EVENTS)
    # Administrators see the same list with the buttons that shut a device out.
    administers = Right.ADMINISTER in rights_of(who.caller.role)
    return Room(
        kind=RoomKind.DEVICES,
        branch=who.caller.branch,
        key=Right.ADMINISTER.value if administers else "",
        language=asked.language() or who.language,
    )


def _ticket_rooms(hall: Hall, asked: _Asked) -> list[Room]:
    """One for the ticket's own state, one that all phones of its line share."""
    if not limits.may_look_up(asked.address):
        raise NotAllowed("too many wrong secrets; wait a minute")
    try:
        with hall.store.read() as connection:
            found = reads.ticket_by_secret(connection, Secret(asked.text("secret").upper()))
    except UnknownTicket:
        limits.look_up_failed(asked.address)
        raise
    language = asked.language() or found.language.value
    return [
        Room(kind=RoomKind.TICKET, branch=found.branch, key=found.id, language=language),
        Room(kind=RoomKind.LINE, branch=found.branch, key=str(found.service)),
    ]


def _move(server: Any, rooms: Rooms, sid: str, wanted: list[Room]) -> None:
    for room in rooms.leave(sid):
        server.leave_room(sid, room.name)
    for room in wanted:
        server.enter_room(sid, room.name)
    rooms.join(sid, wanted)

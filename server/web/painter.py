"""Renders what a room shows: the pushes' side of the one renderer, outside of any request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

import msgspec

from server.actions.hall import Hall
from server.db import desk_view, device_views, devices, outbox, reads, views
from server.db.engine import Connection
from server.domain.errors import NoShift
from server.domain.ids import BranchId, DeskId, DeviceId, Secret, ServiceId, TicketId
from server.domain.look import look_of_key
from server.domain.roles import Right
from server.domain.ticket import Ticket
from server.media import MediaFolders
from server.pages.rendering import Renderer
from server.rooms import Message, Room, RoomKind
from server.web.marks import mark_of
from server.wire import TicketView

KEPT_MAX = 1_000
"""Boards whose last rendering is kept: more than the looks of a building."""
_KEPT = frozenset({RoomKind.BOARD, RoomKind.BOARD_DATA})


class Painter:
    """Reads a room's view and renders it once for all who are in it."""

    def __init__(
        self,
        hall: Hall,
        renderer: Renderer,
        ticket_url: Callable[[Secret], str],
        media: MediaFolders,
    ) -> None:
        self._hall = hall
        self._renderer = renderer
        self._ticket_url = ticket_url
        self._media = media
        self._kept: dict[Room, tuple[tuple[int, datetime], Message]] = {}
        self._around: dict[BranchId, tuple[tuple[int, datetime], views.Around]] = {}
        self._painting = threading.Lock()

    def present(self, room: Room, shows: str = "") -> Message:
        """What `paint` gives; of a board, what was painted in this minute, unless the branch has moved on.

        After a restart all walls come back at once, and all of one look are shown the same; all phones do, and
        what their tickets share is read once. A phone says what it `shows` (the mark in its fragment): where that is
        still true it hears its place and its wait alone. Raises Refusal.
        """
        if room.kind is RoomKind.TICKET:
            return self._ticket_again(room, shows)
        if room.kind not in _KEPT:
            return self.paint(room)
        # One at a time: a thousand who ask while the first is being painted wait for that one.
        with self._painting:
            with self._hall.store.read() as connection:
                seq = outbox.latest(connection, BranchId(room.branch))
            now = self._hall.clock.now()
            version, message = self._kept.get(room, (None, None))
            if message is not None and version == (seq, _minute(now)):
                # Nothing has happened since: it is as true now as it was then.
                return replace(message, body={**message.body, "at": now.isoformat()})
            return self.paint(room)

    def _keep(self, room: Room, seq: int, at: datetime, message: Message) -> Message:
        if room not in self._kept and len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[room] = ((seq, _minute(at)), message)
        return message

    def paint(self, room: Room) -> Message:
        """Raises Refusal when there is nothing to show any more (a shift that was closed)."""
        match room.kind:
            case RoomKind.BOARD:
                return self._board(room)
            case RoomKind.BOARD_DATA:
                return self._board_data(room)
            case RoomKind.DISPLAY:
                return self._display(room)
            case RoomKind.KIOSK:
                return self._kiosk(room)
            case RoomKind.DESK:
                return self._desk(room)
            case RoomKind.DEVICES:
                return self._devices(room)
            case RoomKind.TICKET:
                return self._ticket(room)
            case RoomKind.LINE:
                return self._line(room)
            case _:
                assert_never(room.kind)

    def _board(self, room: Room) -> Message:
        now = self._hall.clock.now()
        look = look_of_key(room.key)
        with self._hall.store.read() as connection:
            branch = reads.branch(connection, BranchId(room.branch))
            view = views.board(connection, branch, now, look)
        view = self._media.with_media(view)
        text = self._renderer.render(
            "board/_board.html", view.branch.languages[0], view=view, look=look
        )
        return self._keep(room, view.seq, now, _view(room, view.seq, view.at, text))

    def _board_data(self, room: Room) -> Message:
        now = self._hall.clock.now()
        with self._hall.store.read() as connection:
            branch = reads.branch(connection, BranchId(room.branch))
            view = views.board(connection, branch, now)
        view = self._media.with_media(view)
        body: dict[str, object] = {
            "seq": view.seq,
            "at": view.at.isoformat(),
            "view": msgspec.to_builtins(view),
        }
        return self._keep(room, view.seq, now, Message(name="data", body=body))

    def _display(self, room: Room) -> Message:
        with self._hall.store.read() as connection:
            device = devices.device(connection, BranchId(room.branch), DeviceId(int(room.key)))
            state = device_views.display_state(connection, device)
        return Message(name="display", body=msgspec.to_builtins(state))

    def _kiosk(self, room: Room) -> Message:
        now = self._hall.clock.now()
        with self._hall.store.read() as connection:
            branch = reads.branch(connection, BranchId(room.branch))
            view = views.kiosk(connection, branch, now)
        template = "kiosk/_services.html" if room.language else "kiosk/_start.html"
        language = room.language or view.branch.languages[0]
        return _view(
            room,
            view.seq,
            view.at,
            self._renderer.render(template, language, view=view, is_online=True),
        )

    def _desk(self, room: Room) -> Message:
        now = self._hall.clock.now()
        desk, _, agent = room.key.partition(":")
        with self._hall.store.read() as connection:
            shift = reads.shift_at(connection, DeskId(int(desk)))
            if shift is None or str(shift.agent) != agent:
                raise NoShift("this agent's shift at this desk is over", desk=int(desk))
            view = desk_view.desk(connection, BranchId(room.branch), shift, now)
        text = self._renderer.render(
            "desk/_desk.html", room.language, view=view, auto_call=view.auto_call, refusal=None
        )
        return _view(room, view.seq, view.at, text)

    def _devices(self, room: Room) -> Message:
        now = self._hall.clock.now()
        with self._hall.store.read() as connection:
            branch = reads.branch(connection, BranchId(room.branch))
            view = device_views.devices(connection, branch, now)
        text = self._renderer.render(
            "devices/_devices.html",
            room.language,
            view=view,
            administers=room.key == Right.ADMINISTER,
        )
        return _view(room, view.seq, view.at, text)

    def _ticket(self, room: Room) -> Message:
        now = self._hall.clock.now()
        with self._hall.store.read() as connection:
            found = reads.ticket(connection, BranchId(room.branch), TicketId(room.key))
            view = views.ticket(connection, found, now)
        return self._ticket_painted(room, found, view, self._mark(room, view))

    def _ticket_again(self, room: Room, shows: str) -> Message:
        now = self._hall.clock.now()
        branch = BranchId(room.branch)
        with self._hall.store.read() as connection:
            found, seq = reads.ticket_and_seq(connection, branch, TicketId(room.key))
            around = self._around_at(connection, branch, (seq, _minute(now)))
            view = views.ticket_among(connection, found, now, around)
        mark = self._mark(room, view)
        if shows != mark:
            return self._ticket_painted(room, found, view, mark)
        wait = view.wait and (view.wait.p50_seconds, view.wait.p90_seconds)
        body: dict[str, object] = {
            "view": room.kind.value,
            "seq": view.seq,
            "at": view.at.isoformat(),
            "shows": shows,
            "ahead": view.ahead,
            "wait": wait,
        }
        return Message(name="view", body=body)

    def _mark(self, room: Room, view: TicketView) -> str:
        return mark_of(view, room.language, self._renderer.version)

    def _ticket_painted(self, room: Room, found: Ticket, view: TicketView, mark: str) -> Message:
        text = self._renderer.render(
            "ticket/_ticket.html",
            room.language,
            view=view,
            mark=mark,
            secret=found.secret,
            url=self._ticket_url(found.secret),
        )
        message = _view(room, view.seq, view.at, text)
        return replace(message, body={"shows": mark, **message.body})

    def _around_at(
        self, connection: Connection, branch: BranchId, version: tuple[int, datetime]
    ) -> views.Around:
        """What was read at this `seq`, in this minute; anew when the branch has moved on."""
        kept, around = self._around.get(branch, (None, None))
        if around is None or kept != version:
            around = views.Around(connection, branch)
            self._around[branch] = (version, around)
        return around

    def _line(self, room: Room) -> Message:
        now = self._hall.clock.now()
        branch_id = BranchId(room.branch)
        with self._hall.store.read() as connection:
            branch = reads.branch(connection, branch_id)
            service = reads.service_by_id(connection, branch_id, ServiceId(int(room.key)))
            view = views.line(connection, branch, service, now)
        body: dict[str, object] = {
            "seq": view.seq,
            "at": view.at.isoformat(),
            "service": view.service,
            "labels": list(view.labels),
            "waits": [[wait.p50_seconds, wait.p90_seconds] for wait in view.waits],
        }
        return Message(name="line", body=body)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _view(room: Room, seq: int, at: datetime, text: str) -> Message:
    body: dict[str, object] = {
        "view": room.kind.value,
        "seq": seq,
        "at": at.isoformat(),
        "html": text,
    }
    return Message(name="view", body=body)

"""Pushes: whole views, once a room, coalesced; calls do not wait; a lost hint is found by the sweep."""

from __future__ import annotations

from datetime import timedelta

from server.actions.amendments import ServiceChange, change_service
from server.delivery.push import PHONES_AT_ONCE, QUIET, Pusher
from server.domain.errors import NoShift
from server.rooms import Message, Room, RoomKind, Rooms
from tests.builders import Town


class Screens:
    """A painter and an emitter that remember, and the pusher between them."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.rooms = Rooms()
        self.sent: list[tuple[str, Message]] = []
        self.gone: set[Room] = set()
        self.pusher = Pusher(town.hall, self.rooms, self, self)

    def paint(self, room: Room) -> Message:
        if room in self.gone:
            raise NoShift("closed")
        return Message(name="view", body={"room": room.name})

    def emit(self, message: Message, room: str) -> None:
        self.sent.append((room, message))

    def shut_out(self) -> None:
        """Nobody here has a right that could end."""

    def room(self, kind: RoomKind, key: str = "", sid: str = "one") -> Room:
        """A socket enters a room of its own choice."""
        room = Room(kind=kind, branch=self.town.branch, key=key)
        self.rooms.join(sid, [room])
        return room

    def pushed(self) -> list[str]:
        """The rooms that heard something on one turn, in order."""
        self.sent.clear()
        self.pusher.run_once()
        return [room for room, _ in self.sent]


def test_nobody_watches_nothing_is_painted(town: Town) -> None:
    screens = Screens(town)
    town.issue()
    assert screens.pushed() == []


def test_one_push_a_room_however_many_are_in_it(town: Town) -> None:
    screens = Screens(town)
    board = screens.room(RoomKind.BOARD, sid="first")
    screens.rooms.join("second", [board])
    town.issue()
    assert screens.pushed() == [board.name]
    assert screens.pushed() == [], "nothing is new"


def test_the_first_change_goes_at_once_and_the_next_ones_together(town: Town) -> None:
    screens = Screens(town)
    board = screens.room(RoomKind.BOARD)
    town.issue()
    assert screens.pushed() == [board.name]
    for _ in range(5):
        town.issue()
        assert screens.pushed() == []
    town.clock.advance(QUIET)
    assert screens.pushed() == [board.name]


def test_a_call_does_not_wait(town: Town) -> None:
    screens = Screens(town)
    board = screens.room(RoomKind.BOARD, sid="wall")
    kiosk = screens.room(RoomKind.KIOSK, sid="kiosk")
    town.sit()
    town.issue()
    assert screens.pushed() == [board.name, kiosk.name]
    town.call()
    assert screens.pushed() == [board.name], "the kiosk's counts can wait"
    town.clock.advance(QUIET)
    assert kiosk.name in screens.pushed()


def test_a_ticket_hears_only_of_itself(town: Town) -> None:
    screens = Screens(town)
    mine = town.issue().value
    screens.room(RoomKind.BOARD, sid="wall")
    screens.pushed()
    ticket = screens.room(RoomKind.TICKET, key=mine.id)
    town.clock.advance(QUIET)
    town.issue()
    assert ticket.name not in screens.pushed()
    town.clock.advance(QUIET)
    town.sit()
    town.call()
    assert ticket.name in screens.pushed()


def test_many_events_between_two_turns_are_all_met(town: Town) -> None:
    screens = Screens(town)
    first = town.issue().value
    ticket = screens.room(RoomKind.TICKET, key=first.id)
    screens.pushed()
    town.sit()
    town.call()
    for _ in range(600):
        town.issue()
        town.clock.advance(timedelta(milliseconds=1))
    heard = screens.pushed() + screens.pushed()
    assert ticket.name in heard


def test_a_view_that_is_gone_stops_no_other(town: Town) -> None:
    screens = Screens(town)
    desk = screens.room(RoomKind.DESK, key="1", sid="desk")
    board = screens.room(RoomKind.BOARD, sid="wall")
    screens.gone.add(desk)
    town.issue()
    assert screens.pushed() == [board.name]


def test_who_left_hears_nothing(town: Town) -> None:
    screens = Screens(town)
    screens.room(RoomKind.BOARD)
    screens.rooms.leave("one")
    town.issue()
    assert screens.pushed() == []
    assert screens.rooms.count() == 0


def test_a_changed_service_reaches_every_screen_the_phones_in_groups(town: Town) -> None:
    screens = Screens(town)
    count = PHONES_AT_ONCE + 1
    shared = [screens.room(kind, sid=kind) for kind in (RoomKind.BOARD, RoomKind.KIOSK)]
    phones = [screens.room(RoomKind.TICKET, key=str(each), sid=f"p{each}") for each in range(count)]
    screens.pushed()
    town.clock.advance(QUIET)
    change = ServiceChange(icon="stamp")
    change_service(hall=town.hall, branch=town.branch, code="a", change=change)
    assert screens.pushed() == [room.name for room in shared]
    town.clock.advance(QUIET)
    first = screens.pushed()
    assert len(first) == PHONES_AT_ONCE
    town.clock.advance(QUIET)
    assert {*first, *screens.pushed()} == {room.name for room in phones}


def test_pulses_tell_walls_the_present_seq_and_phones_nothing(town: Town) -> None:
    screens = Screens(town)
    board = screens.room(RoomKind.BOARD, sid="wall")
    screens.room(RoomKind.LINE, key="1", sid="phone")
    town.issue()
    screens.pusher.pulse()
    assert [(room, message.body["seq"]) for room, message in screens.sent] == [(board.name, 1)]

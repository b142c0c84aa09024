"""What a display's socket is let into and told, and how many looks strangers may open."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask_socketio import SocketIOTestClient

from server.actions import devices, displays
from server.actions.hall import Caller
from server.delivery.push import Pusher
from server.domain.look import Look
from server.domain.roles import Role
from server.rooms import Message, Room, RoomKind
from server.web.context import EXTENSION, Web
from server.web.painter import Painter
from server.web.sockets import LOOKS_MAX
from server.wire import BoardView
from server.wire_displays import DisplaySettings, DisplayState
from tests.builders import Town
from tests.machines import operator, paired
from tests.web.builders import Site, a_token, open_site


def screen_of(site: Site) -> SocketIOTestClient:
    """A socket."""
    return site.io.test_client(site.app)


def watch(screen: SocketIOTestClient, **asked: object) -> dict[str, Any]:
    """What it is answered."""
    answer = screen.emit("watch", asked, callback=True)
    assert isinstance(answer, dict), answer
    return answer


def change(town: Town, display: Caller, **settings: Any) -> None:
    """Set a display up."""
    displays.change_display(
        hall=town.hall,
        caller=operator(town),
        device_id=display.require_device(),
        settings=DisplaySettings(**settings),
        key=None,
    )


class Heard:
    """What goes out to the rooms of a site, by room."""

    def __init__(self, site: Site) -> None:
        parts: Web = site.app.extensions[EXTENSION]
        painter = Painter(site.town.hall, parts.renderer, parts.ticket_url)
        self._pusher = Pusher(site.town.hall, site.live.rooms, painter, self)
        self._sent: dict[str, Message] = {}

    def emit(self, message: Message, room: str) -> None:
        self._sent[room] = message

    def shut_out(self) -> None:
        """Nobody here has a right that ends."""

    def now(self) -> dict[str, Message]:
        """The messages that are due."""
        self._sent = {}
        self._pusher.run_once()
        return self._sent


def test_a_display_is_told_everything_at_once(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, token = paired(town, "hall 1", kind="display")
    change(town, display, room="hall", mode="side", lines=("a",))
    town.issue("a")
    town.issue("b")
    answer = watch(screen_of(site), view="display", token=token)
    assert answer["ok"], answer
    assert answer["view"]["view"] == "board"
    assert answer["view"]["seq"] == answer["data"]["seq"] == answer["data"]["view"]["seq"]
    assert [line["code"] for line in answer["data"]["view"]["lines"]] == ["a", "b", "c"]
    state = answer["display"]
    assert (state["device"], state["name"]) == (display.device, "hall 1")
    assert state["settings"]["lines"] == ["a"]
    assert state["orders"] == {"reload": 0, "identify": 0, "screenshot": 0}
    assert state["leader"] is None


def test_a_display_hears_of_its_own_orders_and_of_calls(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    heard = Heard(site)
    one, token = paired(town, "hall 1", kind="display")
    two, other_token = paired(town, "hall 2", kind="display")
    rooms = [
        Room(kind=RoomKind.DISPLAY, branch=town.branch, key=str(each.device)).name
        for each in (one, two)
    ]
    screens = [screen_of(site) for _ in rooms]
    for screen, shown in zip(screens, (token, other_token), strict=True):
        watch(screen, view="display", token=shown)
    heard.now()
    displays.order_display(
        hall=town.hall,
        caller=operator(town),
        device_id=one.require_device(),
        order="identify",
        key=None,
    )
    told = heard.now()
    assert told[rooms[0]].name == "display"
    assert msgspec.convert(told[rooms[0]].body, DisplayState).orders.identify == 1
    assert rooms[1] not in told, "its own device alone"
    change(town, two, room="hall", volume_percent=10)
    told = heard.now()
    state = msgspec.convert(told[rooms[1]].body, DisplayState)
    assert state.settings.volume_percent == 10, "at once, however much was told before"
    assert rooms[0] not in told
    town.issue()
    town.sit()
    town.call()
    board = Room(kind=RoomKind.BOARD, branch=town.branch, key=Look().key).name
    data = Room(kind=RoomKind.BOARD_DATA, branch=town.branch).name
    told = heard.now()
    assert set(told) == {board, data}, "a call waits for nothing"
    assert "A001" in str(told[board].body["html"])
    assert told[data].name == "data"
    view = msgspec.convert(told[data].body["view"], BoardView)
    assert view.calls[0].label == "A001"


def test_only_a_paired_display_is_one(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    screen = screen_of(site)
    _, kiosk = paired(town)
    for token in ("", "nouba_0", kiosk, a_token(town, Role.DISPLAY), a_token(town, Role.ADMIN)):
        answer = watch(screen, view="display", token=token)
        assert answer == {"ok": False, "code": "not_allowed"}, token


def test_a_revoked_display_hears_no_more(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, token = paired(town, kind="display")
    screen = screen_of(site)
    assert watch(screen, view="display", token=token)["ok"]
    site.live.shut_out()
    assert screen.is_connected()
    devices.revoke_device(
        hall=town.hall, caller=operator(town), device_id=display.require_device(), key=None
    )
    site.live.shut_out()
    assert not screen.is_connected()


def test_a_wall_sees_its_own_lines_and_desk(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    town.issue("a")
    town.sit()
    town.call()
    screen = screen_of(site)
    asked = {"view": "board", "branch": town.slug}
    assert "A001" in watch(screen, **asked, lines="a,b")["view"]["html"]
    assert "A001" not in watch(screen, **asked, lines="c")["view"]["html"]
    assert "A001" in watch(screen, **asked, desk="1", mode="side")["view"]["html"]
    assert "A001" not in watch(screen, **asked, desk="2")["view"]["html"]


@pytest.mark.parametrize(
    "bad",
    [
        {"mode": "upside"},
        {"lines": "A B"},
        {"lines": "a," * 600},
        {"desk": "0"},
        {"desk": "x"},
        {"desk": 3},
        {"desk": "3|"},
        {"mode": None},
    ],
)
def test_a_look_that_is_none_is_refused(town: Town, tmp_path: Path, bad: dict[str, object]) -> None:
    screen = screen_of(open_site(town, tmp_path))
    answer = watch(screen, view="board", branch=town.slug, **bad)
    assert answer == {"ok": False, "code": "invalid"}


def test_the_looks_of_strangers_are_bounded(town: Town, tmp_path: Path) -> None:
    """A look that is open, the plain board and displays are let in all the same."""
    site = open_site(town, tmp_path)
    for desk in range(1, LOOKS_MAX + 1):
        room = Room(kind=RoomKind.BOARD, branch=town.branch, key=Look(desk=desk).key)
        site.live.rooms.join(f"wall {desk}", [room])
    asked = {"view": "board", "branch": town.slug}
    late = screen_of(site)
    refused = watch(late, **asked, desk="99")
    assert refused == {"ok": False, "code": "too_many_looks"}
    assert watch(late, **asked, desk="1")["ok"]
    assert watch(late, **asked)["ok"]
    display, token = paired(town, kind="display")
    change(town, display, mode="side", lines=("c",))
    assert watch(screen_of(site), view="display", token=token)["ok"]


def test_walls_that_come_back_together_are_painted_for_once(town: Town, tmp_path: Path) -> None:
    """And each is shown the present all the same: after a change, and in another minute."""
    site = open_site(town, tmp_path)
    asked = {"view": "board", "branch": town.slug}
    first = watch(screen_of(site), **asked)["view"]
    town.clock.advance(timedelta(seconds=1))
    again = watch(screen_of(site), **asked)["view"]
    assert again["html"] == first["html"], "rendered once: it tells the time of its rendering"
    assert again["at"] > first["at"], "and known to be true now"
    town.issue()
    changed = watch(screen_of(site), **asked)["view"]
    assert changed["seq"] > first["seq"]
    town.clock.advance(timedelta(minutes=1))
    assert watch(screen_of(site), **asked)["view"]["html"] != changed["html"]


def test_settings_of_an_older_version_have_defaults(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, token = paired(town, kind="display")
    change(town, display, room="hall")
    with town.engine.begin() as connection:
        connection.exec_driver_sql('UPDATE displays SET settings = \'{"room": "old"}\'')
    state = watch(screen_of(site), view="display", token=token)["display"]
    assert state["settings"]["room"] == "old"
    assert state["settings"]["volume_percent"] == DisplaySettings().volume_percent

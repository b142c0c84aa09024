"""What comes by whichever way is handed on, in order and once."""

from __future__ import annotations

import threading
from dataclasses import replace

from device_client.http import Away
from display_client.board import Painting
from display_client.link import SPREAD_SECONDS, WHOLE_SECONDS, Ears, Knocker, Socket
from display_client.news import News
from server.wire import BoardView
from server.wire_devices import DeviceReport, ReportAnswer
from server.wire_displays import DisplayState, SpeechAnswer, SpeechStep
from tests.display_client.builders import Moving, board, call, state


class Listener:
    """Writes down what reaches the speaker."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.forgot = 0
        self.states: list[DisplayState] = []

    def hear(self, view: BoardView) -> None:
        self.seqs.append(view.seq)

    def forget(self) -> None:
        self.forgot += 1


class Orders:
    def __init__(self) -> None:
        self.states: list[DisplayState] = []

    def hear(self, state: DisplayState) -> None:
        self.states.append(state)


def ears() -> tuple[Ears, Listener, Orders, News]:
    clock = Moving()
    news = News(steady=clock.steady, now=clock.now)
    listener, orders = Listener(), Orders()
    return Ears(news, listener, orders), listener, orders, news


def test_views_reach_the_speaker_in_order_whoever_brings_them() -> None:
    """Found with eight calls in a second: an older view after a newer one made new calls seem withdrawn."""
    hearing, listener, _, _ = ears()
    views = [board(seq, call("A001")) for seq in range(400)]

    def bring(part: int) -> None:
        for view in views[part::4]:
            hearing.view(view)

    threads = [threading.Thread(target=bring, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listener.seqs == sorted(set(listener.seqs))


def test_what_is_not_understood_changes_nothing() -> None:
    hearing, listener, orders, news = ears()
    hearing.painting({"seq": "none"}, "")
    hearing.painting({}, "")
    hearing.data({"view": {"seq": 1}})
    hearing.display({"device": "one"})
    hearing.display(None)
    assert (listener.seqs, orders.states, news.seq) == ([], [], -1)


def test_another_database_is_told_to_the_speaker_once() -> None:
    hearing, listener, _, _ = ears()
    hearing.view(board(90))
    for _ in range(3):
        hearing.pulse(4)
    hearing.view(board(4))
    assert listener.forgot == 1
    assert listener.seqs == [90, 4]


def test_a_state_of_a_newer_server_is_read_as_far_as_it_is_known() -> None:
    import msgspec

    hearing, _, orders, _ = ears()
    hearing.display({**msgspec.to_builtins(state(3)), "something_new": 1})
    assert [each.device for each in orders.states] == [3]


class LiveSocket(Socket):
    """One that pushes come by."""

    is_up = True

    @property
    def is_live(self) -> bool:
        return self.is_up


class Asked:
    """A server whose board changes with time alone; it writes down what it is asked, and by which version."""

    def __init__(self, clock: Moving) -> None:
        self.clock = clock
        self.seq = 1
        self.is_open = True
        self.asked: list[tuple[str, int | None]] = []
        self.at: list[float] = []
        self.cuts = 0
        self._fetched = ""

    def html(self) -> str:
        return f"{self.seq} {self.is_open}"

    def painting(self, look: str, known: int | None) -> Painting | None:
        self.asked.append(("painting", known))
        self.at.append(self.clock.seconds)
        if known == self.seq and self._fetched == self.html():
            return None
        self._fetched = self.html()
        return self.painted(look)

    def painted(self, look: str) -> Painting:
        at = self.clock.now().isoformat()
        return Painting(seq=self.seq, at=at, html=self.html(), look=look)

    def view(self, known: int | None) -> BoardView | None:
        self.asked.append(("view", known))
        if self.cuts:
            self.cuts -= 1
            raise Away("cut")
        found = replace(board(self.seq), is_open=self.is_open, at=self.clock.now())
        return None if known == self.seq else found

    def report(self, report: DeviceReport) -> ReportAnswer:
        raise Away("nobody reports here")

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        raise Away("nobody speaks here")

    def screenshot(self, order: int, jpeg: bytes) -> None:
        raise Away("nobody is pictured here")


class Wall:
    """A display that is connected and hears a pulse each second."""

    def __init__(self, clock: Moving, device: int = 0) -> None:
        self.clock = clock
        self.server = Asked(clock)
        self.news = News(steady=clock.steady, now=clock.now)
        self.ears = Ears(self.news, Listener(), Orders())
        self.socket = LiveSocket(
            "", "", self.news, self.ears, steady=clock.steady, server_said=lambda *_, **__: None
        )
        self.knocker = Knocker(
            self.server, self.socket, self.news, self.ears, steady=clock.steady, device=device
        )
        self.push()

    def push(self) -> None:
        self.news.hear_painting(self.server.painted(self.news.look))
        self.news.hear_view(board(self.server.seq))

    def turn(self) -> None:
        self.ears.pulse(self.server.seq)
        if self.knocker._is_due():
            self.knocker.knock()


def live_through(walls: list[Wall], seconds: float) -> None:
    for _ in range(round(seconds)):
        walls[0].clock.pass_by(1)
        for wall in walls:
            wall.turn()


def test_a_quiet_minute_is_asked_for_by_version_and_brings_nothing() -> None:
    wall = Wall(Moving())
    live_through([wall], WHOLE_SECONDS + 1)  # pushed things are noticed at the next turn
    assert wall.server.asked == [("painting", None), ("view", None)], "nothing was fetched before"
    wall.server.asked.clear()
    live_through([wall], 3 * WHOLE_SECONDS)
    assert wall.server.asked == [("painting", 1), ("view", 1)] * 3, "never without a version"
    wall.server.is_open = False
    live_through([wall], WHOLE_SECONDS)
    assert wall.news.painting is not None
    assert wall.news.painting.html == "1 False"
    view = wall.news.wait(-1, 0).view
    assert view is not None
    assert not view.is_open, "the data are as new"


def test_an_answer_between_two_questions_is_not_forgotten_when_the_second_fails() -> None:
    """The hall closes, which is no event; the network is cut between the board and its data."""
    wall = Wall(Moving())
    live_through([wall], 2 * WHOLE_SECONDS + 2)
    wall.server.is_open = False
    wall.server.cuts = 1
    live_through([wall], 2 * WHOLE_SECONDS)
    assert wall.server.cuts == 0
    assert is_shown_closed(wall)


def test_without_a_socket_the_data_are_as_new_as_the_board() -> None:
    wall = Wall(Moving())
    live_through([wall], 2 * WHOLE_SECONDS + 2)
    wall.socket.is_up = False
    live_through([wall], 5)
    wall.server.is_open = False
    live_through([wall], WHOLE_SECONDS)
    assert is_shown_closed(wall)


def is_shown_closed(wall: Wall) -> bool:
    """On the wall, and in the data behind it."""
    painting, view = wall.news.painting, wall.news.wait(-1, 0).view
    assert painting is not None
    assert view is not None
    return painting.html.endswith(" False") and not view.is_open


def test_what_was_pushed_is_not_asked_for_until_it_is_old() -> None:
    wall = Wall(Moving())
    for _ in range(10):
        live_through([wall], WHOLE_SECONDS / 2)
        wall.server.seq += 1
        wall.push()
    assert wall.server.asked == []
    # What was pushed was not fetched: an ETag of before must not vouch for it.
    live_through([wall], WHOLE_SECONDS + 1)
    assert wall.server.asked[0] == ("painting", None)


def test_displays_that_hear_the_same_push_ask_at_different_moments() -> None:
    clock = Moving()
    walls = [Wall(clock, device) for device in range(1, 21)]
    live_through(walls, WHOLE_SECONDS)
    first = [wall.server.at[0] for wall in walls]
    assert max(first) - min(first) > SPREAD_SECONDS / 2
    assert max(map(first.count, first)) <= 2, "of twenty displays"
    for wall in walls:
        wall.server.at.clear()
    live_through(walls, 2 * WHOLE_SECONDS)
    assert all(len(wall.server.at) == 2 for wall in walls), "each once a minute, and still apart"
    assert max(map(first.count, first)) <= 2

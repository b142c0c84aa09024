"""What comes by whichever way is handed on, in order and once."""

from __future__ import annotations

import threading

from display_client.link import Ears
from display_client.news import News
from server.wire import BoardView
from server.wire_displays import DisplayState
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

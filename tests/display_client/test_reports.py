"""What the server says of a display: an older word never undoes a newer one, and another database is believed."""

from __future__ import annotations

from dataclasses import replace

from display_client.news import News
from display_client.reports import OLDER_MAX, Orders
from server.wire_displays import DisplayOrders, DisplaySettings, DisplayState
from tests.display_client.builders import Moving, state


class Hall:
    """Who is told of the settings, and who does what is asked."""

    def __init__(self) -> None:
        clock = Moving()
        self.settled: list[DisplayState] = []
        self.pictures: list[int] = []
        self.news = News(steady=clock.steady, now=clock.now)
        self.orders = Orders(self.news, self, self)

    def settle(self, state: DisplayState) -> None:
        self.settled.append(state)

    def reload(self) -> None:
        raise AssertionError("nobody asked")

    def screenshot(self, order: int) -> None:
        self.pictures.append(order)

    def is_watched(self) -> bool:
        return False


def loud(
    seq: int, volume_percent: int, *, pictures: int = 0, desk: int | None = None
) -> DisplayState:
    """A state of one seq."""
    settings = DisplaySettings(volume_percent=volume_percent, desk=desk)
    found = state(settings=settings, orders=DisplayOrders(screenshot=pictures))
    return replace(found, seq=seq)


def test_an_answer_that_was_overtaken_undoes_no_settings() -> None:
    hall = Hall()
    hall.orders.hear(loud(7, 80))
    hall.orders.hear(loud(9, 20, desk=3))
    look = hall.news.look
    hall.orders.hear(loud(8, 80))
    assert hall.orders.state == loud(9, 20, desk=3)
    assert [each.settings.volume_percent for each in hall.settled] == [80, 20]
    assert hall.news.look == look
    hall.orders.hear(replace(loud(9, 20, desk=3), leader=4))
    assert hall.settled[-1].leader == 4, "of the same seq the last one heard holds"


def test_a_restored_database_is_believed_in_the_end_and_orders_nothing() -> None:
    hall = Hall()
    hall.orders.hear(loud(90, 20, pictures=7))
    for number in range(OLDER_MAX):
        assert hall.orders.state == loud(90, 20, pictures=7), number
        hall.orders.hear(loud(30, 80, pictures=2))
    assert hall.orders.state == loud(30, 80, pictures=2)
    assert hall.pictures == []
    hall.orders.hear(loud(31, 80, pictures=3))
    assert hall.pictures == [3], "an order of the restored database is done"


def test_late_answers_now_and_then_are_never_another_database() -> None:
    hall = Hall()
    for seq in range(10, 10 + 4 * OLDER_MAX):
        hall.orders.hear(loud(seq, seq))
        hall.orders.hear(loud(seq - 1, 1))
        assert hall.orders.state == loud(seq, seq)


def test_what_was_kept_is_no_measure_of_what_the_server_says() -> None:
    hall = Hall()
    hall.orders.load(loud(90, 20))
    hall.orders.hear(loud(30, 80))
    assert hall.orders.state == loud(30, 80)
    hall.orders.hear(loud(0, 40))
    hall.orders.hear(loud(0, 40))
    assert hall.orders.state == loud(30, 80)
    hall.orders.hear(loud(0, 40))
    assert hall.orders.state == loud(0, 40), "a server of before, which tells no seq"

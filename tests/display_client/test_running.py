"""A whole display against a server that fails: the board is right, each call is said once."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from device_client.commands import wait_for_end
from display_client.running import build
from display_client.settings import MachineSettings
from server.wire_displays import DisplayOrders, DisplaySettings
from tests.display_client.builders import state
from tests.display_client.fake_server import Town, serving
from tests.display_client.running import Screen, paired, screen, until
from tests.end_to_end.processes import free_port


def test_a_call_is_shown_and_said(tmp_path: Path) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        first = one.news()
        assert first["online"]
        assert first["is_current"]
        assert first["view"]["seq"] == 1
        key = server.call("A012", 3)
        until(lambda: (one.news(first["number"])["announce"] or {}).get("key") == key, "announced")
        assert one.news()["view"]["seq"] == 2
        until(lambda: one.heard() == [key], "said to its end")
        until(lambda: server.town.said == [(1, key)], "the server is told")
        until(lambda: one.news()["announce"] is None, "the large place is free again")
        assert one.log()[0].title == f"{key} ar,fr", "each language that has a voice"


def test_eight_calls_in_a_second_are_all_said_in_order(tmp_path: Path) -> None:
    town = Town(sentence_seconds=0.1)
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        keys = [server.call(f"A{n:03d}", n + 1) for n in range(8)]
        until(lambda: len(one.heard()) == 8, "all are said", 30)
        assert one.heard() == keys
        until(lambda: [key for _, key in town.said] == keys, "and the server is told of each")


def test_it_is_right_within_a_second_of_the_servers_return(tmp_path: Path) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        server.stop()
        until(lambda: not one.news()["online"], "it says that it hears nothing")
        server.call("A012", 3)
        server.start()
        took = until(lambda: one.news()["view"]["seq"] == 2, "right again")
        assert took < 1.5
        until(lambda: len(one.heard()) == 1, "a call of a moment ago is said")
        until(lambda: one.display.socket.is_live, "and it hears pushes again")


def test_a_lost_push_is_fetched(tmp_path: Path) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        server.town.lose_pushes = True
        server.call("A012", 3)
        until(lambda: one.news()["view"]["seq"] == 2, "fetched", 3)
        until(lambda: len(one.heard()) == 1, "and said")


def test_a_notice_that_begins_without_an_event_reaches_the_page(tmp_path: Path) -> None:
    """Found: an equal seq was dropped, and nobody asked while all was well."""
    with serving() as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live and one.display.news.is_online, "it watches")
        before = one.news()
        server.town.notice, server.town.is_open = "Closed tomorrow", False
        knocker = one.display.knocker
        until(lambda: knocker._seen is one.display.news.painting, "the push began a minute")
        knocker._whole_at = float("-inf")  # and it has passed
        until(lambda: "Closed tomorrow" in one.news()["view"]["html"], "painted")
        told = one.news(before["number"])
        assert told["number"] > before["number"]
        assert told["view"]["seq"] == before["view"]["seq"], "nothing has happened"

        def is_open() -> bool:
            view = one.display.news.wait(-1, 0).view
            return view is None or view.is_open

        until(lambda: not is_open(), "the data is as new")


def test_a_sentence_that_outlasts_the_server_is_finished_and_told_later(tmp_path: Path) -> None:
    town = Town(sentence_seconds=1.5)
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        key = server.call("A012", 3)
        until(lambda: one.heard("began") == [key], "it speaks")
        server.stop()
        until(lambda: one.heard() == [key], "to its end")
        assert town.said == []
        server.start()
        until(lambda: town.said == [(1, key)], "told when it is back")
        assert one.heard("began") == [key], "and not said again"


def test_a_restart_says_nothing_twice_and_goes_on_with_what_waits(tmp_path: Path) -> None:
    town = Town(sentence_seconds=1.0)
    with serving(town) as server:
        with screen(tmp_path, server.url) as one:
            until(lambda: one.display.socket.is_live, "it watches")
            first = server.call("A001", 1)
            until(lambda: one.heard() == [first], "said")
            second = server.call("A002", 2)
            until(lambda: one.heard("began") == [first, second], "it begins the second")
        assert one.heard() == [first], "cut off"
        with screen(tmp_path, server.url) as again:
            until(lambda: again.heard() == [first, second], "begun anew, and said to its end")
        assert town.said == [(1, first), (1, second)]


def test_the_cached_board_opens_without_a_network_and_is_not_believed(tmp_path: Path) -> None:
    town = Town()
    with serving(town) as server:
        with screen(tmp_path, server.url) as one:
            until(lambda: one.display.socket.is_live, "it watches")
            server.call("A012", 3)
            until(lambda: one.news()["view"]["seq"] == 2, "shown")
            assert b"A012" in get(one, "/")
        server.stop()
        with screen(tmp_path, server.url) as dark:
            page = get(dark, "/")
            assert b"/static/js/board.js?v=1" in page
            assert b"// js/board.js" in get(dark, "/static/js/board.js?v=1"), "prefetched"
            news = dark.news()
            assert "A012" in news["view"]["html"]
            assert not news["is_current"]
            assert not news["online"]
            assert news["age_seconds"] >= 60
            server.start()
            until(lambda: dark.news()["is_current"], "right by itself")
            assert dark.heard("began") == one.heard("began")


def test_without_any_cache_it_says_what_it_waits_for_and_repairs_itself(tmp_path: Path) -> None:
    with serving() as server:
        server.stop()
        with screen(tmp_path, server.url) as one:
            page = get(one, "/").decode()
            assert "Cet écran attend le serveur." in page
            assert "http-equiv" in page
            server.start()
            until(lambda: b"board.js" in get(one, "/"), "the board")


def test_a_captive_portal_never_takes_the_boards_place(tmp_path: Path) -> None:
    town = Town()
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        get(one, "/")
        town.portal = True
        assert b"Buy an hour" not in get(one, "/")
        assert b"Buy an hour" not in get(one, "/static/js/other.js?v=2")
        town.portal = False
        assert b"// js/other.js" in get(one, "/static/js/other.js?v=2"), "nothing of it was kept"


def test_a_revoked_display_says_so_and_comes_back_when_it_is_accepted(tmp_path: Path) -> None:
    town = Town()
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.reporter._told, "it reports")
        number = one.news()["number"]
        town.revoked = True
        until(lambda: one.display.reporter.is_revoked, "it learns so")
        assert one.news(number)["reload"], "the page is asked to look"
        assert "exclu" in get(one, "/").decode()
        town.revoked = False
        one.display.reporter._due_at = 0.0  # a minute has passed
        until(lambda: b"board.js" in get(one, "/"), "the board again")


def test_orders_are_done_once_and_not_those_of_before_the_start(tmp_path: Path) -> None:
    town = Town()
    town.states[1] = state(1, orders=DisplayOrders(reload=4, identify=2))
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        first = one.news()
        assert not first["reload"]
        assert first["identify"] is None
        server.order(1, reload=5, identify=3)
        until(lambda: one.news()["identify"] == {"name": "Hall 1", "id": 1}, "it shows who it is")
        told = one.news(first["number"])
        assert told["reload"]
        assert not one.news(told["number"])["reload"], "once"


def test_a_lost_order_comes_with_the_answer_to_a_report(tmp_path: Path) -> None:
    town = Town()
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live and town.reports, "it watches and reports")
        town.states[1] = state(1, orders=DisplayOrders(identify=1))
        until(lambda: one.news()["identify"], "within five seconds", 8)


def test_other_settings_are_another_page(tmp_path: Path) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        number = one.news()["number"]
        server.settle(state(1, settings=DisplaySettings(mode="side", desk=3)))
        until(lambda: one.news(number)["reload"], "the page loads anew")
        assert located(one, "/") == "/board/berkane?live=local&mode=side&desk=3"
        assert located(one, "/board/berkane?live=local") == located(one, "/")
        until(lambda: one.news()["is_current"], "painted for the new look")


def test_a_silent_display_shows_calls_and_says_nothing(tmp_path: Path) -> None:
    town = Town()
    town.states[1] = state(1, settings=DisplaySettings(is_silent=True))
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        server.call("A012", 3)
        until(lambda: one.news()["announce"], "shown")
        until(lambda: one.news()["announce"] is None, "for a while")
        assert one.heard("began") == []
        assert town.speech == {}
        until(lambda: town.reports and town.reports[-1][1].sound == "off", "and reports it")


def test_the_page_acknowledges_what_it_painted(tmp_path: Path) -> None:
    town = Town()
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        one.news(painted=1)
        until(lambda: town.reports and town.reports[-1][1].painted_seq == 1, "in a report")
        assert town.reports[-1][1].page == "ok"


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_wrong_by_an_hour_changes_nothing(tmp_path: Path, hours: int) -> None:
    town = Town(clock_ahead=timedelta(hours=hours))
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        key = server.call("A012", 3)
        until(lambda: one.heard() == [key], "said all the same")


def test_a_server_with_another_database_is_believed(tmp_path: Path) -> None:
    town = Town(seq=90)
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        town.seq, town.lose_pushes = 3, True
        until(lambda: one.news()["view"]["seq"] == 3, "its lower seq is shown")
        until(lambda: one.news()["is_current"], "and believed")


def test_what_is_not_the_boards_is_not_passed_on(tmp_path: Path) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        for path in (
            "/api/v1/branches/berkane/views/board",
            "/board/other",
            "/desk",
            "/board/berkane/x",
        ):
            assert status(one, path) == 404, path
        assert status(one, "/", method="POST") == 405
        found = headers(one, "/board/berkane?live=local")
        assert "Strict-Transport-Security" not in found
        assert found["Content-Security-Policy"] == "default-src 'self'"


def test_two_displays_of_one_room_say_each_call_once(tmp_path: Path) -> None:
    town = Town(sentence_seconds=0.2)
    for device in (1, 2):
        town.states[device] = state(device, settings=DisplaySettings(room="hall"))
    with (
        serving(town) as server,
        screen(tmp_path / "1", server.url, device=1) as one,
        screen(tmp_path / "2", server.url, device=2) as two,
    ):
        until(lambda: one.display.socket.is_live and two.display.socket.is_live, "both watch")
        keys = [server.call(f"A{n:03d}", n + 1) for n in range(4)]
        until(lambda: len(town.said) == 4, "all are said", 30)
        assert sorted(one.heard() + two.heard()) == sorted(keys)
        assert [key for _, key in town.said] == keys
        assert one.heard("stopped") + two.heard("stopped") == []


def test_calls_for_two_loudspeakers_of_one_room_never_sound_together(tmp_path: Path) -> None:
    """Each says lines of its own: the room is held by whoever sounds, as by the real server."""
    town = Town(sentence_seconds=0.4)
    for device, service in ((1, "civil"), (2, "legal")):
        settings = DisplaySettings(room="hall", speaks=(service,))
        town.states[device] = state(device, settings=settings)
    with (
        serving(town) as server,
        screen(tmp_path / "1", server.url, device=1) as one,
        screen(tmp_path / "2", server.url, device=2) as two,
    ):
        until(lambda: one.display.socket.is_live and two.display.socket.is_live, "both watch")
        for number in range(2):
            server.call(f"A{number:03d}", 1, service="civil")
            server.call(f"B{number:03d}", 2, service="legal")
        until(lambda: len(town.said) == 4, "all are said", 30)
        log = sorted((*one.log(), *two.log()), key=lambda each: each.at)
        assert [each.event for each in log] == ["began", "ended"] * 4


def test_a_slow_voice_does_not_lose_the_grant_and_is_waited_for(tmp_path: Path) -> None:
    """Found with two real displays: the sentences took longer than the grant lives, and both said the call."""
    town = Town(render_seconds=3.0)
    for device in (1, 2):
        town.states[device] = state(device, settings=DisplaySettings(room="hall"))
    with (
        serving(town) as server,
        screen(tmp_path / "1", server.url, device=1) as one,
        screen(tmp_path / "2", server.url, device=2) as two,
    ):
        until(lambda: one.display.socket.is_live and two.display.socket.is_live, "both watch")
        key = server.call("A012", 3)
        until(lambda: town.said, "said", 30)
        time.sleep(2)
        assert one.heard() + two.heard() == [key]
        assert [each.title for each in one.log() + two.log()] == [f"{key} ar,fr"] * 2


def get(one: Screen, path: str) -> bytes:
    request = Request(f"http://127.0.0.1:{one.port}{path}")
    try:
        with urlopen(request, timeout=10) as answer:
            found: bytes = answer.read()
            return found
    except HTTPError as error:
        with error:
            return error.read()


def status(one: Screen, path: str, *, method: str = "GET") -> int:
    return asked(one, path, method).status


def headers(one: Screen, path: str) -> dict[str, str]:
    return dict(asked(one, path, "GET").getheaders())


def located(one: Screen, path: str) -> str | None:
    return asked(one, path, "GET").getheader("Location")


def asked(one: Screen, path: str, method: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", one.port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_display_that_lost_its_page_server_ends_to_be_started_anew(tmp_path: Path) -> None:
    place = paired(tmp_path, "http://127.0.0.1:1", 1)
    settings = MachineSettings(port=free_port(), player=f"file:{tmp_path}", screen_power="none")
    display = build(place, settings=settings, with_browser=False)
    threads = display.start()
    display.pages.stop()
    assert not wait_for_end(threading.Event(), threads)
    display.stop(threads)


def test_after_a_restart_without_the_server_the_page_is_told_the_servers_time(
    tmp_path: Path,
) -> None:
    """Found: the wall went on from the time of the last kept board."""
    with serving(Town(clock_ahead=timedelta(hours=3))) as server:
        with screen(tmp_path, server.url) as one:
            until(lambda: one.display.socket.is_live and one.news()["view"], "it watches")
        server.stop()
        with screen(tmp_path, server.url) as again:
            told = again.news()
            off = datetime.fromisoformat(told["now"]) - server.town.now()
            assert abs(off.total_seconds()) < 2.0
            assert told["age_seconds"] >= 60.0
        server.start()

"""What the program asks of its browser, in its own process and over loopback."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from display_client.watch import (
    LOCAL_HEADER,
    SCREENSHOT_BYTES_MAX,
    SCREENSHOT_SECONDS_MAX,
    SILENT_SECONDS_MAX,
    STARTING_SECONDS,
    WATCHED_SECONDS,
    RemoteWatch,
    Watch,
)
from tests.builders import HandSteady
from tests.display_client.screens import Hall, page_app, served

JPEG = b"\xff\xd8\xff" + b"0" * 100
HEADERS = {LOCAL_HEADER: "1"}


def parts() -> tuple[Hall, Watch, HandSteady]:
    hall, steady = Hall(), HandSteady()
    watch = Watch(
        is_quiet=lambda: hall.is_quiet,
        is_screen_wanted=lambda: hall.is_screen_wanted,
        local_now=lambda: hall.now,
        take_screenshot=lambda order, jpeg: hall.pictures.append((order, jpeg)),
        steady=steady,
    )
    return hall, watch, steady


def client(hall: Hall, watch: Watch) -> FlaskClient:
    return page_app(hall, watch).test_client()


def test_the_page_is_none_then_well_then_frozen() -> None:
    """Found: a screen whose browser died again and again was "none", which was no fault."""
    _, watch, steady = parts()
    assert watch.page_state() == "unknown", "a browser takes its time to start"
    steady.seconds += STARTING_SECONDS
    assert watch.page_state() == "none"
    watch.page_asks()
    assert watch.page_state() == "ok"
    steady.seconds += SILENT_SECONDS_MAX + 1
    assert watch.page_state() == "frozen"
    watch.page_asks()
    assert watch.page_state() == "ok"


def test_whoever_looks_is_known_for_a_while() -> None:
    _, watch, steady = parts()
    assert not watch.is_watched()
    watch.wishes()
    assert watch.is_watched()
    steady.seconds += WATCHED_SECONDS + 1
    assert not watch.is_watched()


def test_one_picture_for_each_order_while_somebody_waits_for_it() -> None:
    hall, watch, steady = parts()
    watch.hand_screenshot(1, JPEG)
    assert hall.pictures == [], "nobody asked"
    watch.screenshot(1)
    assert watch.wishes().screenshot == 1
    watch.hand_screenshot(2, JPEG)
    watch.hand_screenshot(1, JPEG)
    watch.hand_screenshot(1, JPEG)
    assert hall.pictures == [(1, JPEG)]
    assert watch.wishes().screenshot is None
    watch.screenshot(2)
    steady.seconds += SCREENSHOT_SECONDS_MAX + 1
    assert watch.wishes().screenshot is None, "nobody waits any more"


def test_the_wishes_travel_as_they_are() -> None:
    hall = Hall(is_quiet=False, is_screen_wanted=False, now=datetime(2026, 9, 22, 3, tzinfo=UTC))
    watch = hall.watch()
    watch.reload()
    watch.screenshot(9)
    with served(hall, watch) as port:
        remote = RemoteWatch(port)
        seen = remote.wishes()
        assert seen is not None
        assert not remote.is_quiet()
        assert (seen.is_quiet, seen.is_screen_on, seen.reload, seen.screenshot) == (
            False,
            False,
            1,
            9,
        )
        assert seen.local_time == hall.now
        remote.hand_screenshot(9, JPEG)
        assert hall.pictures == [(9, JPEG)]
    assert remote.wishes() is None, "the program has gone"
    assert remote.is_quiet()
    remote.hand_screenshot(9, JPEG)


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (JPEG, {}, 403),
        (b"no picture", HEADERS, 415),
        (JPEG + b"0" * SCREENSHOT_BYTES_MAX, HEADERS, 413),
        (JPEG, HEADERS, 204),
    ],
)
def test_only_a_small_picture_of_this_machine_is_taken(
    data: bytes, headers: dict[str, str], status: int
) -> None:
    hall, watch, _ = parts()
    watch.screenshot(4)
    answer = client(hall, watch).post("/local/screenshot/4", data=data, headers=headers)
    assert answer.status_code == status
    assert len(hall.pictures) == (status == 204)


def test_a_page_of_another_name_is_not_answered() -> None:
    hall, watch, _ = parts()
    answer = client(hall, watch).get("/alive", headers={"Host": "evil.example"})
    assert answer.status_code == 404


def test_an_answer_that_is_cut_off_is_none() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for said in (cut, b"no HTTP at all\r\n\r\n"):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        remote = RemoteWatch(listening.getsockname()[1])
        assert remote.wishes() is None
        assert remote.wishes() is None
        thread.join()

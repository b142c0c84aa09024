"""Sockets under gevent: whole messages both ways, an end that lets go, and pings that wait without a greenlet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import engineio
import gevent
import pytest
from engineio.packet import MESSAGE, PING, Packet
from engineio.socket import Socket
from gevent import socket

from server.web.websocket import LiveSockets, ScreenSocket, WholeWriter, framed

PING_SECONDS = 0.05
LONG_ENOUGH_SECONDS = 5
MESSAGE_BYTES_MAX = 4_096
ASKED = {
    "HTTP_HOST": "hall",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


def engine() -> engineio.Server:
    """An Engine.IO server whose sockets are ours; nothing listens."""
    server = engineio.Server(async_mode="gevent", ping_interval=PING_SECONDS)
    LiveSockets(MESSAGE_BYTES_MAX).install(SimpleNamespace(eio=server))
    return server


def test_a_ping_comes_when_it_is_due_and_again_after_its_answer() -> None:
    screen = Socket(engine(), "screen")
    for _ in range(2):
        screen.schedule_ping()
        assert screen.queue.empty(), "not at once"
        assert screen.queue.get(timeout=LONG_ENOUGH_SECONDS).packet_type == PING
        assert screen.last_ping, "from now on its silence counts"


def test_until_then_no_greenlet_sleeps_for_it() -> None:
    server = engine()
    begin, waiting = server.start_background_task, []

    def remember(*task: Any) -> None:
        waiting.append(begin(*task))

    server.start_background_task = remember
    Socket(server, "screen").schedule_ping()
    gevent.sleep(0)
    assert [each.gr_frame for each in waiting] == [None], "it has no stack before its time"


def test_a_screen_that_left_gets_none() -> None:
    screen = Socket(engine(), "screen")
    screen.schedule_ping()
    screen.closed = True
    gevent.sleep(PING_SECONDS * 4)
    assert screen.queue.empty()


def test_other_tasks_run_at_once() -> None:
    done = engine().start_background_task(lambda words: words.upper(), "now")
    assert done.get(timeout=LONG_ENOUGH_SECONDS) == "NOW"


def test_a_screen_says_and_hears_whole_messages() -> None:
    with connected() as (screen, far):
        screen.send("المكتب 3")
        assert heard(far) == "المكتب 3"
        far.sendall(masked("one") + masked("two"))
        assert (screen.wait(), screen.wait()) == ("one", "two")


def test_the_handshake_is_answered_with_the_first_words_in_one_packet() -> None:
    near, far = socket.socketpair()
    with near, far:
        screen = ScreenSocket(WholeWriter(near), ASKED, MESSAGE_BYTES_MAX)
        assert nothing_heard(far)
        screen.send("hello")
        welcome, _, words = far.recv(4096).partition(b"\r\n\r\n")
        assert welcome.startswith(b"HTTP/1.1 101 ")
        assert words == b"\x81\x05hello"
        screen.send("again")
        assert heard(far) == "again"


def test_what_waits_for_a_screen_goes_out_as_one() -> None:
    """Engine.IO's own queue and writer, from the handshake to the wire: three packets, one send."""
    near, far = socket.socketpair()
    server = engine()
    live = LiveSockets(MESSAGE_BYTES_MAX)
    live.install(SimpleNamespace(eio=server))
    screen = Socket(server, "a")
    for text in ("first", "المكتب 3"):
        screen.queue.put(Packet(MESSAGE, text))
    with near, far:
        asked = {**ASKED, "gunicorn.socket": near}
        serving = gevent.spawn(_served, screen, asked)
        _, _, frames = far.recv(4096).partition(b"\r\n\r\n")
        assert frames == framed("4first") + framed("4المكتب 3")
        live.hang_up()
        assert serving.get(timeout=LONG_ENOUGH_SECONDS) is None
        assert far.recv(4096) == b"", "the server let go of it"


def test_a_server_that_ends_takes_no_new_screen() -> None:
    server = engine()
    live = LiveSockets(MESSAGE_BYTES_MAX)
    live.install(SimpleNamespace(eio=server))
    live.hang_up()
    said: list[str] = []
    Socket(server, "a")._upgrade_websocket(ASKED, lambda status, _headers: said.append(status))
    assert said == ["503 Service Unavailable"]


def _served(screen: Socket, asked: dict[str, Any]) -> None:
    # gunicorn takes this for "send nothing more"; a generator would turn it into RuntimeError.
    with suppress(StopIteration):
        screen._upgrade_websocket(asked, lambda *_: None)


def test_closing_lets_go_of_whoever_waits_for_a_screen_that_is_silent() -> None:
    with connected() as (screen, _far):
        waiting = gevent.spawn(screen.wait)
        gevent.sleep(0)
        screen.close()
        assert waiting.get(timeout=LONG_ENOUGH_SECONDS) is None
        with pytest.raises(OSError, match="gone"):
            screen.send("too late")


def test_closing_does_not_wait_for_a_screen_that_reads_nothing() -> None:
    near, far = socket.socketpair()
    with near, far:
        writer = WholeWriter(near)
        screen = ScreenSocket(writer, ASKED, MESSAGE_BYTES_MAX)
        screen.send("hello")
        reading = gevent.spawn(screen.wait)
        while writer.send_at_once(framed("x" * 3000)):
            pass  # until a rest is left behind, which somebody holds the lock for
        gevent.spawn(screen.close).get(timeout=LONG_ENOUGH_SECONDS)
        assert reading.get(timeout=LONG_ENOUGH_SECONDS) is None


@pytest.mark.parametrize("said", [b"", b"\xff\xff no frame at all", b"\x81\x85cut"])
def test_a_screen_that_hangs_up_or_talks_nonsense_is_over(said: bytes) -> None:
    with connected() as (screen, far):
        far.sendall(said)
        far.close()
        assert screen.wait() is None


def test_too_long_a_message_ends_the_connection() -> None:
    with connected() as (screen, far):
        far.sendall(masked("x" * (MESSAGE_BYTES_MAX + 1)))
        assert screen.wait() is None


@contextmanager
def connected() -> Iterator[tuple[ScreenSocket, Any]]:
    """A screen's socket after its handshake, and the far end of it."""
    near, far = socket.socketpair()
    with near, far:
        screen = ScreenSocket(WholeWriter(near), ASKED, MESSAGE_BYTES_MAX)
        screen.send("")
        assert far.recv(4096).endswith(b"\r\n\r\n\x81\x00")
        yield screen, far


def nothing_heard(far: Any) -> bool:
    """Whether no byte waits at the far end."""
    far.setblocking(False)
    try:
        return not far.recv(1)
    except BlockingIOError:
        return True
    finally:
        far.setblocking(True)


def masked(text: str) -> bytes:
    """A text frame from a browser, whose mask here is 0: RFC 6455, section 5.2."""
    payload = text.encode()
    length = len(payload)
    head = bytes((0x81, 0x80 + length)) if length < 126 else b"\x81\xfe" + length.to_bytes(2, "big")
    return head + bytes(4) + payload


def heard(far: Any) -> str:
    """The text of one short frame."""
    frame = far.recv(4096)
    assert frame[0] == 0x81
    assert frame[1] == len(frame) - 2
    return str(frame[2:], "utf-8")

"""The network channel against real sockets that behave as badly as printers do."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from server.delivery.channels import (
    Broken,
    NetworkChannel,
    Refused,
    TimedOut,
    Unreachable,
)
from tests.delivery.channels.sending import send

TICKET = bytes(range(256)) * 400  # about the size of a raster ticket
FLOOD = bytes(8_000_000)  # more than any pair of socket buffers holds


@contextmanager
def peer(behave: Callable[[socket.socket], None], *, buffer_bytes: int = 0) -> Iterator[int]:
    """A listening port whose first visitor is treated by `behave` in a thread."""
    with socket.socket() as listener:
        if buffer_bytes:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)

        def serve() -> None:
            visitor, _ = listener.accept()
            with visitor:
                behave(visitor)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(5)
            assert not thread.is_alive()


def channel_to(port: int, *, send_timeout_seconds: float = 2.0) -> NetworkChannel:
    return NetworkChannel(
        host="127.0.0.1",
        port=port,
        connect_timeout_seconds=1.0,
        send_timeout_seconds=send_timeout_seconds,
    )


def test_every_byte_arrives_in_order_and_the_connection_ends() -> None:
    got = bytearray()

    def read_all(visitor: socket.socket) -> None:
        while part := visitor.recv(777):
            got.extend(part)

    with peer(read_all) as port:
        send(channel_to(port), TICKET)
    assert bytes(got) == TICKET


def test_a_closed_port_refuses_and_nothing_was_printed() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Refused) as caught:
        send(channel_to(port), TICKET)
    assert caught.value.code == "refused"
    assert not caught.value.may_have_printed


def test_a_name_that_cannot_be_looked_up_is_unreachable() -> None:
    channel = NetworkChannel(host="p" * 64 + ".local", port=9, connect_timeout_seconds=1.0)
    with pytest.raises(Unreachable) as caught:
        send(channel, TICKET)
    assert caught.value.code == "unreachable"
    assert not caught.value.may_have_printed


def test_a_printer_that_hangs_up_with_a_reset_breaks_the_job() -> None:
    def reset(visitor: socket.socket) -> None:
        visitor.recv(1_000)
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with peer(reset) as port, pytest.raises(Broken) as caught:
        send(channel_to(port), FLOOD)
    assert caught.value.code == "broken_midway"
    assert caught.value.may_have_printed


def test_a_printer_that_accepts_and_closes_breaks_the_job() -> None:
    def close_at_once(visitor: socket.socket) -> None:
        del visitor

    with peer(close_at_once) as port, pytest.raises(Broken):
        send(channel_to(port), FLOOD)


def test_a_printer_that_never_reads_times_out_and_gets_a_reset() -> None:
    stop = threading.Event()
    ended_by: list[str] = []

    def never_read(visitor: socket.socket) -> None:
        stop.wait(5)
        try:
            while visitor.recv(65_536):
                pass
            ended_by.append("end of stream")
        except ConnectionResetError:
            ended_by.append("reset")

    with peer(never_read, buffer_bytes=4_096) as port:
        with pytest.raises(TimedOut) as caught:
            send(channel_to(port, send_timeout_seconds=0.4), FLOOD)
        stop.set()
    assert caught.value.code == "timed_out"
    assert caught.value.may_have_printed
    assert ended_by == ["reset"]


def test_small_jobs_wait_until_the_printer_has_taken_them() -> None:
    """All of it fits in our own kernel's buffer, but not in the printer's."""
    stop = threading.Event()

    def never_read(visitor: socket.socket) -> None:
        del visitor
        stop.wait(5)

    with peer(never_read, buffer_bytes=2_048) as port:
        with pytest.raises(TimedOut):
            send(channel_to(port, send_timeout_seconds=0.4), TICKET)
        stop.set()


def test_an_answer_that_comes_late_does_not_lose_the_job() -> None:
    """A printer that speaks when we have left would be reset, and forget what it has not read."""
    got = bytearray()

    def read_late(visitor: socket.socket) -> None:
        time.sleep(0.5)
        visitor.sendall(b"\xff")
        time.sleep(0.2)
        while part := visitor.recv(65_536):
            got.extend(part)

    with peer(read_late) as port:
        send(channel_to(port), TICKET)
    assert bytes(got) == TICKET

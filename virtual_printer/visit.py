"""One sender's visit: takes its bytes as fast as the printer can, and answers its questions."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from contextlib import suppress

from virtual_printer.conduct import Conduct
from virtual_printer.decoder import Decoder
from virtual_printer.mechanism import Mechanism
from virtual_printer.status import GARBAGE, answer, is_real_time

IDLE_SECONDS_MAX = 30.0  # a silent sender must not keep the others waiting for ever
POLL_SECONDS = 0.1
BUSY_POLL_SECONDS = 0.01


class Visit:
    """Serves a connection until either side ends it."""

    def __init__(
        self,
        connection: socket.socket,
        mechanism: Mechanism,
        width_dots: int,
        stopping: threading.Event,
    ) -> None:
        self._connection = connection
        self._mechanism = mechanism
        self._stopping = stopping
        # Hears the questions on arrival, however much waits to be printed before them.
        self._ears = Decoder(width_dots)
        self._received = 0
        self._idle_seconds = 0.0

    def serve(self) -> None:
        with suppress(OSError):  # the sender, or its cable, is gone
            while not self._stopping.is_set() and self._idle_seconds < IDLE_SECONDS_MAX:
                if not self._turn(self._mechanism.conduct):
                    break
        self._mechanism.take_requests()
        self._mechanism.leave()

    def _turn(self, conduct: Conduct) -> bool:
        """Whether the visit goes on. Raises OSError when the sender is gone."""
        limit = conduct.reset_after_bytes
        if conduct.refuses or (limit is not None and self._received >= limit):
            self._reset()
            return False
        data = self._take(conduct)
        if data == b"":
            return False
        if data is not None:
            self._received += len(data)
            self._ears.feed(data)
            urgent = [each for each in self._ears.take_requests() if is_real_time(each)]
            self._reply(urgent, conduct)
            self._mechanism.receive(data)
        self._mechanism.work()
        in_turn = [each for each in self._mechanism.take_requests() if not is_real_time(each)]
        self._reply([] if conduct.real_time_only else in_turn, conduct)
        return True

    def _take(self, conduct: Conduct) -> bytes | None:
        """Some bytes, none when the sender has ended, None when there were none just now."""
        count = 0 if conduct.frozen else self._mechanism.room()
        if conduct.byte_delay_milliseconds:
            count = min(count, 1)
            time.sleep(conduct.byte_delay_milliseconds / 1_000)
        if conduct.reset_after_bytes is not None:
            count = min(count, conduct.reset_after_bytes - self._received)
        is_idle = self._mechanism.is_idle()
        seconds = POLL_SECONDS if is_idle else BUSY_POLL_SECONDS
        if count <= 0:
            self._look_whether_gone(seconds)
            return None
        self._connection.settimeout(seconds)
        try:
            data = self._connection.recv(count)
        except TimeoutError:
            self._idle_seconds += seconds
            return None
        self._idle_seconds = 0.0
        return data

    def _look_whether_gone(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._connection.fileno(), 0)  # errors and resets are told unasked
        if poll.poll(seconds * 1_000):
            raise ConnectionResetError

    def _reply(self, requests: list[bytes], conduct: Conduct) -> None:
        if conduct.silent or conduct.frozen:
            return
        condition = self._mechanism.condition
        for request in requests:
            told = answer(request, condition)
            self._connection.sendall(GARBAGE if told and conduct.garbage else told)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

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
                if not self._turn():
                    break
        self._mechanism.take_requests()
        self._mechanism.leave()

    def _turn(self) -> bool:
        """Whether the visit goes on. Raises OSError when the sender is gone."""
        is_ready = self._wait()
        # Read after the wait: whoever switches a fault and then sends, meets that fault.
        conduct = self._mechanism.conduct
        limit = conduct.reset_after_bytes
        if conduct.refuses or (limit is not None and self._received >= limit):
            self._reset()
            return False
        count = self._appetite(conduct)
        if is_ready and count > 0:
            data = self._connection.recv(count)
            if not data:
                return False
            self._hear(data, conduct)
        self._mechanism.work()
        in_turn = [each for each in self._mechanism.take_requests() if not is_real_time(each)]
        self._reply([] if conduct.real_time_only else in_turn, conduct)
        return True

    def _wait(self) -> bool:
        """Whether bytes have come, for a moment at the most."""
        seconds = POLL_SECONDS if self._mechanism.is_idle() else BUSY_POLL_SECONDS
        poll = select.poll()
        # Errors and resets are told unasked; bytes that cannot be taken now must not wake us.
        wants = select.POLLIN if self._appetite(self._mechanism.conduct) > 0 else 0
        poll.register(self._connection.fileno(), wants)
        events = poll.poll(seconds * 1_000)
        if not events and wants:
            self._idle_seconds += seconds
        if events and not events[0][1] & select.POLLIN:
            raise ConnectionResetError
        return bool(events)

    def _appetite(self, conduct: Conduct) -> int:
        """How many bytes the printer takes at once."""
        count = 0 if conduct.frozen else self._mechanism.room()
        if conduct.byte_delay_milliseconds:
            count = min(count, 1)
        if conduct.reset_after_bytes is not None:
            count = min(count, conduct.reset_after_bytes - self._received)
        return count

    def _hear(self, data: bytes, conduct: Conduct) -> None:
        time.sleep(conduct.byte_delay_milliseconds / 1_000)
        self._idle_seconds = 0.0
        self._received += len(data)
        self._ears.feed(data)
        self._reply([each for each in self._ears.take_requests() if is_real_time(each)], conduct)
        self._mechanism.receive(data)

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

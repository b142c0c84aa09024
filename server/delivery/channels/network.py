"""A printer on the network (raw TCP, port 9100).

A plain socket, not python-escpos' `Network`: that one speaks IPv4 only, gives connecting and
sending one timeout, turns every failure into the same error, leaks the socket of a failed connect,
and hangs up without asking whether the bytes arrived. What is left of it is `sendall`.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from server.delivery.channels.channel import (
    CONNECT_TIMEOUT_SECONDS,
    SEND_TIMEOUT_SECONDS,
    ChannelError,
    Receipt,
    Refused,
    TimedOut,
    Unreachable,
    Watcher,
)
from server.delivery.channels.conversation import ask_over, print_over
from server.delivery.channels.status import PrinterStatus
from server.delivery.channels.wires import SocketWire, Wire

STATUS_CONNECT_SECONDS_MAX = 1.0
"""For a question between jobs: staff hear of a pulled cable within 5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChannel:
    """Connects anew for each job: a printer that was switched off and on needs nothing from us."""

    host: str
    port: int
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS

    def send(
        self,
        job_id: str,
        data: bytes,
        *,
        watcher: Watcher,
        patience_seconds: float,
        is_mute: bool,
    ) -> Receipt:
        """As the Protocol says; the printer's side has acknowledged every byte."""
        return print_over(
            self._connect(self.connect_timeout_seconds),
            f"{self._name}, job {job_id}",
            data,
            watcher,
            silence_seconds=self.send_timeout_seconds,
            patience_seconds=patience_seconds,
            is_mute=is_mute,
        )

    def status(self) -> PrinterStatus:
        """Connects for the length of a question: a printer serves one visitor at a time."""
        return ask_over(lambda: self._connect(STATUS_CONNECT_SECONDS_MAX))

    @property
    def _name(self) -> str:
        return f"printer {self.host}:{self.port}"

    def _connect(self, seconds_max: float) -> Wire:
        seconds = min(seconds_max, self.connect_timeout_seconds)
        try:
            connection = socket.create_connection((self.host, self.port), seconds)
        except (OSError, UnicodeError) as error:  # UnicodeError: no such name can exist
            raise self._connect_error(error, seconds) from error
        return SocketWire(connection)

    def _connect_error(self, error: Exception, seconds: float) -> ChannelError:
        if isinstance(error, TimeoutError):
            return TimedOut(f"{self._name}: no answer in {seconds} s")
        if isinstance(error, ConnectionRefusedError):
            return Refused(f"{self._name}: connection refused")
        return Unreachable(f"{self._name}: {error}")

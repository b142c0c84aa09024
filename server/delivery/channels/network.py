"""A printer on the network (raw TCP, port 9100).

A plain socket, not python-escpos' `Network`: that one speaks IPv4 only, gives connecting and
sending one timeout, turns every failure into the same error, leaks the socket of a failed connect,
and hangs up without asking whether the bytes arrived. What is left of it is `sendall`.
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
import termios
import time
from contextlib import suppress
from dataclasses import dataclass

from server.delivery.channels.channel import (
    CONNECT_TIMEOUT_SECONDS,
    SEND_TIMEOUT_SECONDS,
    Broken,
    ChannelError,
    Refused,
    TimedOut,
    Unreachable,
)

ARRIVAL_POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChannel:
    """Connects anew for each job: a printer that was switched off and on needs nothing from us."""

    host: str
    port: int
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS

    def send(self, job_id: str, data: bytes) -> None:
        """Return once the printer's side has acknowledged every byte, or raise ChannelError."""
        with self._connect() as connection:
            deadline = time.monotonic() + self.send_timeout_seconds
            try:
                connection.settimeout(self.send_timeout_seconds)
                connection.sendall(data)
                self._wait_for_arrival(connection, deadline)
                _raise_pending(connection)
                connection.shutdown(socket.SHUT_WR)
            except TimeoutError as error:
                # Reset, not close: what still waits here must not print after the next attempt.
                _reset_on_close(connection)
                message = f"{self._name}: job {job_id} not taken in {self.send_timeout_seconds} s"
                raise TimedOut(message, may_have_printed=True) from error
            except OSError as error:
                message = f"{self._name}: connection lost during job {job_id}: {error}"
                raise Broken(message, may_have_printed=True) from error

    @property
    def _name(self) -> str:
        return f"printer {self.host}:{self.port}"

    def _connect(self) -> socket.socket:
        try:
            return socket.create_connection((self.host, self.port), self.connect_timeout_seconds)
        except (OSError, UnicodeError) as error:  # UnicodeError: no such name can exist
            raise self._connect_error(error) from error

    def _connect_error(self, error: Exception) -> ChannelError:
        if isinstance(error, TimeoutError):
            return TimedOut(f"{self._name}: no answer in {self.connect_timeout_seconds} s")
        if isinstance(error, ConnectionRefusedError):
            return Refused(f"{self._name}: connection refused")
        return Unreachable(f"{self._name}: {error}")

    def _wait_for_arrival(self, connection: socket.socket, deadline: float) -> None:
        # Half a ticket in our own kernel is not a ticket: a reset after we close would lose it.
        while _unacknowledged_bytes(connection) > 0:
            _raise_pending(connection)
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(ARRIVAL_POLL_SECONDS)


def _unacknowledged_bytes(connection: socket.socket) -> int:
    """How many sent bytes the other side has not acknowledged; 0 where the system cannot tell."""
    try:
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


def _raise_pending(connection: socket.socket) -> None:
    """Raise the error that the other side's reset left on the socket, if there is one."""
    number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, errno.errorcode.get(number, "unknown error"))


def _reset_on_close(connection: socket.socket) -> None:
    with suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

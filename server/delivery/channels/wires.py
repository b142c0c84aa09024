"""Open ways to a printer that never block: a socket, or the descriptor of a device.

A printer without paper takes no bytes: a blocking write would stop a thread for hours, or a whole process
under gevent. So every wait has an end, and what to do then is the dialogue's business.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import struct
import termios
import time
from contextlib import suppress
from typing import Protocol

READ_BYTES = 4_096
NOTHING_THERE_SECONDS = 0.01
GOODBYE_SECONDS_MAX = 3.0
MILLISECONDS_A_SECOND = 1_000


class Wire(Protocol):
    """Every method may raise OSError: the way is gone."""

    def write(self, data: bytes) -> int:
        """How many bytes were taken just now; 0 when none."""

    def read(self) -> bytes:
        """What the printer has said; empty when nothing."""

    def wait(self, seconds: float, *, to_write: bool) -> bool:
        """Whether bytes can be taken, or were said, within the time."""

    def unsent(self) -> int:
        """How many bytes have not arrived yet; 0 where the system cannot tell."""

    def close(self, *, abort: bool) -> None:
        """`abort`: what still waits here must never print. Raises nothing."""


class DeviceWire:
    """A device file or serial port, opened without blocking."""

    def __init__(self, descriptor: int, *, can_read: bool) -> None:
        self._descriptor = descriptor
        self._can_read = can_read

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:  # announced as writable, but not for this many bytes
            return 0

    def read(self) -> bytes:
        if not self._can_read:
            return b""
        try:
            return os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return b""

    def wait(self, seconds: float, *, to_write: bool) -> bool:
        if not to_write and not self._can_read:
            time.sleep(seconds)
            return False
        return ready(self._descriptor, seconds, to_write=to_write)

    def unsent(self) -> int:
        return unsent_bytes(self._descriptor)

    def close(self, *, abort: bool) -> None:
        if abort:
            with suppress(termios.error, OSError):  # only terminals have a queue to empty
                termios.tcflush(self._descriptor, termios.TCOFLUSH)
        with suppress(OSError):
            os.close(self._descriptor)


class SocketWire:
    """A connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        # Questions are three bytes long: nobody should gather them.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection

    def write(self, data: bytes) -> int:
        try:
            return self._connection.send(data)
        except BlockingIOError:
            return 0

    def read(self) -> bytes:
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the printer hung up")
        return data

    def wait(self, seconds: float, *, to_write: bool) -> bool:
        return ready(self._connection.fileno(), seconds, to_write=to_write)

    def unsent(self) -> int:
        """Also raises what a reset left on the socket: half a ticket in our own kernel is not a ticket."""
        number = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        return unsent_bytes(self._connection.fileno())

    def close(self, *, abort: bool) -> None:
        with suppress(OSError):
            if abort:
                linger = struct.pack("ii", 1, 0)
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                self._say_goodbye()
        self._connection.close()

    def _say_goodbye(self) -> None:
        """An answer that we have not read, or that comes after us, makes of our leaving a reset: what the
        printer has not read by then would be lost. It hangs up itself once it has read everything."""
        self._connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + GOODBYE_SECONDS_MAX
        while (left := deadline - time.monotonic()) > 0 and self.wait(left, to_write=False):
            if not self._connection.recv(READ_BYTES):
                return


def ready(descriptor: int, seconds: float, *, to_write: bool) -> bool:
    """Whether a descriptor can be written to, or read from, within the time."""
    # poll, not select: a server with thousands of sockets has descriptors that select cannot name.
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if to_write else select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * MILLISECONDS_A_SECOND))


def unsent_bytes(descriptor: int) -> int:
    """How many written bytes the other side has not taken; 0 where the system cannot tell."""
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, struct.pack("i", 0))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])

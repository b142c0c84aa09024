"""A printer behind a device file (`/dev/usb/lp0`), or a plain file that collects the paper."""

from __future__ import annotations

import os
import select
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from server.delivery.channels.channel import (
    SEND_TIMEOUT_SECONDS,
    Broken,
    ChannelError,
    Refused,
    TimedOut,
    Unreachable,
)

MILLISECONDS_A_SECOND = 1000
DEVICES_FOLDER = Path("/dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChannel:
    """Appends each job. A plain file is created when missing; a device is not."""

    path: Path
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS

    def send(self, job_id: str, data: bytes) -> None:
        """Return once a device has taken, or a disk has kept, every byte, or raise ChannelError."""
        descriptor = self._open()
        try:
            written = 0
            try:
                plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
                deadline = time.monotonic() + self.send_timeout_seconds
                while written < len(data):
                    if not plain:
                        _wait_until_writable(descriptor, deadline)
                    written += _write_some(descriptor, data[written:])
                if plain:
                    os.fsync(descriptor)
            except TimeoutError as error:
                message = f"{self.path}: job {job_id} not taken in {self.send_timeout_seconds} s"
                raise TimedOut(message, may_have_printed=written > 0) from error
            except OSError as error:
                message = f"{self.path}: failed during job {job_id}: {error}"
                raise Broken(message, may_have_printed=written > 0) from error
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        # A printer without paper takes no bytes: a blocking write would stop the whole process.
        flags |= os.O_NONBLOCK
        if DEVICES_FOLDER not in self.path.parents:
            flags |= os.O_CREAT
        try:
            return os.open(self.path, flags, 0o640)
        except OSError as error:
            raise self._open_error(error) from error

    def _open_error(self, error: OSError) -> ChannelError:
        message = f"{self.path}: {error.strerror}"
        return Refused(message) if isinstance(error, PermissionError) else Unreachable(message)


def _wait_until_writable(descriptor: int, deadline: float) -> None:
    # poll, not select: a server with thousands of sockets has descriptors that select cannot name.
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * MILLISECONDS_A_SECOND):
        raise TimeoutError


def _write_some(descriptor: int, data: bytes) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:  # announced as writable, but not for this many bytes
        return 0

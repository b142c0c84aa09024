"""A printer behind a device file (`/dev/usb/lp0`), or a plain file that collects the paper.

The kernel's own driver (`usblp`) speaks both ways and says no by errno: nothing to install, and no root
but membership of the group that owns the device (docs/decisions/0011-ways-to-a-printer.md).
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from server.delivery.channels.channel import (
    SEND_TIMEOUT_SECONDS,
    Broken,
    ChannelError,
    Handed,
    Receipt,
    Refused,
    Unreachable,
    Watcher,
)
from server.delivery.channels.conversation import ask_over, print_over
from server.delivery.channels.status import UNKNOWN, PrinterStatus
from server.delivery.channels.wires import DeviceWire, Wire

DEVICES_FOLDER = Path("/dev")
_TAKEN = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChannel:
    """A plain file is created when missing and gets each job appended; a device is spoken to."""

    path: Path
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
        """As the Protocol says; a disk has kept every byte."""
        if self._is_plain():
            watcher.before_last_ink()
            return self._append(job_id, data)
        wire, can_read = self._open_device()
        return print_over(
            wire,
            f"{self.path}, job {job_id}",
            data,
            watcher,
            silence_seconds=self.send_timeout_seconds,
            patience_seconds=patience_seconds,
            is_mute=is_mute or not can_read,
        )

    def status(self) -> PrinterStatus:
        """A plain file is never out of paper, and never says so."""
        if self._is_plain():
            return UNKNOWN
        return ask_over(self._open_wire)

    def _is_plain(self) -> bool:
        try:
            return stat.S_ISREG(self.path.stat().st_mode)
        except OSError:
            return DEVICES_FOLDER not in self.path.parents

    def _append(self, job_id: str, data: bytes) -> Receipt:
        try:
            descriptor = os.open(
                self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_CREAT, 0o640
            )
        except OSError as error:
            raise self._open_error(error) from error
        left = data
        try:
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError as error:
            handed = Handed.PART if left else Handed.ALL_INK
            message = f"{self.path}: failed during job {job_id}: {error}"
            raise Broken(message, handed=handed) from error
        finally:
            os.close(descriptor)
        return Receipt(is_proven=True)

    def _open_wire(self) -> Wire:
        return self._open_device()[0]

    def _open_device(self) -> tuple[Wire, bool]:
        """The device, and whether it can be read: a pipe, or a driver of one way, cannot."""
        flags = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            if not stat.S_ISFIFO(self.path.stat().st_mode):
                return DeviceWire(os.open(self.path, flags | os.O_RDWR), can_read=True), True
            return DeviceWire(os.open(self.path, flags | os.O_WRONLY), can_read=False), False
        except OSError as error:
            raise self._open_error(error) from error

    def _open_error(self, error: OSError) -> ChannelError:
        message = f"{self.path}: {error.strerror}"
        return Refused(message) if error.errno in _TAKEN else Unreachable(message)

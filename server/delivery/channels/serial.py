"""A printer on a serial port. pyserial (the extra `serial`) opens and sets up the port; the talking is ours."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from server.delivery.channels.channel import (
    SEND_TIMEOUT_SECONDS,
    ChannelError,
    Receipt,
    Refused,
    Unreachable,
    Watcher,
)
from server.delivery.channels.conversation import ask_over, print_over
from server.delivery.channels.status import PrinterStatus
from server.delivery.channels.wires import DeviceWire, Wire

BAUD = 38_400
BAUDS = (2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200)
FLOWS = ("none", "rts", "xonxoff")
"""DTR, which most printers are delivered with, is not there: Linux cannot obey it, and our jobs are paced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialChannel:
    """8 data bits, no parity, one stop bit, as printers are delivered."""

    path: Path
    baud: int = BAUD
    flow: str = "none"
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
        """As the Protocol says."""
        return print_over(
            self._open(),
            f"{self.path}, job {job_id}",
            data,
            watcher,
            silence_seconds=self.send_timeout_seconds,
            patience_seconds=patience_seconds,
            is_mute=is_mute,
        )

    def status(self) -> PrinterStatus:
        """As the Protocol says. A cable that leads nowhere is silent: unknown, not a fault."""
        return ask_over(self._open)

    def _open(self) -> Wire:
        # Imported here: an extra that towns without a serial printer do not install.
        import serial

        try:
            port = serial.Serial(
                str(self.path),
                self.baud,
                timeout=0,
                write_timeout=0,
                rtscts=self.flow == "rts",
                xonxoff=self.flow == "xonxoff",
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise self._open_error(error) from error
        # A descriptor of our own: closing pyserial's object would wait until all bytes are out.
        descriptor = os.dup(port.fileno())
        port.close()
        os.set_blocking(descriptor, False)
        return DeviceWire(descriptor, can_read=True)

    def _open_error(self, error: Exception) -> ChannelError:
        message = f"{self.path}: {error}"
        taken = isinstance(error, PermissionError) or "exclusively lock" in str(error)
        return Refused(message) if taken else Unreachable(message)

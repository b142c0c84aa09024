"""A printer on a USB socket, named by what it is (`usb://04b8:0e15`) and not by the order of plugging in.

The kernel's printer driver makes `/dev/usb/lp*`; `/sys` says which of them is which. No library and no root:
python-escpos' own way (pyusb) takes the device away from the kernel, needs a udev rule for raw USB, and has one
error for everything that can go wrong (docs/decisions/0011-ways-to-a-printer.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from server.delivery.channels.channel import (
    SEND_TIMEOUT_SECONDS,
    ChannelError,
    Receipt,
    Unreachable,
    Watcher,
)
from server.delivery.channels.file import FileChannel
from server.delivery.channels.status import PrinterStatus, failed

DRIVER_FOLDER = Path("/sys/class/usbmisc")
DEVICE_FOLDER = Path("/dev/usb")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbChannel:
    """Looks its device up for each job: after pulling and plugging it may have another number."""

    vendor: str
    product: str
    serial: str | None = None
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS
    driver_folder: Path = DRIVER_FOLDER
    device_folder: Path = DEVICE_FOLDER

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
        return self._device().send(
            job_id, data, watcher=watcher, patience_seconds=patience_seconds, is_mute=is_mute
        )

    def status(self) -> PrinterStatus:
        """As the Protocol says; nothing plugged in is `unreachable`."""
        try:
            return self._device().status()
        except ChannelError as error:
            return failed(error.fault)

    def _device(self) -> FileChannel:
        for entry in sorted(self.driver_folder.glob("lp*")):
            if self._is_it(entry):
                path = self.device_folder / entry.name
                return FileChannel(path=path, send_timeout_seconds=self.send_timeout_seconds)
        wanted = f"{self.vendor}:{self.product}" + (
            f", serial {self.serial}" if self.serial else ""
        )
        raise Unreachable(f"no USB printer {wanted} is plugged in")

    def _is_it(self, entry: Path) -> bool:
        # lp0/device is the printer's interface; what it belongs to carries the numbers.
        device = (entry / "device").resolve().parent
        return (
            _word(device / "idVendor") == self.vendor
            and _word(device / "idProduct") == self.product
            and self.serial in (None, _word(device / "serial"))
        )


def _word(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None

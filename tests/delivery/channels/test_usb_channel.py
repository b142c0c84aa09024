"""USB printers found by what they are, in a folder that looks as the kernel's does."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.delivery.channels import Fault, Unreachable, UsbChannel
from server.delivery.channels.usb import DEVICE_FOLDER, DRIVER_FOLDER
from tests.delivery.channels.sending import send
from tests.delivery.device_files import terminal_to
from virtual_printer import VirtualPrinter

JOB = b"\x1b@\x1dv0\x00\x48\x00\x10\x00" + bytes([0xAA]) * (72 * 16) + b"\x1dV\x00"


class Plugs:
    """The kernel's two folders."""

    def __init__(self, folder: Path) -> None:
        self.driver = folder / "usbmisc"
        self.device = folder / "usb"
        self.driver.mkdir()
        self.device.mkdir()

    def plug(self, name: str, vendor: str, product: str, serial: str | None = None) -> None:
        """A printer appears under this name."""
        usb = self.driver.parent / f"usb-{name}"
        interface = usb / "1-1:1.0"
        interface.mkdir(parents=True)
        for file, word in (("idVendor", vendor), ("idProduct", product), ("serial", serial)):
            if word is not None:
                (usb / file).write_text(f"{word}\n")
        (self.driver / name).mkdir()
        (self.driver / name / "device").symlink_to(interface)

    def channel(self, serial: str | None = None) -> UsbChannel:
        return UsbChannel(
            vendor="04b8",
            product="0e15",
            serial=serial,
            driver_folder=self.driver,
            device_folder=self.device,
        )


def test_the_printer_is_found_among_others_and_prints(tmp_path: Path) -> None:
    plugs = Plugs(tmp_path)
    plugs.plug("lp0", "0519", "0003")
    plugs.plug("lp1", "04b8", "0e15")
    with VirtualPrinter() as printer, terminal_to(printer) as path:
        (plugs.device / "lp1").symlink_to(path)
        assert plugs.channel().status().code == "ok"
        assert send(plugs.channel(), JOB, is_mute=False).is_proven
        assert printer.papers[0].paper.complete


def test_of_two_alike_the_serial_number_decides(tmp_path: Path) -> None:
    plugs = Plugs(tmp_path)
    plugs.plug("lp0", "04b8", "0e15", "A1")
    plugs.plug("lp1", "04b8", "0e15", "B2")
    (plugs.device / "lp0").write_bytes(b"")
    (plugs.device / "lp1").write_bytes(b"")
    send(plugs.channel("B2"), JOB)
    assert (plugs.device / "lp0").read_bytes() == b""
    assert (plugs.device / "lp1").read_bytes() == JOB


def test_nothing_plugged_in_is_unreachable(tmp_path: Path) -> None:
    channel = Plugs(tmp_path).channel("B2")
    assert channel.status().fault is Fault.UNREACHABLE
    with pytest.raises(Unreachable, match="no USB printer 04b8:0e15, serial B2") as caught:
        send(channel, JOB)
    assert not caught.value.may_have_printed


def test_the_folders_are_the_kernels() -> None:
    assert Path("/sys/class/usbmisc") == DRIVER_FOLDER
    assert Path("/dev/usb") == DEVICE_FOLDER

"""The serial channel over a terminal with the virtual printer behind it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.delivery.channels import Fault, SerialChannel, Unreachable
from server.delivery.channels.pieces import pieces
from tests.delivery.channels.sending import Notes, send
from tests.delivery.device_files import terminal_to
from virtual_printer import Conduct, VirtualPrinter

ROWS = b"\x1dv0\x00\x48\x00\xc8\x00" + bytes([0xAA]) * (72 * 200)
JOB = b"\x1b@" + ROWS + b"\x1dV\x00"


def test_it_asks_prints_and_proves() -> None:
    with VirtualPrinter() as printer, terminal_to(printer) as path:
        channel = SerialChannel(path=path)
        assert channel.status().code == "ok"
        notes = Notes()
        assert send(channel, JOB, notes=notes, is_mute=False).is_proven
        assert printer.papers[0].paper.height_dots == 200
    assert notes.last_ink_count == 1


def test_a_picture_that_was_broken_off_is_filled_up_and_cut_off() -> None:
    """A server died in the middle: a serial port knows no connection that would end the picture."""
    with VirtualPrinter() as printer, terminal_to(printer) as path:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY)
        os.write(descriptor, pieces(JOB).ink[0][:1_000])
        os.close(descriptor)
        receipt = send(SerialChannel(path=path), JOB, is_mute=False)
        assert receipt.is_proven
        heights = [each.paper.height_dots for each in printer.papers]
        assert heights == [25, 200], "a band that is white at its end, and the ticket"


def test_a_cable_that_leads_nowhere_is_silent_not_a_fault() -> None:
    master, slave = os.openpty()
    try:
        assert SerialChannel(path=Path(os.ttyname(slave))).status().state == "unknown"
    finally:
        os.close(master)
        os.close(slave)


def test_a_port_in_use_refuses_and_a_missing_one_is_unreachable() -> None:
    with VirtualPrinter() as printer, terminal_to(printer) as path:
        printer.behave(Conduct(cover_open=True))
        import serial

        with serial.Serial(str(path), exclusive=True):
            assert SerialChannel(path=path).status().fault is Fault.REFUSED
        assert SerialChannel(path=path).status().fault is Fault.COVER_OPEN
    with pytest.raises(Unreachable):
        send(SerialChannel(path=Path("/dev/nouba-no-such-port")), JOB)

"""Printer addresses, and channels under gevent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from server.delivery.channels import (
    Channel,
    CupsChannel,
    FileChannel,
    Handed,
    MemoryChannel,
    NetworkChannel,
    Refused,
    SerialChannel,
    TimedOut,
    UsbChannel,
    open_channel,
)
from tests.delivery.channels.sending import send


@pytest.mark.parametrize(
    ("address", "channel"),
    [
        ("tcp://127.0.0.1:9101", NetworkChannel(host="127.0.0.1", port=9101)),
        ("tcp://printer-3.local", NetworkChannel(host="printer-3.local", port=9100)),
        ("tcp://[::1]:9100", NetworkChannel(host="::1", port=9100)),
        ("file:///dev/usb/lp0", FileChannel(path=Path("/dev/usb/lp0"))),
        ("file:///var/my%20paper", FileChannel(path=Path("/var/my paper"))),
        ("usb://04B8:0e15", UsbChannel(vendor="04b8", product="0e15")),
        ("usb://04b8:0e15?serial=X8", UsbChannel(vendor="04b8", product="0e15", serial="X8")),
        ("serial:///dev/ttyUSB0", SerialChannel(path=Path("/dev/ttyUSB0"))),
        (
            "serial:///dev/ttyS1?baud=19200&flow=rts",
            SerialChannel(path=Path("/dev/ttyS1"), baud=19_200, flow="rts"),
        ),
        ("cups://Kiosk_2", CupsChannel(queue="Kiosk_2")),
    ],
)
def test_addresses(address: str, channel: Channel) -> None:
    assert open_channel(address) == channel


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("", "must begin with"),
        ("127.0.0.1:9100", "must begin with"),
        ("http://127.0.0.1", "must begin with"),
        ("tcp://", "no host"),
        ("tcp://:9100", "no host"),
        ("tcp://host:0", "port 0"),
        ("tcp://host:99999", "[Pp]ort"),
        ("tcp://host:paper", "[Pp]ort"),
        ("tcp://host/tray", "has a path"),
        ("tcp://me@host", "has a username"),
        ("tcp://[::1", "Invalid IPv6"),
        ("file://dev/usb/lp0", "has a host"),
        ("file:lp0", "no absolute path"),
        ("file:///", "no absolute path"),
        ("file:///dev/lp0?x=1", "has a query"),
        ("usb://epson", "no VENDOR:PRODUCT"),
        ("usb://04b8", "no VENDOR:PRODUCT"),
        ("usb://04b8:0e15/2", "has a path"),
        ("usb://04b8:0e15?port=2", "has an option 'port'"),
        ("usb://04b8:0e15?serial=", "option 'serial' is empty"),
        ("serial://ttyUSB0", "has a host"),
        ("serial:///", "no absolute path"),
        ("serial:///dev/ttyUSB0?baud=fast", "baud 'fast': must be one of 2400"),
        ("serial:///dev/ttyUSB0?flow=dtr", "flow 'dtr': must be one of none"),
        ("serial:///dev/ttyUSB0?baud=9600&baud=19200", "an option twice"),
        ("serial:///dev/ttyUSB0?9600", "bad query"),
        ("cups://", "no name of a queue"),
        ("cups://-o", "no name of a queue"),
        ("cups://kiosk/ipp", "has a path"),
    ],
)
def test_a_bad_address_is_named_with_what_is_wrong(address: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as caught:
        open_channel(address)
    assert repr(address) in str(caught.value)


def test_the_memory_channel_fails_as_told_then_keeps_jobs() -> None:
    channel = MemoryChannel()
    channel.fail_next(Refused("cover open"), TimedOut("asleep", handed=Handed.ALL_INK))
    with pytest.raises(Refused):
        send(channel, b"x")
    with pytest.raises(TimedOut):
        send(channel, b"x")
    send(channel, b"x")
    assert list(channel.jobs) == [("job-1", b"x")]


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, os, socket, tempfile
from pathlib import Path
from server.delivery.channels import FileChannel, NetworkChannel, TimedOut, Unwatched

listener = socket.create_server(("127.0.0.1", 0))
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.01)
gevent.spawn(tick)

path = Path(tempfile.mkdtemp()) / "pipe"
os.mkfifo(path)
reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
network = NetworkChannel(
    host="127.0.0.1", port=listener.getsockname()[1], send_timeout_seconds=0.3
)
for channel in (network, FileChannel(path=path, send_timeout_seconds=0.3)):
    before = len(ticks)
    try:
        channel.send(
            "job-1", bytes(9_000_000), watcher=Unwatched(), patience_seconds=0, is_mute=True
        )
    except TimedOut:
        pass
    else:
        raise SystemExit("should have timed out")
    if len(ticks) - before < 10:
        raise SystemExit(f"{channel} stopped the loop: {len(ticks) - before} ticks")
"""


def test_a_stuck_printer_does_not_stop_a_gevent_loop() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

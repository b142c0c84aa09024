"""Printer addresses as an administrator writes them.

tcp://10.0.0.7:9100                      a network printer, or the virtual one
usb://04b8:0e15  usb://04b8:0e15?serial=X8  a USB printer, by vendor and product
serial:///dev/ttyUSB0?baud=19200&flow=rts   a serial printer
cups://kiosk                             a queue of CUPS, raw
file:///dev/usb/lp0                      a device file, or a plain file that collects the paper
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from server.delivery.channels.channel import CONNECT_TIMEOUT_SECONDS, SEND_TIMEOUT_SECONDS, Channel
from server.delivery.channels.cups import CupsChannel
from server.delivery.channels.file import FileChannel
from server.delivery.channels.network import NetworkChannel
from server.delivery.channels.serial import BAUD, BAUDS, FLOWS, SerialChannel
from server.delivery.channels.usb import UsbChannel

PRINTER_PORT = 9100
SCHEMES = "tcp://, usb://, serial:///, cups:// or file:///"
_USB_NUMBERS = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")
_QUEUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}")


def open_channel(
    address: str,
    *,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS,
) -> Channel:
    """The channel for an address, not yet connected. Raises ValueError saying what is wrong."""
    try:
        parts = urlsplit(address)
        match parts.scheme:
            case "tcp":
                return _network(parts, connect_timeout_seconds, send_timeout_seconds)
            case "usb":
                return _usb(parts, send_timeout_seconds)
            case "serial":
                return _serial(parts, send_timeout_seconds)
            case "cups":
                return _cups(parts, send_timeout_seconds)
            case "file":
                _refuse(parts, "netloc", "query", "fragment")
                return FileChannel(path=_path(parts), send_timeout_seconds=send_timeout_seconds)
            case _:
                raise ValueError(f"must begin with {SCHEMES}")
    except ValueError as error:
        raise ValueError(f"printer address {address!r}: {error}") from error


def _network(
    parts: SplitResult, connect_timeout_seconds: float, send_timeout_seconds: float
) -> NetworkChannel:
    _refuse(parts, "path", "query", "fragment", "username")
    if not parts.hostname:
        raise ValueError("no host")
    if parts.port == 0:
        raise ValueError("port 0")
    return NetworkChannel(
        host=parts.hostname,
        port=PRINTER_PORT if parts.port is None else parts.port,
        connect_timeout_seconds=connect_timeout_seconds,
        send_timeout_seconds=send_timeout_seconds,
    )


def _usb(parts: SplitResult, send_timeout_seconds: float) -> UsbChannel:
    _refuse(parts, "path", "fragment")
    numbers = _USB_NUMBERS.fullmatch(parts.netloc)
    if numbers is None:
        raise ValueError("no VENDOR:PRODUCT of four hexadecimal digits each (see lsusb)")
    options = _options(parts, "serial")
    return UsbChannel(
        vendor=numbers[1].lower(),
        product=numbers[2].lower(),
        serial=options.get("serial"),
        send_timeout_seconds=send_timeout_seconds,
    )


def _serial(parts: SplitResult, send_timeout_seconds: float) -> SerialChannel:
    _refuse(parts, "netloc", "fragment")
    if find_spec("serial") is None:
        raise ValueError("needs pyserial: install nouba with its extra [serial]")
    options = _options(parts, "baud", "flow")
    baud = options.get("baud", str(BAUD))
    if baud not in {str(each) for each in BAUDS}:
        raise ValueError(f"baud {baud!r}: must be one of {', '.join(map(str, BAUDS))}")
    flow = options.get("flow", FLOWS[0])
    if flow not in FLOWS:
        raise ValueError(f"flow {flow!r}: must be one of {', '.join(FLOWS)}")
    return SerialChannel(
        path=_path(parts), baud=int(baud), flow=flow, send_timeout_seconds=send_timeout_seconds
    )


def _cups(parts: SplitResult, send_timeout_seconds: float) -> CupsChannel:
    _refuse(parts, "path", "query", "fragment")
    if not _QUEUE.fullmatch(parts.netloc):
        raise ValueError("no name of a queue (letters, digits, - _ .)")
    return CupsChannel(queue=parts.netloc, send_timeout_seconds=send_timeout_seconds)


def _path(parts: SplitResult) -> Path:
    path = Path(unquote(parts.path))
    if not path.is_absolute() or path == Path("/"):
        raise ValueError("no absolute path to a file")
    return path


def _options(parts: SplitResult, *known: str) -> dict[str, str]:
    given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    for name, value in given:
        if name not in known:
            raise ValueError(f"has an option {name!r}; known are: {', '.join(known)}")
        if not value:
            raise ValueError(f"option {name!r} is empty")
    if len({name for name, _ in given}) < len(given):
        raise ValueError("gives an option twice")
    return dict(given)


def _refuse(parts: SplitResult, *names: str) -> None:
    for name in names:
        if getattr(parts, name):
            word = "host" if name == "netloc" else name
            raise ValueError(f"has a {word}")

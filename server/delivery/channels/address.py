"""Printer addresses as an administrator writes them: `tcp://10.0.0.7:9100`, `file:///dev/usb/lp0`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from server.delivery.channels.channel import CONNECT_TIMEOUT_SECONDS, SEND_TIMEOUT_SECONDS, Channel
from server.delivery.channels.file import FileChannel
from server.delivery.channels.network import NetworkChannel

PRINTER_PORT = 9100


def open_channel(
    address: str,
    *,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS,
) -> Channel:
    """The channel for an address, not yet connected. Raises ValueError saying what is wrong."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"printer address {address!r}: {error}") from error
    match parts.scheme:
        case "tcp":
            _refuse(address, parts, "path", "query", "fragment", "username")
            if not parts.hostname:
                raise ValueError(f"printer address {address!r}: no host")
            if port == 0:
                raise ValueError(f"printer address {address!r}: port 0")
            return NetworkChannel(
                host=parts.hostname,
                port=PRINTER_PORT if port is None else port,
                connect_timeout_seconds=connect_timeout_seconds,
                send_timeout_seconds=send_timeout_seconds,
            )
        case "file":
            _refuse(address, parts, "netloc", "query", "fragment")
            path = Path(unquote(parts.path))
            if not path.is_absolute() or path == Path("/"):
                raise ValueError(f"printer address {address!r}: no absolute path to a file")
            return FileChannel(path=path, send_timeout_seconds=send_timeout_seconds)
        case _:
            raise ValueError(f"printer address {address!r}: must begin with tcp:// or file:///")


def _refuse(address: str, parts: SplitResult, *names: str) -> None:
    for name in names:
        if getattr(parts, name):
            word = "host" if name == "netloc" else name
            raise ValueError(f"printer address {address!r}: has a {word}")

"""What the printer answers when it is asked how it is: always that all is well."""

from __future__ import annotations

from virtual_printer.commands import DLE, EOT

# Of a real-time status byte, bits 1 and 4 are set and bits 0 and 7 clear, or it is no status byte.
REAL_TIME_FIXED_BITS = 0x12
REAL_TIME_KINDS = frozenset({1, 2, 3, 4})  # printer, cause of offline, cause of error, paper


def answer(request: bytes) -> bytes:
    """The reply to `DLE EOT n` or `GS r n`; nothing for an n that no printer knows."""
    number = request[2]
    if request[:2] == DLE + EOT:
        return bytes([REAL_TIME_FIXED_BITS]) if number in REAL_TIME_KINDS else b""
    return b"\x00" if number in (1, 2, 49, 50) else b""

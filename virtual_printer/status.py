"""What the printer answers when it is asked how it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from virtual_printer.commands import DLE, EOT

# Of a real-time status byte, bits 1 and 4 are set and bits 0 and 7 clear, or it is no status byte.
REAL_TIME_FIXED_BITS = 0x12
GARBAGE: Final = b"\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the mechanism is just now."""

    paper_near_end: bool = False
    paper_end: bool = False
    cover_open: bool = False
    cutter_error: bool = False
    overheated: bool = False
    offline: bool = False

    @property
    def is_stopped(self) -> bool:
        return (
            self.paper_end
            or self.cover_open
            or self.cutter_error
            or self.overheated
            or self.offline
        )


def is_real_time(request: bytes) -> bool:
    """Whether a request is answered on arrival, however much waits before it."""
    return request[:2] == DLE + EOT


def answer(request: bytes, condition: Condition) -> bytes:
    """The reply to `DLE EOT n` or `GS r n`; nothing for an n that no printer knows."""
    number = request[2]
    near, end = condition.paper_near_end or condition.paper_end, condition.paper_end
    if not is_real_time(request):
        bits = _bits((0x03, near), (0x0C, end))
        return bytes([bits if number in (1, 49) else 0]) if number in (1, 2, 49, 50) else b""
    match number:
        case 1:
            bits = _bits((0x08, condition.is_stopped))
        case 2:
            has_error = condition.cutter_error or condition.overheated
            bits = _bits((0x04, condition.cover_open), (0x20, end), (0x40, has_error))
        case 3:
            bits = _bits((0x08, condition.cutter_error), (0x40, condition.overheated))
        case 4:
            bits = _bits((0x0C, near), (0x60, end))
        case _:
            return b""
    return bytes([REAL_TIME_FIXED_BITS | bits])


def _bits(*told: tuple[int, bool]) -> int:
    return sum(bit for bit, is_so in told if is_so)

"""A conversation with a printer over an open wire: bytes in, questions between commands, answers told apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from server.delivery.channels.status import (
    QUESTIONS,
    UNKNOWN,
    PrinterStatus,
    is_status_byte,
    read_status,
)
from server.delivery.channels.wires import NOTHING_THERE_SECONDS, Wire

ANSWER_SECONDS = 1.0
"""How long a printer may take for one byte."""

FENCE: Final = b"\x1dr\x01"
"""`GS r 1`: answered in its turn, so its answer proves that all before it was worked through."""

_FENCE_MASK, _FENCE_BITS = 0x90, 0x00
_FLOW_CONTROL: Final = frozenset({0x11, 0x13})
_QUESTION: Final = b"\x10\x04"


class Dialogue:
    """Good for one connection. Every method raises OSError when the way is gone."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.fences_answered = 0
        self._answers: list[int] = []
        self._has_garbage = False

    def ask(self) -> PrinterStatus:
        """How the printer is; silence and nonsense are `unknown`. Only between two commands."""
        self.hear()
        self._answers.clear()
        self._has_garbage = False
        for count, number in enumerate(QUESTIONS, start=1):
            if not self._put_question(number):
                return UNKNOWN
            if not self.wait_for(lambda: self._has_answers(count), ANSWER_SECONDS):  # noqa: B023 -- called at once
                return UNKNOWN
            if self._has_garbage:
                return UNKNOWN
        return read_status(self._answers)

    def wait_for(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Listen until something is so, for `seconds` at the most."""
        deadline = time.monotonic() + seconds
        while not is_so():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self.wire.wait(left, to_write=False) and not self.hear():
                time.sleep(NOTHING_THERE_SECONDS)  # a device that says "readable" and has nothing
        return True

    def hear(self) -> int:
        """Sort what the printer has said; how many bytes it was."""
        data = self.wire.read()
        for value in data:
            if is_status_byte(value):
                self._answers.append(value)
            elif value & _FENCE_MASK == _FENCE_BITS and value not in _FLOW_CONTROL:
                self.fences_answered += 1
            elif value not in _FLOW_CONTROL:
                self._has_garbage = True
        return len(data)

    def _has_answers(self, count: int) -> bool:
        return self._has_garbage or len(self._answers) >= count

    def _put_question(self, number: int) -> bool:
        left = _QUESTION + bytes([number])
        deadline = time.monotonic() + ANSWER_SECONDS
        while left:
            taken = self.wire.write(left)
            left = left[taken:]
            if not taken:
                seconds = deadline - time.monotonic()
                if seconds <= 0:
                    return False
                self.wire.wait(seconds, to_write=True)
        return True

"""What a decoder asks of the parts that move."""

from __future__ import annotations

from typing import Protocol


class Mechanics(Protocol):
    """What carries the commands out, and may not be able to."""

    def may_go(self) -> bool:
        """Asked before each command, and before each row of a picture."""

    def cut(self) -> bool:
        """Whether the blade went through."""


class Sound:
    """Mechanics that never fail."""

    def may_go(self) -> bool:
        return True

    def cut(self) -> bool:
        return True

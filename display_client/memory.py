"""The little that a display remembers on disk of what it said, so that a restart says nothing twice and misses nothing.

It may be lost: then the program begins in silence, and the server still knows what was said in the room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

SETTLED_MAX: Final = 100
UNTOLD_MAX: Final = 50
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """`untold` are calls that were said while the server was away, each with the key of the request that tells it."""

    settled: tuple[str, ...] = ()
    newest: datetime | None = None
    untold: tuple[tuple[str, str], ...] = ()
    waiting: tuple[str, ...] = ()
    """Calls that were heard of and not said yet, however many newer ones came meanwhile."""


class Memory:
    """One small file; what cannot be written is remembered as long as the program runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = self._read()

    @property
    def kept(self) -> Remembered:
        return self._kept

    def keep(self, remembered: Remembered) -> None:
        """Whole or not at all; a full disk changes nothing."""
        bounded = Remembered(
            settled=remembered.settled[-SETTLED_MAX:],
            newest=remembered.newest,
            untold=remembered.untold[-UNTOLD_MAX:],
            waiting=remembered.waiting[-SETTLED_MAX:],
        )
        if bounded == self._kept:
            return
        self._kept = bounded
        part = self._path.with_suffix(".part")
        try:
            part.write_bytes(msgspec.json.encode(bounded))
            part.replace(self._path)
        except OSError as error:
            _log.warning("memory_not_kept", problem=str(error))

    def _read(self) -> Remembered:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return Remembered()
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("memory_unreadable", problem=str(error))
            return Remembered()

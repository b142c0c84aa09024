"""How the printer behaves: well, or as badly as printers do. What is switched on holds until it is switched off.

What becomes of bytes that were received and not printed, once the printer is mended, is what such devices do:

    paper end, cover, heat, offline   kept: printing goes on where it stopped (after a new roll: on new paper)
    cutter                            lost: a jammed blade is freed by switching the printer off and on
    cable, refusing                   what had arrived is printed, the rest never came
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints

BUFFER_BYTES = 4_096
"""What the smallest printers hold; the rest waits on the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """The switches; all off is a printer that is well."""

    near_end: bool = False
    rows_left: int | None = None
    """Rows of dots until the roll ends; 0 is a printer without paper, None a roll without end."""
    cover_open: bool = False
    cutter_jammed: bool = False
    """The blade sticks at the next cut, and is told from then on."""
    overheated: bool = False
    offline: bool = False
    silent: bool = False
    """Prints and answers nothing, as some clones."""
    real_time_only: bool = False
    """Answers `DLE EOT` and never `GS r`."""
    garbage: bool = False
    """Answers every question with bytes that are no answer."""
    frozen: bool = False
    """Takes no byte and says nothing, but the connection stands."""
    refuses: bool = False
    reset_after_bytes: int | None = None
    """Each connection is reset after so many bytes, as when the cable is pulled."""
    drain_bytes_a_second: int | None = None
    byte_delay_milliseconds: int = 0
    """Takes one byte at a time, so far apart."""

    def __post_init__(self) -> None:
        for name in ("rows_left", "reset_after_bytes", "byte_delay_milliseconds"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must not be negative")
        if self.drain_bytes_a_second is not None and self.drain_bytes_a_second < 1:
            raise ValueError("drain_bytes_a_second must be at least 1")

    def words(self) -> dict[str, bool | int | None]:
        """By name, as JSON has it."""
        return {name: getattr(self, name) for name in NAMES}


NAMES: Final = tuple(field.name for field in fields(Conduct))
SWITCHES: Final = tuple(name for name, kind in get_type_hints(Conduct).items() if kind is bool)
"""The names of what is only on or off."""


def conduct_from(words: Mapping[str, object]) -> Conduct:
    """The conduct of such words; what is not named is well. Raises ValueError saying what is wrong."""
    for name, value in words.items():
        if name not in NAMES:
            raise ValueError(f"there is no switch {name!r}; there are: {', '.join(NAMES)}")
        if name in SWITCHES and not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false")
        if name not in SWITCHES and (isinstance(value, bool) or not isinstance(value, int | None)):
            raise ValueError(f"{name} must be a whole number")
    arguments: dict[str, Any] = dict(words)
    return Conduct(**arguments)

"""What one wall shows of a branch's board: how the languages stand, which lines, or one desk alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from server.domain.errors import Invalid
from server.wire import BoardView
from server.wire_displays import BoardMode, DisplaySettings

LINES_MAX = 24
COLUMNS_MIN = 2
COLUMNS_MAX = 4
"""So many lines stand side by side, each with its own last call; more have no room for a column each."""
DESK_MAX = 999
_CODE = re.compile(r"[a-z0-9-]{1,40}")
_MODES: dict[str, BoardMode] = {"rotate": "rotate", "side": "side"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`lines` are service codes in the order of the asker, none for all; `desk` is a desk's number."""

    mode: BoardMode = "rotate"
    lines: tuple[str, ...] = ()
    desk: int | None = None

    @property
    def key(self) -> str:
        """The same for all screens that show the same: the key of their room; "" for the whole board in turn."""
        if self == WHOLE_BOARD:
            return ""
        return f"{self.mode}|{','.join(sorted(self.lines))}|{self.desk or ''}"

    @property
    def query(self) -> str:
        """As part of the board's address; "" for the whole board in turn."""
        asked = {
            "mode": "" if self.mode == "rotate" else self.mode,
            "lines": ",".join(self.lines),
            "desk": str(self.desk or ""),
        }
        return urlencode({name: value for name, value in asked.items() if value})

    @property
    def is_split(self) -> bool:
        """Whether each line has its own column."""
        return self.desk is None and COLUMNS_MIN <= len(self.lines) <= COLUMNS_MAX

    def of(self, view: BoardView) -> BoardView:
        """The part of a board that this wall shows."""
        calls = tuple(call for call in view.calls if self.has(call.service, call.desk))
        lines = tuple(line for line in view.lines if not self.lines or line.code in self.lines)
        return replace(view, calls=calls, lines=lines)

    def has(self, service: str, desk: int) -> bool:
        """Whether a call of this service to this desk is on this wall."""
        return (not self.lines or service in self.lines) and self.desk in (None, desk)


WHOLE_BOARD = Look()


def read_look(mode: str, lines: str, desk: str) -> Look:
    """From texts such as an address carries, each "" when it is not said. Raises Invalid."""
    if mode and mode not in _MODES:
        raise Invalid("mode must be rotate or side", field="mode")
    codes = tuple(dict.fromkeys(code.strip() for code in lines.split(",") if code.strip()))
    if len(codes) > LINES_MAX or not all(_CODE.fullmatch(code) for code in codes):
        raise Invalid(
            f"lines are at most {LINES_MAX} codes of services, with commas", field="lines"
        )
    if desk and (not desk.isascii() or not desk.isdecimal() or not 1 <= int(desk) <= DESK_MAX):
        raise Invalid(f"desk must be a number from 1 to {DESK_MAX}", field="desk")
    return Look(mode=_MODES.get(mode, "rotate"), lines=codes, desk=int(desk) if desk else None)


def look_of_key(key: str) -> Look:
    """The look behind a room's key; "" is the whole board."""
    mode, lines, desk = key.split("|") if key else ("", "", "")
    return read_look(mode, lines, desk)


def look_of_settings(settings: DisplaySettings) -> Look:
    """What a display with these settings shows."""
    return Look(mode=settings.mode, lines=tuple(settings.lines), desk=settings.desk)

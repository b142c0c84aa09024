"""Figures: a value beside its floor, what is wanted of their ratio, and how both are shown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


class BenchWrong(Exception):
    """The server answered something wrong: a speed of wrong answers is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The bound of a target, on the ratio or on the value itself."""

    bound: float
    is_least: bool
    """True: the figure should be at least `bound`; False: at most."""
    of_value: bool = False

    def holds(self, figure: Figure) -> bool:
        """Whether the figure keeps the target."""
        measured = figure.value if self.of_value else figure.ratio
        assert measured is not None, "a target on a ratio needs a floor"
        return measured >= self.bound if self.is_least else measured <= self.bound

    def told(self, unit: str) -> str:
        """As the table shows it."""
        sign = "≥" if self.is_least else "≤"
        return f"{sign} {self.bound:g} {unit}" if self.of_value else f"{sign} {self.bound:g} ×"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report."""

    name: str
    case: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    rounds: int
    more_is_better: bool
    wanted: Wanted | None = None

    def as_json(self) -> str:
        """The line that `--json` prints."""
        keys = ("name", "case", "value", "unit", "floor", "ratio", "rounds")
        return json.dumps({key: _rounded(getattr(self, key)) for key in keys}, ensure_ascii=False)


@dataclass(slots=True)
class Pairs:
    """The rounds of one case: a value and its floor, measured one after the other.

    The ratio is the median of the rounds' own ratios: another program that slows a stretch of time
    slows both halves of a round, and drops out of it.
    """

    values: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)

    def add(self, value: float, floor: float) -> None:
        """One more round."""
        self.values.append(value)
        self.floors.append(floor)

    def figure(
        self,
        name: str,
        case: str,
        unit: str,
        *,
        more_is_better: bool,
        wanted: Wanted | None = None,
    ) -> Figure:
        """The medians."""
        pairs = zip(self.values, self.floors, strict=True)
        return Figure(
            name=name,
            case=case,
            value=statistics.median(self.values),
            unit=unit,
            floor=statistics.median(self.floors),
            ratio=statistics.median(value / floor for value, floor in pairs),
            rounds=len(self.values),
            more_is_better=more_is_better,
            wanted=wanted,
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


_COLUMNS: tuple[tuple[str, Callable[[Figure], str]], ...] = (
    ("name", lambda each: each.name),
    ("case", lambda each: each.case),
    ("value", lambda each: f"{each.value:,.2f}"),
    ("floor", lambda each: "–" if each.floor is None else f"{each.floor:,.2f}"),
    ("unit", lambda each: each.unit),
    ("better", lambda each: "more" if each.more_is_better else "less"),
    ("ratio", lambda each: "–" if each.ratio is None else f"{each.ratio:.3f}"),
    ("wanted", lambda each: each.wanted.told(each.unit) if each.wanted else "–"),
    ("", lambda each: ("kept" if each.wanted.holds(each) else "MISSED") if each.wanted else ""),
    ("rounds", lambda each: str(each.rounds)),
)
_NUMBERS = frozenset({"value", "floor", "ratio", "rounds"})


def table(figures: Iterable[Figure]) -> str:
    """All figures for a person."""
    rows = [[title for title, _ in _COLUMNS]]
    rows += [[shown(each) for _, shown in _COLUMNS] for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if title in _NUMBERS else cell.ljust(width)
            for cell, width, (title, _) in zip(row, widths, _COLUMNS, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _rounded(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value

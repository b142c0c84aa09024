"""From the order in which text is read to the order in which it stands on the paper.

The bidirectional algorithm is python-bidi's: the kept implementation that shows its resolved levels
(Pillow's own, in raqm, cannot cross fonts). Its rules predate isolates, so an isolate is laid out
as a paragraph of its own and stands in the outer text as one neutral object, which is how UAX #9
defines it. Each run is still given to raqm in reading order: raqm mirrors, joins and shapes;
nothing is reshaped here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from unicodedata import bidirectional

from bidi import algorithm

_OBJECT: Final = "\ufffc"  # bidirectional class ON: a neutral thing
_ISOLATE_STARTS: Final = "\u2066\u2067\u2068"  # LRI, RLI, FSI
_ISOLATE_END: Final = "\u2069"
_RIGHT_TO_LEFT_CLASSES: Final = frozenset({"R", "AL", "AN", "RLE", "RLO"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Text of one direction, in reading order."""

    text: str
    right_to_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Isolate:
    start: str
    inner: str


def visual_runs(text: str, *, right_to_left: bool) -> list[Run]:
    """The runs of one line from left to right, for a paragraph of the given direction."""
    if not right_to_left and not _needs_ordering(text):
        return [Run(text=text, right_to_left=False)] if text else []
    outer, isolates = _lift_isolates(text)
    runs: list[Run] = []
    for level, indexes in _level_runs(outer, right_to_left=right_to_left):
        if outer[indexes[0]] == _OBJECT and indexes[0] in isolates:
            isolate = isolates[indexes[0]]
            runs += visual_runs(isolate.inner, right_to_left=_isolate_direction(isolate))
        else:
            # What lies between was removed by rule X9 (joiners): the shaper wants it back.
            piece = outer[min(indexes) : max(indexes) + 1]
            runs.append(Run(text=piece, right_to_left=level % 2 == 1))
    return runs


def _needs_ordering(text: str) -> bool:
    return any(
        character in _ISOLATE_STARTS
        or character == _ISOLATE_END
        or bidirectional(character) in _RIGHT_TO_LEFT_CLASSES
        for character in text
    )


def _lift_isolates(text: str) -> tuple[str, dict[int, _Isolate]]:
    """The text with each outermost isolate replaced by one object, and the isolates by position."""
    outer: list[str] = []
    isolates: dict[int, _Isolate] = {}
    position = 0
    while position < len(text):
        character = text[position]
        if character in _ISOLATE_STARTS:
            end = _isolate_end(text, position)
            isolates[len(outer)] = _Isolate(start=character, inner=text[position + 1 : end])
            outer.append(_OBJECT)
            position = end
        elif character != _ISOLATE_END:
            outer.append(character)
        position += 1
    return "".join(outer), isolates


def _isolate_end(text: str, start: int) -> int:
    """Where the isolate's end stands; the end of the text when it was never closed."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] in _ISOLATE_STARTS:
            depth += 1
        elif text[position] == _ISOLATE_END:
            depth -= 1
            if depth == 0:
                return position
    return len(text)


def _isolate_direction(isolate: _Isolate) -> bool:
    if isolate.start == "\u2068":
        outer, _ = _lift_isolates(isolate.inner)
        return bool(algorithm.get_base_level(outer))
    return isolate.start == "\u2067"


def _level_runs(text: str, *, right_to_left: bool) -> Iterator[tuple[int, list[int]]]:
    """Levels and the positions they hold, from left to right; objects stand alone."""
    storage = algorithm.get_empty_storage()
    storage["base_level"] = int(right_to_left)
    storage["base_dir"] = "R" if right_to_left else "L"
    algorithm.get_embedding_levels(text, storage)
    for index, entry in enumerate(storage["chars"]):
        entry["index"] = index
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, debug=False)
    algorithm.resolve_implicit_levels(storage, debug=False)
    algorithm.reorder_resolved_levels(storage, debug=False)
    places: list[tuple[int, int]] = [(entry["level"], entry["index"]) for entry in storage["chars"]]
    keyed = groupby(
        places, key=lambda place: (place[0], place[1] if text[place[1]] == _OBJECT else -1)
    )
    for (level, _), group in keyed:
        yield level, [index for _, index in group]

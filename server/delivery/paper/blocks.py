"""Which parts of a layout are drawn as one strip: what stands beside the QR, and the band with the name below it."""

from __future__ import annotations

from functools import lru_cache

from server.domain.paper_layout import Part

BESIDE_QR = frozenset({Part.QR, Part.AHEAD, Part.WAIT, Part.TIME})
"""True only now, and short enough for a column beside the code."""
HEAD = (Part.ORNAMENT, Part.MUNICIPALITY)
LAYOUTS_CACHED_MAX = 32


@lru_cache(maxsize=LAYOUTS_CACHED_MAX)
def blocks_of(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], ...]:
    """The parts from top to bottom, those together that make one strip."""
    blocks: list[tuple[Part, ...]] = []
    for part in parts:
        before = blocks[-1] if blocks else ()
        is_neighbour = part in BESIDE_QR and before and BESIDE_QR.issuperset(before)
        if is_neighbour or (*before, part) == HEAD:
            blocks[-1] = (*before, part)
        else:
            blocks.append((part,))
    return tuple(blocks)

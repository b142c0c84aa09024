"""Which modules a page needs: told in its head, so that a browser fetches them all at once.

Without that it finds out by reading one after the other, each level of imports behind whatever fonts and pictures
were asked for meanwhile: on a slow machine most of the time until the first tap counts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

_IMPORTED: Final = re.compile(r'\bfrom "nouba/([\w-]+)";')
"""Static imports alone: what a module asks for later is not waited for before it runs."""


def modules_behind(folder: Path, entry: str) -> tuple[str, ...]:
    """The names of all modules that `entry` imports, directly or not; itself is not among them."""
    found: list[str] = []
    waiting = [entry]
    while waiting:
        file = folder / f"{waiting.pop(0)}.js"
        fresh = [name for name in _imports(file, file.stat().st_mtime_ns) if name not in found]
        found += fresh
        waiting += fresh
    return tuple(name for name in found if name != entry)


@lru_cache(maxsize=128)
def _imports(file: Path, stamp: int) -> tuple[str, ...]:
    assert stamp, "a file that is there has a time"
    return tuple(dict.fromkeys(_IMPORTED.findall(file.read_text(encoding="utf-8"))))
